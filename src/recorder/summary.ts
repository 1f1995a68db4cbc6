// What a record says, in short: whose it is, from when to when, what kinds of inputs, who led and in which term, and whether
// this software comes to the same states. It lives the record again to know.

import { configurationInForce } from '../raft/state.js';
import type { Raft } from '../raft/raft.js';
import { Replay } from './replay.js';
import type { RecordedLife } from './record-file.js';

/** A node's role and term from a moment on. */
interface RolePeriod {
  /** By wall clock, in ms since 1970. */
  readonly atMs: number;
  readonly role: string;
  readonly term: number;
  /** Name of the leader it follows; null: it knows none. */
  readonly leader: string | null;
}

export interface RecordSummary {
  readonly node: string;
  readonly nodeId: number;
  readonly cluster: string;
  readonly version: string;
  readonly why: string;
  /** By wall clock, in ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly bytes: number;
  /** How many of each kind, messages by their own. */
  readonly inputs: Readonly<Record<string, number>>;
  readonly roles: readonly RolePeriod[];
  readonly commitIndex: number;
  readonly lastApplied: number;
  /** `same`: this software comes to the recorded states; else what happens instead, one line. */
  readonly replay: string;
}

/** By wall clock, the moment of a node's own clock. */
export function wallMsOf({ head }: RecordedLife, nowMs: number): number {
  const { writtenAt } = head;
  return writtenAt.wallMs - (writtenAt.nowMs - nowMs);
}

/** Sums a life up. Throws `UnreadableRecord`. */
export function summaryOf(life: RecordedLife): RecordSummary {
  const replay = new Replay(life);
  const { head, segments } = life;
  const inputs = new Map<string, number>();
  const roles: RolePeriod[] = [];
  const fromMs = wallMsOf(life, replay.nowMs);
  let ended = 'same';
  for (const step of replay.steps()) {
    if (step.type === 'input') {
      const { input } = step;
      const kind = input.type === 'message' ? input.message.type : input.type;
      inputs.set(kind, (inputs.get(kind) ?? 0) + 1);
    }
    if (step.type === 'diverged') ended = `${step.why}, at item ${replay.count}`;
    if (step.type === 'violated') ended = `an invariant did not hold: ${step.message}`;
    const period = periodOf(replay.raft, wallMsOf(life, replay.nowMs));
    const last = roles.at(-1);
    const isSame =
      last?.role === period.role && last.term === period.term && last.leader === period.leader;
    if (!isSame) roles.push(period);
  }
  const { state } = replay.raft;
  return {
    node: head.node,
    nodeId: head.nodeId,
    cluster: head.clusterName,
    version: head.version,
    why: head.why,
    fromMs,
    toMs: wallMsOf(life, replay.nowMs),
    bytes: segments.reduce((sum, it) => sum + it.checkpoint.length + it.items.length, 0),
    inputs: Object.fromEntries([...inputs].sort(([, a], [, b]) => b - a)),
    roles,
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    replay: ended,
  };
}

function periodOf({ state }: Raft, atMs: number): RolePeriod {
  const { members } = configurationInForce(state);
  const { role, term, leaderId } = state;
  const leader = members.find(({ id }) => id === leaderId)?.name ?? null;
  return { atMs, role: role.type, term, leader };
}
