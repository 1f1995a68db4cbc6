// Short ways to say entries, members and metas in the tests of the state machine and the codecs. Everything is built
// whole; nothing here checks anything.

import {
  EMPTY_CONFIGURATION,
  FEATURE_LEVEL_FIRST,
  REIGN_NONE,
  REIGNS_AUTOMATIC,
} from '../../src/raft/types.js';
import type {
  Configuration,
  Entry,
  EntryPayload,
  InstallId,
  LogIndex,
  Member,
  NodeId,
  Settings,
  SnapshotMeta,
  Term,
} from '../../src/raft/types.js';
import { applyToReign } from '../../src/raft/reign.js';
import {
  decodeCommand,
  decodePart,
  encodeCommand,
  encodePart,
} from '../../src/codec/command-codec.js';
import { ClusterState } from '../../src/state-machine/cluster-state.js';
import { CLIENT_SESSION_LIMITS } from '../../src/state-machine/command.js';
import type { ApplyResult, ClientSessionLimits, Command } from '../../src/state-machine/command.js';

export const term = (value: number): Term => value as Term;
export const index = (value: number): LogIndex => value as LogIndex;
export const nodeId = (value: number): NodeId => value as NodeId;
export const installId = (value: number): InstallId =>
  value.toString(16).padStart(16, '0') as InstallId;

/** A member whose facts follow from its number and name. */
export function member(id: number, name: string): Member {
  return {
    id: nodeId(id),
    installId: installId(id),
    name,
    address: `10.0.0.${id}:6000`,
    api: `10.0.0.${id}:6001`,
    version: '0.1.0',
    featureMin: 1,
    featureMax: 1,
    autoPromote: true,
    replaces: null,
    patientUntilMs: 0,
    witness: false,
    priority: 50,
  };
}

export const A = member(1, 'A');
export const B = member(2, 'B');
export const C = member(3, 'C');

/** A configuration that is not joint, or with `outgoing` one that is. */
export function configuration(
  members: readonly Member[],
  voters: readonly Member[],
  joint: { outgoing: readonly Member[]; leaving: readonly Member[] } | null = null,
): Configuration {
  const ids = (list: readonly Member[]): NodeId[] => list.map(({ id }) => id);
  return {
    members,
    voters: ids(voters),
    outgoing: joint === null ? null : ids(joint.outgoing),
    leaving: joint === null ? [] : ids(joint.leaving),
    autoRemoveAfterMs: null,
    reigns: REIGNS_AUTOMATIC,
  };
}

export const SETTINGS: Settings = {
  clusterId: '00112233445566778899aabbccddeeff',
  clusterName: 'quorate',
  electionTimeoutMs: 1000,
};

/** A log that is applied as it is written, with what the core folds over it for the meta of a snapshot. */
export class AppliedLog {
  readonly entries: Entry[] = [];
  state: ClusterState;
  #term = 1;
  #stampMs = 0;
  #meta: Omit<SnapshotMeta, 'last' | 'stampMs'> = {
    configuration: EMPTY_CONFIGURATION,
    configurationIndex: index(0),
    settings: SETTINGS,
    reign: REIGN_NONE,
    featureLevel: FEATURE_LEVEL_FIRST,
  };

  constructor(limits: ClientSessionLimits = CLIENT_SESSION_LIMITS) {
    this.state = new ClusterState(limits);
  }

  /** The log of a cluster that was just started by A. */
  static started(limits?: ClientSessionLimits): AppliedLog {
    const log = new AppliedLog(limits);
    log.write({ kind: 'settings', settings: SETTINGS });
    log.write({ kind: 'configuration', configuration: configuration([A], [A]), cause: 'start' });
    return log;
  }

  /** Cluster time passes before the next entry. */
  wait(ms: number): this {
    this.#stampMs += ms;
    return this;
  }

  /** The next entries are of the next term. */
  nextTerm(): this {
    this.#term += 1;
    return this;
  }

  write(payload: EntryPayload): ApplyResult {
    const next = index(this.entries.length + 1);
    const entry: Entry = {
      term: term(this.#term),
      index: next,
      stampMs: this.#stampMs,
      ...payload,
    };
    this.entries.push(entry);
    const reign = applyToReign(this.#meta.reign, entry);
    this.#meta = { ...this.#meta, reign };
    if (entry.kind === 'featureLevel') {
      this.#meta = { ...this.#meta, featureLevel: entry.level };
    }
    if (entry.kind === 'configuration') {
      this.#meta = { ...this.#meta, configuration: entry.configuration, configurationIndex: next };
    }
    return apply(this.state, entry);
  }

  command(command: Command): ApplyResult {
    return this.write({ kind: 'command', data: encodeCommand(command) });
  }

  get meta(): SnapshotMeta {
    return { ...this.#meta, last: this.state.lastApplied, stampMs: this.state.clusterTimeMs };
  }
}

/** Applies as the driver does: the command comes from the entry's bytes. */
export function apply(state: ClusterState, entry: Entry): ApplyResult {
  return state.apply(entry, entry.kind === 'command' ? decodeCommand(entry.data) : null);
}

/** The state's snapshot as bytes. */
export function snapshotOf(state: ClusterState, rowsMax = 3): Uint8Array[] {
  return [...state.freeze().parts(rowsMax)].map(encodePart);
}

/** A new replica from a snapshot's bytes. */
export function restored(
  meta: SnapshotMeta,
  parts: readonly Uint8Array[],
  limits?: ClientSessionLimits,
): ClusterState {
  const state = new ClusterState(limits);
  state.restore(meta, parts.map(decodePart));
  return state;
}
