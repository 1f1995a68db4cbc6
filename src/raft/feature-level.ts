// The feature level: what all members understand, as a fact of the log that only grows. A leader raises it by one entry
// once every member of the configuration in force, of both halves while joint, is in contact and runs software that
// speaks the next level; nobody who does not speak it becomes a member afterwards. It counts from where its entry is
// applied. Before that the leader keeps the members' versions in the configuration true, as their greetings tell them.

import { appendEntry } from './append.js';
import { invariant } from './assert.js';
import type { Loaded } from './initial.js';
import { configurationInForce, configurationIndex, emit } from './state.js';
import { speaks, unspoken } from './software.js';
import type { Leader, RaftState } from './state.js';
import { EMPTY_CONFIGURATION, FEATURE_LEVEL_FIRST } from './types.js';
import type { InstallId, Member, NodeId, Software } from './types.js';

/** What a process said of itself when it greeted this node. */
export interface Greeted {
  readonly installId: InstallId;
  readonly software: Software;
}

/** A member that keeps the level from rising, and why, for people. */
export interface HeldBack {
  readonly id: NodeId;
  readonly name: string;
  readonly why: string;
}

/** Greetings of nodes that are no members are forgotten when there are more. */
const GREETED_MAX = 256;

/**
 * Why software must not go on with what a disk holds, committed or not; null: it may.
 * A level below its lowest counts only where this node is named a member: a newcomer that is still catching up reads of
 * levels that have long passed.
 */
export function whyUnspokenOnDisk(
  id: NodeId,
  software: Software,
  { snapshot, entries }: Pick<Loaded, 'snapshot' | 'entries'>,
): string | null {
  let level = snapshot?.featureLevel ?? FEATURE_LEVEL_FIRST;
  let configuration = snapshot?.configuration ?? EMPTY_CONFIGURATION;
  for (const entry of entries) {
    if (entry.kind === 'featureLevel') level = Math.max(level, entry.level);
    if (entry.kind === 'configuration') configuration = entry.configuration;
  }
  const isMember = configuration.members.some((member) => member.id === id);
  const isUnspoken = level > software.featureMax || (isMember && level < software.featureMin);
  return isUnspoken ? unspoken(software, level) : null;
}

/**
 * Takes the level of an applied entry or an installed snapshot. A node that does not know it must not go on; one that has
 * unlearned it may be reading of it as of something past.
 */
export function adoptLevel(state: RaftState, level: number): void {
  const { software } = state.options;
  invariant(level >= state.applied.featureLevel, 'the feature level never falls');
  invariant(level <= software.featureMax, unspoken(software, level));
  if (level === state.applied.featureLevel) return;
  state.applied.featureLevel = level;
  emit(state, { type: 'featureLevelRaised', level });
}

/** A process greeted this node. Which greetings count is asked when one is needed. */
export function onGreeted(state: RaftState, id: NodeId, greeted: Greeted): void {
  state.greeted.set(id, greeted);
  if (state.greeted.size <= GREETED_MAX) return;
  const { members } = configurationInForce(state);
  for (const known of state.greeted.keys()) {
    if (!members.some((member) => member.id === known)) state.greeted.delete(known);
  }
}

/** Why one of the newcomers may not become a member; null: all speak the level that they will meet. */
export function whyUnspoken(
  state: RaftState,
  leader: Leader,
  newcomers: readonly Member[],
): string | null {
  const level = levelInForce(state, leader);
  const mute = newcomers.find((member) => !speaks(member, level));
  return mute === undefined ? null : `${mute.name}: ${unspoken(mute, level)}`;
}

/** Brings a member's version up to date or raises the level, where one of them is due; answers whether it did. */
export function maybeAdvanceFeatures(state: RaftState, leader: Leader): boolean {
  if (leader.transfer !== null || state.options.isWitness) return false;
  if (state.commitIndex < leader.noopIndex) return false;
  return maybeDescribe(state, leader) || maybeRaise(state, leader);
}

/** Who keeps this leader from raising the level, by id; empty as well if nobody speaks a higher one. */
export function heldBackBy(state: RaftState, leader: Leader): HeldBack[] {
  const { members } = configurationInForce(state);
  const next = levelInForce(state, leader) + 1;
  if (!members.some((member) => softwareOf(state, member).featureMax >= next)) return [];
  return members.flatMap((member) => {
    const why = whyHeldBack(state, leader, member, next);
    return why === null ? [] : [{ id: member.id, name: member.name, why }];
  });
}

/** Appended counts: what follows in the log meets it. */
function levelInForce(state: RaftState, { raisedTo }: Leader): number {
  return Math.max(state.applied.featureLevel, raisedTo);
}

function maybeDescribe(state: RaftState, leader: Leader): boolean {
  const configuration = configurationInForce(state);
  const isBusy = configuration.outgoing !== null || configurationIndex(state) > state.commitIndex;
  if (isBusy) return false;
  const level = levelInForce(state, leader);
  const changed = configuration.members.find((member) => {
    const software = softwareOf(state, member);
    return speaks(software, level) && !isSame(software, member);
  });
  if (changed === undefined) return false;
  const { version, featureMin, featureMax } = softwareOf(state, changed);
  const described = { ...changed, version, featureMin, featureMax };
  appendEntry(state, {
    kind: 'configuration',
    configuration: {
      ...configuration,
      members: configuration.members.map((member) => (member === changed ? described : member)),
    },
    cause: `${changed.name} runs version ${version}`,
  });
  return true;
}

function maybeRaise(state: RaftState, leader: Leader): boolean {
  const { featureLevel } = state.applied;
  // One step at a time: the next begins when the last is applied.
  if (leader.raisedTo > featureLevel) return false;
  const level = featureLevel + 1;
  const { members } = configurationInForce(state);
  // Who was just removed is still sent the log, so that it learns of its removal.
  const departing = [...leader.departing.values()].map(({ member }) => member);
  if (![...members, ...departing].every((member) => speaks(member, level))) return false;
  if (heldBackBy(state, leader).length > 0) return false;
  leader.raisedTo = level;
  appendEntry(state, { kind: 'featureLevel', level });
  return true;
}

function whyHeldBack(
  state: RaftState,
  leader: Leader,
  member: Member,
  next: number,
): string | null {
  const { version, featureMax } = softwareOf(state, member);
  if (featureMax < next) return `version ${version} speaks no level above ${featureMax}`;
  if (member.id === state.options.id) return null;
  // Who is down may come back with the software of before.
  const { electionTimeoutMinMs } = state.options.timers;
  const progress = leader.progress.get(member.id);
  if (progress === undefined || progress.contactSinceMs === null) return 'it is not in contact';
  if (!progress.isInContact(state.nowMs, electionTimeoutMinMs)) return 'it is not in contact';
  const isSettled = state.nowMs - progress.contactSinceMs >= 2 * electionTimeoutMinMs;
  return isSettled && greetingOf(state, member) !== null ? null : 'it has only just been heard';
}

/** What the member runs as far as this node knows; of itself for certain. */
function softwareOf(state: RaftState, member: Member): Software {
  if (member.id === state.options.id) return state.options.software;
  return greetingOf(state, member)?.software ?? member;
}

/** Null: the member's data directory has not greeted this process. */
function greetingOf(state: RaftState, { id, installId }: Member): Greeted | null {
  const greeted = state.greeted.get(id);
  return greeted?.installId === installId ? greeted : null;
}

function isSame(a: Software, b: Software): boolean {
  return a.version === b.version && a.featureMin === b.featureMin && a.featureMax === b.featureMax;
}
