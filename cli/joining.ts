// Waiting until a node that was admitted has caught up and is a voter, by asking how the cluster stands. Used by
// cluster-join, cluster-add and the demo. Asking is repeated until the deadline; failures in between are not the end,
// because the leader may change while a node catches up.

import { setTimeout as pause } from 'node:timers/promises';
import type { QuorateClient } from '../src/client/client.js';
import { QuorateError } from '../src/errors.js';
import { count } from './format.js';

const POLL_MS = 100;
const ASK_TIMEOUT_MS = 2000;

/** How far a joiner is. */
export interface JoinProgress {
  readonly isVoter: boolean;
  /** Entries that the leader has and it is not known to have; null: unknown. */
  readonly lagEntries: number | null;
}

/**
 * Resolves once the member `name` is a voter that is not catching up; tells progress whenever it changes.
 * Fails with DEADLINE_EXCEEDED at `deadlineMs` (on `performance.now()`); the join itself then still goes on.
 */
export async function waitForVoter(
  client: QuorateClient,
  name: string,
  deadlineMs: number,
  onProgress: (progress: JoinProgress) => void,
): Promise<void> {
  let told = '';
  let last: JoinProgress = { isVoter: false, lagEntries: null };
  for (;;) {
    const remainingMs = deadlineMs - performance.now();
    if (remainingMs <= 0) throw stillCatchingUp(name, last);
    const progress = await look(client, name, Math.min(remainingMs, ASK_TIMEOUT_MS));
    if (progress !== null) {
      last = progress;
      const key = JSON.stringify(progress);
      if (key !== told) onProgress(progress);
      told = key;
      if (progress.isVoter) return;
    }
    await pause(POLL_MS);
  }
}

/** Null: nobody could say right now. */
async function look(
  client: QuorateClient,
  name: string,
  timeoutMs: number,
): Promise<JoinProgress | null> {
  try {
    const { nodes, quorum } = await client.status({}, { timeoutMs });
    const node = nodes.find((candidate) => candidate.name === name);
    if (node === undefined) return null;
    const isVoter = quorum && node.voter && node.state !== 'JOINING' && node.state !== 'CLEAN';
    return { isVoter, lagEntries: node.lagEntries ?? null };
  } catch (error) {
    if (error instanceof QuorateError && error.isRetryable) return null;
    if (error instanceof QuorateError && error.code === 'CLEAN_NODE') return null;
    throw error;
  }
}

function stillCatchingUp(name: string, { lagEntries }: JoinProgress): QuorateError {
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
