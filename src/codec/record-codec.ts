// What storage keeps, as bytes: hard state, identity, snapshot meta, and a batch of consecutive entries as one record.
// Each has a version byte and checksums over all of it, and decoding throws `CodecError` on anything else. Keys, the
// order of records and what a missing one means are storage's subject.

import { invariant } from '../raft/assert.js';
import type { ClusterIdentity, Entry, HardState, Identity, SnapshotMeta } from '../raft/types.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import { measureRun, readRun, writeRun } from './entry-codec.js';
import { damaged, openKind, seal } from './envelope.js';
import type { FieldValue } from './envelope.js';
import { FieldReader } from './field-reader.js';
import { joinHead, splitHead } from './head-and-tail.js';
import { RECORD_KIND } from './kinds.js';
import { readSnapshotMeta, snapshotMetaFields } from './shapes.js';

export function encodeHardState({ term, votedFor }: HardState): Uint8Array {
  return seal(RECORD_KIND.hardState, [term, votedFor]);
}

/** Throws `CodecError`. */
export function decodeHardState(bytes: Uint8Array): HardState {
  const reader = new FieldReader(
    'hard state',
    openKind('hard state', RECORD_KIND.hardState, bytes),
  );
  return {
    term: reader.term('term'),
    votedFor: reader.nullable((field) => field.nodeId('votedFor')),
  };
}

export function encodeIdentity({ nodeId, installId, cluster, ended }: Identity): Uint8Array {
  return seal(RECORD_KIND.identity, [
    nodeId,
    installId,
    cluster === null ? null : clusterFields(cluster),
    ended,
  ]);
}

/** Throws `CodecError`. */
export function decodeIdentity(bytes: Uint8Array): Identity {
  const reader = new FieldReader('identity', openKind('identity', RECORD_KIND.identity, bytes));
  return {
    nodeId: reader.nodeId('nodeId'),
    installId: reader.installId('installId'),
    cluster: reader.nullable((field) => field.nested('cluster', readCluster)),
    ended: reader.nullable((field) => field.oneOf('ended', ['removed', 'setBack'])),
  };
}

export function encodeSnapshotMeta(meta: SnapshotMeta): Uint8Array {
  return seal(RECORD_KIND.snapshotMeta, snapshotMetaFields(meta));
}

/** Throws `CodecError`. */
export function decodeSnapshotMeta(bytes: Uint8Array): SnapshotMeta {
  const fields = openKind('snapshot meta', RECORD_KIND.snapshotMeta, bytes);
  return readSnapshotMeta(new FieldReader('snapshot meta', fields));
}

/**
 * One disk record for consecutive entries, at least one: a sealed head with the length of each, then their bytes.
 * The head's checksum covers the lengths and each entry carries its own, so every byte is covered once.
 */
export function encodeBatchRecord(entries: readonly Entry[]): Uint8Array {
  const first = entries[0];
  invariant(first !== undefined, 'a batch record holds at least one entry');
  for (const [at, { index }] of entries.entries()) {
    invariant(index === first.index + at, 'a batch record holds consecutive entries');
  }
  const { lengths, bytesTotal } = measureRun(entries);
  const head = seal(RECORD_KIND.batch, [first.index, lengths]);
  const { bytes, tailAt } = joinHead(head, bytesTotal);
  writeRun(entries, bytes, tailAt);
  return bytes;
}

/** The entries of a batch record, consecutive and at least one. Throws `CodecError`. */
export function decodeBatchRecord(bytes: Uint8Array): Entry[] {
  const what = 'batch record';
  const { head, tail } = splitHead(what, bytes);
  const reader = new FieldReader(what, openKind(what, RECORD_KIND.batch, head));
  const firstIndex = reader.index('firstIndex');
  const lengths = reader.list('lengths', (list) => list.integer('length'));
  const entries = readRun(what, lengths, tail);
  const index = entries[0]?.index;
  if (index !== firstIndex)
    throw damaged(what, `expected entry ${firstIndex} first, got ${String(index)}`);
  return entries;
}

function clusterFields({
  clusterId,
  clusterName,
  nodeName,
  electionTimeoutMs,
  isWitness,
}: ClusterIdentity): FieldValue[] {
  return [clusterId, clusterName, nodeName, electionTimeoutMs, isWitness];
}

function readCluster(reader: ValueReader): ClusterIdentity {
  return {
    clusterId: reader.string('clusterId'),
    clusterName: reader.string('clusterName'),
    nodeName: reader.string('nodeName'),
    electionTimeoutMs: reader.integer('electionTimeoutMs'),
    isWitness: reader.boolean('isWitness'),
  };
}
