// The nested values that several records, entries and messages carry, as arrays of fields: members, configurations,
// settings, reigns, snapshot metas. Fields are only ever appended.

import type {
  Configuration,
  Member,
  NodeId,
  Reign,
  Settings,
  SnapshotMeta,
} from '../raft/types.js';
import { readMemberTags } from '../state-machine/members.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import type { FieldValue } from './envelope.js';

function memberFields(member: Member): FieldValue[] {
  const { id, installId, name, address, api, version, featureMin, featureMax } = member;
  const { autoPromote, witness, priority, replaces, patientUntilMs } = member;
  const tags = (member.tags ?? []).map((pair) => [...pair]);
  const kind = [autoPromote, witness, priority, replaces, patientUntilMs, tags];
  return [id, installId, name, address, api, version, featureMin, featureMax, ...kind];
}

function readMember(reader: ValueReader): Member {
  const member = {
    id: reader.nodeId('id'),
    installId: reader.installId('installId'),
    name: reader.string('name'),
    address: reader.string('address'),
    api: reader.string('api'),
    version: reader.string('version'),
    featureMin: reader.integer('featureMin'),
    featureMax: reader.integer('featureMax'),
    autoPromote: reader.boolean('autoPromote'),
    witness: reader.boolean('witness'),
    priority: reader.integer('priority'),
    replaces: reader.nullable((field) => field.nodeId('replaces')),
    patientUntilMs: reader.integer('patientUntilMs'),
  };
  const tags = readMemberTags(reader);
  return tags.length === 0 ? member : { ...member, tags };
}

export function configurationFields({
  members,
  voters,
  outgoing,
  leaving,
  autoRemoveAfterMs,
  reigns,
}: Configuration): FieldValue[] {
  const { isManual, pausedBy } = reigns;
  const settings = [autoRemoveAfterMs, isManual, pausedBy];
  return [members.map(memberFields), voters, outgoing, leaving, ...settings];
}

/** Checks besides the fields that all lists are sorted by id without repeats and name only members. */
export function readConfiguration(reader: ValueReader): Configuration {
  const members = reader.list('members', (list) => list.nested('member', readMember));
  const voters = readIds(reader, 'voters');
  const outgoing = reader.nullable((field) => readIds(field, 'outgoing'));
  const leaving = readIds(reader, 'leaving');
  const autoRemoveAfterMs = reader.nullable((field) => field.integer('autoRemoveAfterMs'));
  const isManual = reader.boolean('isManual');
  const pausedBy = reader.nullable((field) => field.string('pausedBy'));
  const ids = members.map(({ id }) => id);
  checkSorted(reader, 'members', ids);
  const known = new Set(ids);
  const named = [...voters, ...(outgoing ?? []), ...leaving];
  if (!named.every((id) => known.has(id)))
    throw reader.damaged('expected only members among voters and leaving');
  const reigns = { isManual, pausedBy };
  return { members, voters, outgoing, leaving, autoRemoveAfterMs, reigns };
}

export function settingsFields({
  clusterId,
  clusterName,
  electionTimeoutMs,
}: Settings): FieldValue[] {
  return [clusterId, clusterName, electionTimeoutMs];
}

export function readSettings(reader: ValueReader): Settings {
  return {
    clusterId: reader.string('clusterId'),
    clusterName: reader.string('clusterName'),
    electionTimeoutMs: reader.integer('electionTimeoutMs'),
  };
}

export function snapshotMetaFields(meta: SnapshotMeta): FieldValue[] {
  const { last, stampMs, configuration, configurationIndex, settings, reign, featureLevel } = meta;
  return [
    last.term,
    last.index,
    stampMs,
    configurationFields(configuration),
    configurationIndex,
    settingsFields(settings),
    reignFields(reign),
    featureLevel,
  ];
}

export function readSnapshotMeta(reader: ValueReader): SnapshotMeta {
  return {
    last: reader.entryId('last'),
    stampMs: reader.integer('stampMs'),
    configuration: reader.nested('configuration', readConfiguration),
    configurationIndex: reader.index('configurationIndex'),
    settings: reader.nested('settings', readSettings),
    reign: reader.nested('reign', readReign),
    featureLevel: reader.integer('featureLevel'),
  };
}

function reignFields(reign: Reign): FieldValue[] {
  const { epoch, term, nodeId, leaseMs, isOver, isProven, unprovenLeaseMs, isChosen } = reign;
  return [epoch, term, nodeId, leaseMs, isOver, isProven, unprovenLeaseMs, isChosen];
}

function readReign(reader: ValueReader): Reign {
  return {
    epoch: reader.index('epoch'),
    term: reader.term('term'),
    nodeId: reader.nullable((field) => field.nodeId('nodeId')),
    leaseMs: reader.integer('leaseMs'),
    isOver: reader.boolean('isOver'),
    isProven: reader.boolean('isProven'),
    unprovenLeaseMs: reader.integer('unprovenLeaseMs'),
    isChosen: reader.boolean('isChosen'),
  };
}

function readIds(reader: ValueReader, name: string): NodeId[] {
  const ids = reader.list(name, (list) => list.nodeId('id'));
  checkSorted(reader, name, ids);
  return ids;
}

function checkSorted(reader: ValueReader, name: string, ids: readonly NodeId[]): void {
  const isSorted = ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? 0));
  if (!isSorted) throw reader.damaged(`expected ${name} sorted by id without repeats`);
}
