// Made-up machines, worlds and events for the tests of properties: a property is told by itself of what must never be, without
// a run. Only what properties look at is there; a machine's log has the given terms, and its disk has all of it.

import { LeaderRounds } from '../../simulations/leader-rounds.js';
import type { Invariant } from '../../simulations/invariants/invariant.js';
import type { Machine } from '../../simulations/machine.js';
import type { Sight } from '../../simulations/sight.js';
import type { World } from '../../simulations/world.js';
import type { Message } from '../../src/raft/message.js';
import type { Entry, NodeId } from '../../src/raft/types.js';

/** What a property looks at, made up; the rest is not there. */
export const madeUp = <T>(part: unknown): T => part as T;

export const LEASE_MS = 1000;

export const VOTERS = { members: [], voters: [1, 2, 3], outgoing: null, leaving: [] };

interface Made {
  readonly id?: number;
  readonly term?: number;
  readonly terms?: readonly number[];
  readonly commitIndex?: number;
  readonly role?: object;
  readonly hardState?: object;
  readonly untilMs?: number | null;
  readonly covers?: boolean;
}

/** A machine whose log has the given terms from index 1 on, and whose disk has all of it. */
export function machineOf(made: Made): Machine {
  const { id = 1, term = 1, terms = [1], role = { type: 'leader', progress: new Map() } } = made;
  const termAt = (index: number): number | null => (index === 0 ? 0 : (terms[index - 1] ?? null));
  const last = { index: terms.length, term: terms.at(-1) ?? 0 };
  const log = { termAt, last, lastIndex: terms.length, compacted: { index: 0, term: 0 } };
  const state = {
    options: { id },
    term,
    role,
    log,
    votedFor: 1,
    lastApplied: made.commitIndex ?? 0,
    commitIndex: made.commitIndex ?? 0,
    applied: { reign: { epoch: id, leaseMs: LEASE_MS } },
    configurations: [{ index: 1, configuration: VOTERS }],
  };
  const untilMs = made.untilMs ?? null;
  const raft = { state, primaryUntilMs: untilMs, isPrimaryAt: () => untilMs !== null };
  const node = { raft, status: () => ({ isPrimary: false, condition: 'member' }) };
  const hardState = made.hardState ?? { term, votedFor: id };
  const covers = (): boolean => made.covers ?? true;
  const disk = { hardState, lastIndex: terms.length, termAt, covers, wasSetBack: false };
  const clock = { nowMs: () => 0, trueUsOf: (ms: number) => ms * 1000 };
  return madeUp({ id, disk, clock, process: { node, number: 1 } });
}

export function worldOf(...machines: Machine[]): World {
  const parameters = {
    limits: { messageEntriesMax: 1, messageBytesMax: 9, uncommittedEntriesMax: 0 },
  };
  const counts = { add: () => undefined };
  const all = new Map(machines.map((machine) => [machine.id, machine]));
  return madeUp({ nowUs: 0, machines: all, count: () => undefined, counts, parameters });
}

export function sightOf(made: Made, more: object = {}): Sight {
  const machine = machineOf(made);
  const state = machine.process?.node.raft?.state;
  const known = { term: 1, votedFor: 1, isLeader: true, commitIndex: 0, lastApplied: 0, epoch: 0 };
  const before = { ...known, configuration: VOTERS };
  const seen = { appended: [], truncatedFrom: null, isFirst: false };
  return madeUp({ machine, process: machine.process, state, before, ...seen, ...more });
}

export const entry = (index: number, term: number, byte = 0): Entry =>
  madeUp({ kind: 'command', index, term, stampMs: 1000, data: new Uint8Array([byte]) });

/** Rounds of node 1, which leads term 1: the first has begun, and was answered by node 2 unless told otherwise. */
export function roundsOf(world: World, leader: Machine, isAnswered = true): LeaderRounds {
  const rounds = new LeaderRounds(world);
  const word = { type: 'appendEntries', term: 1, round: 1, leaseMs: LEASE_MS };
  rounds.listener.sent?.(leader, 2 as NodeId, madeUp<Message>(word));
  const other = world.machines.get(2 as NodeId);
  if (other === undefined || !isAnswered) return rounds;
  const answer = {
    type: 'appendEntriesResponse',
    term: 1,
    round: 1,
    outcome: { type: 'conflict' },
  };
  rounds.listener.sent?.(other, 1 as NodeId, madeUp<Message>(answer));
  return rounds;
}

export const sent = (property: Invariant, from: Machine, message: object): void =>
  property.sent?.(from, 2 as NodeId, madeUp<Message>(message));
