// Waiting until a node that was admitted has caught up and has its seat, by asking how the cluster stands. Used by
// cluster-join, cluster-add, cluster-replace-node and the demo. Asking is repeated until the deadline; failures in between
// are not the end, because the leader may change while a node catches up.

import { setTimeout as pause } from 'node:timers/promises';
import type { QuorateClient } from '../src/client/client.js';
import { QuorateError } from '../src/errors.js';
import type { Cli } from './cli.js';
import { count } from './format.js';

/** Catching up takes as long as the log is long, so these commands wait longer than the others. */
export const JOIN_TIMEOUT_MS = 60_000;

const POLL_MS = 100;
const ASK_TIMEOUT_MS = 2000;

/** Who is waited for. */
export interface Seat {
  readonly node: string;
  /** The member whose place it takes; null: a place of its own, as a voter. */
  readonly old: string | null;
}

/** How far a joiner is. */
export interface JoinProgress {
  readonly isSeated: boolean;
  /** Entries that the leader has and it is not known to have; null: unknown. */
  readonly lagEntries: number | null;
}

type Look = JoinProgress | 'givenUp' | null;

/**
 * Resolves once the node has its seat; tells progress whenever it changes.
 * Fails with NEWCOMER_GIVEN_UP if the cluster removed it again, and with DEADLINE_EXCEEDED at `deadlineMs` (on
 * `performance.now()`); the join itself then still goes on.
 */
export async function waitForSeat(
  client: QuorateClient,
  seat: Seat,
  deadlineMs: number,
  onProgress: (progress: JoinProgress) => void,
): Promise<void> {
  let told = '';
  let last: JoinProgress | null = null;
  for (;;) {
    const remainingMs = deadlineMs - performance.now();
    if (remainingMs <= 0) throw stillCatchingUp(seat.node, last);
    const found = await look(client, seat, last !== null, Math.min(remainingMs, ASK_TIMEOUT_MS));
    if (found === 'givenUp') throw givenUp(seat);
    if (found !== null) {
      last = found;
      const key = JSON.stringify(found);
      if (key !== told) onProgress(found);
      told = key;
      if (found.isSeated) return;
    }
    await pause(POLL_MS);
  }
}

/** Tells on standard error why nothing happens yet, each reason once. */
export function tellWaiting<Options>(cli: Cli<Options>): (error: QuorateError) => void {
  let told = '';
  return ({ code, message }) => {
    const why = code === 'CHANGE_RUNNING' ? `waiting: ${message}` : 'waiting for a leader';
    if (why !== told) cli.note(why);
    told = why;
  };
}

/** One line about a joiner. */
export function progressLine({ node, old }: Seat, { isSeated, lagEntries }: JoinProgress): string {
  if (isSeated) return old === null ? `${node}: voter` : `${node}: in the place of ${old}`;
  if (lagEntries === null) return `${node}: learner`;
  return `${node}: learner, ${count(lagEntries, 'entry', 'entries')} behind`;
}

/** Null: nobody could say right now. `wasSeen`: it was among the members before, so that its absence tells something. */
async function look(
  client: QuorateClient,
  { node: name, old }: Seat,
  wasSeen: boolean,
  timeoutMs: number,
): Promise<Look> {
  try {
    const { nodes, quorum } = await client.status({}, { timeoutMs });
    const node = nodes.find((candidate) => candidate.name === name);
    const left = nodes.find((candidate) => candidate.name === old);
    // The member that was asked may itself be the one that left; it hears no more than that.
    if (left?.state === 'REMOVED') return { isSeated: true, lagEntries: null };
    if (node?.state === 'REMOVED') return 'givenUp';
    if (node === undefined) return quorum && wasSeen ? 'givenUp' : null;
    const isVoting = node.voter && node.state !== 'JOINING' && node.state !== 'CLEAN';
    const isSeated = quorum && (old === null ? isVoting : left === undefined);
    return { isSeated, lagEntries: node.lagEntries ?? null };
  } catch (error) {
    if (error instanceof QuorateError && error.isRetryable) return null;
    if (error instanceof QuorateError && error.code === 'CLEAN_NODE') return null;
    throw error;
  }
}

function givenUp({ node, old }: Seat): QuorateError {
  const stays = old === null ? '' : `; ${old} is still a member`;
  const message = `${node} was removed again before it had its place${stays}`;
  const hint = `\`quorate events\` says why: if it did not catch up, see its log and whether the members reach it; start it with an empty data directory and try again.`;
  return new QuorateError('NEWCOMER_GIVEN_UP', message, { name: node }, { hint });
}

function stillCatchingUp(name: string, last: JoinProgress | null): QuorateError {
  const lagEntries = last?.lagEntries ?? null;
  const behind = lagEntries === null ? '' : `, ${count(lagEntries, 'entry', 'entries')} behind`;
  return new QuorateError(
    'DEADLINE_EXCEEDED',
    `${name} is admitted but still a learner${behind}`,
    {},
    {
      hint: 'It goes on catching up by itself: watch it with `quorate mon-cluster --watch`, or wait longer next time with --timeout.',
    },
  );
}
