// Who belongs to the cluster, as the newest applied configuration will leave it: a joint configuration is bound to be
// left once it is committed, so whoever is on the way out is gone here and whoever is promoted is a voter. Names of
// removed members are remembered for a while, so that sessions and history can still be told by name.

import { invariant } from '../raft/assert.js';
import type { Configuration, LogIndex, Member, MemberTags, NodeId } from '../raft/types.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';
import { compareUtf8 } from './utf8-order.js';
import type { ValueReader } from './value-reader.js';

export type MemberRole = 'voter' | 'learner';

export interface MemberFact extends Member {
  readonly role: MemberRole;
  /** Index of the entry that made it a member. */
  readonly joinedRevision: LogIndex;
}

export interface RemovedMember {
  readonly id: NodeId;
  readonly name: string;
  /** Index of the entry that removed it. */
  readonly revision: LogIndex;
}

export interface Members {
  /** Sorted by id. */
  readonly current: readonly MemberFact[];
  /** Oldest first. Invariant: at most `REMOVED_MEMBERS_MAX`. */
  readonly removed: readonly RemovedMember[];
}

/** What a configuration changed for one member, for the history. */
export type MemberChange =
  | {
      readonly kind: 'memberJoined' | 'memberPromoted' | 'memberDemoted' | 'memberRemoved';
      readonly name: string;
      readonly role: MemberRole;
    }
  | {
      readonly kind: 'memberUpdated';
      readonly name: string;
      readonly role: MemberRole;
      readonly updates: MemberUpdates;
    };

/** What a member has since; what stayed is not there. */
export type MemberUpdates = Partial<
  Pick<MemberFact, 'address' | 'api' | 'version' | 'priority' | 'tags'>
>;

/** Tags in the order of their names' bytes. */
export function sortedTags(pairs: MemberTags): MemberTags {
  return pairs.toSorted(([a], [b]) => compareUtf8(a, b));
}

/** Removed members that are remembered. */
export const REMOVED_MEMBERS_MAX = 256;

export const NO_MEMBERS: Members = { current: [], removed: [] };

export const MEMBERS_FACT = 'members';
export const REMOVED_MEMBERS_FACT = 'removedMembers';

/** The members after a configuration entry at `index`, and what it changed: who joined first, then by id. */
export function applyConfiguration(
  members: Members,
  configuration: Configuration,
  index: LogIndex,
): { readonly members: Members; readonly changes: readonly MemberChange[] } {
  const before = new Map(members.current.map((member) => [member.id, member]));
  const current = configuration.members
    .filter(({ id }) => !configuration.leaving.includes(id))
    .map((member): MemberFact => {
      const role = configuration.voters.includes(member.id) ? 'voter' : 'learner';
      return { ...member, role, joinedRevision: before.get(member.id)?.joinedRevision ?? index };
    });
  const kept = new Set(current.map(({ id }) => id));
  const gone = members.current.filter(({ id }) => !kept.has(id));
  const removed = [
    ...members.removed,
    ...gone.map(({ id, name }) => ({ id, name, revision: index })),
  ].slice(-REMOVED_MEMBERS_MAX);
  const changes = [
    ...current.flatMap((member) => changeOf(before.get(member.id) ?? null, member)),
    ...gone.map(({ name, role }): MemberChange => ({ kind: 'memberRemoved', name, role })),
  ];
  return { members: { current, removed }, changes };
}

/** The name of a member or of one that was removed not too long ago; null if it is not known. */
export function memberName({ current, removed }: Members, id: NodeId): string | null {
  const found = current.find((member) => member.id === id);
  return (found ?? removed.findLast((member) => member.id === id))?.name ?? null;
}

/** Checks that restored members are those of the configuration that the snapshot's meta carries. */
export function checkMembers({ current }: Members, configuration: Configuration): void {
  const expected = configuration.members.filter(({ id }) => !configuration.leaving.includes(id));
  invariant(
    current.map(({ id }) => id).join() === expected.map(({ id }) => id).join(),
    'the members of a snapshot are those of its configuration',
  );
}

/** One row for each member. */
export function memberRows({ current }: Members): FactRows {
  const rows = current.map((member) => [
    member.id,
    member.installId,
    member.name,
    member.address,
    member.api,
    member.version,
    member.featureMin,
    member.featureMax,
    member.autoPromote,
    member.witness,
    member.priority,
    member.replaces,
    member.patientUntilMs,
    member.role,
    member.joinedRevision,
    (member.tags ?? []).map((pair) => [...pair]),
  ]);
  return { fact: MEMBERS_FACT, version: 1, rows };
}

/** Reads one row of `memberRows`. */
export function restoreMember(row: Row): MemberFact {
  const reader = readRow(MEMBERS_FACT, row);
  const member: MemberFact = {
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
    role: reader.oneOf('role', ['voter', 'learner']),
    joinedRevision: reader.index('joinedRevision'),
  };
  const tags = readMemberTags(reader);
  return tags.length === 0 ? member : { ...member, tags };
}

/** Reads tags as pairs of name and value. */
export function readMemberTags(reader: ValueReader): MemberTags {
  return reader.list('tags', (list) =>
    list.nested('tag', (pair): [string, string] => [pair.string('name'), pair.string('value')]),
  );
}

/** Whether two members are said the same of. */
export function areSameTags(one: MemberTags = [], other: MemberTags = []): boolean {
  return (
    one.length === other.length &&
    one.every(([name, value], at) => name === other[at]?.[0] && value === other[at][1])
  );
}

/** One row for each removed member that is remembered. */
export function removedMemberRows({ removed }: Members): FactRows {
  const rows = removed.map(({ id, name, revision }) => [id, name, revision]);
  return { fact: REMOVED_MEMBERS_FACT, version: 1, rows };
}

/** Reads one row of `removedMemberRows`. */
export function restoreRemovedMember(row: Row): RemovedMember {
  const reader = readRow(REMOVED_MEMBERS_FACT, row);
  return {
    id: reader.nodeId('id'),
    name: reader.string('name'),
    revision: reader.index('revision'),
  };
}

function changeOf(before: MemberFact | null, after: MemberFact): MemberChange[] {
  const { name, role } = after;
  if (before === null) return [{ kind: 'memberJoined', name, role }];
  const changes: MemberChange[] = [];
  if (before.role !== role) {
    changes.push({ kind: role === 'voter' ? 'memberPromoted' : 'memberDemoted', name, role });
  }
  const updates = updatesOf(before, after);
  if (Object.keys(updates).length > 0) {
    changes.push({ kind: 'memberUpdated', name, role, updates });
  }
  return changes;
}

function updatesOf(before: MemberFact, after: MemberFact): MemberUpdates {
  const { address, api, version, priority, tags = [] } = after;
  return {
    ...(address === before.address ? {} : { address }),
    ...(api === before.api ? {} : { api }),
    ...(version === before.version ? {} : { version }),
    ...(priority === before.priority ? {} : { priority }),
    ...(areSameTags(tags, before.tags) ? {} : { tags }),
  };
}
