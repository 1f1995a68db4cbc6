// How long a fail-over takes: `kill -9` of the primary, then the time until the first write is accepted again.
// The survivors are asked at once and continuously, each by its own writer, as clients that lost their primary would do.

import { setTimeout as pause } from 'node:timers/promises';
import { QuorateError } from '../../src/errors.js';
import type { LocalCluster } from './cluster.js';
import type { Daemon } from './daemon.js';

const WRITE_TIMEOUT_MS = 1000;
const PAUSE_MS = 5;
const GIVE_UP_MS = 60_000;

/** One kill of the primary and what came of it. */
export interface Failover {
  readonly killed: string;
  readonly newPrimary: string;
  readonly epochBefore: number;
  readonly epoch: number;
  /** From the signal to the first accepted write. */
  readonly failoverMs: number;
}

/** Kills the primary of a settled cluster and waits until writes are accepted and somebody is primary again. */
export async function killPrimary(cluster: LocalCluster, note: string): Promise<Failover> {
  const before = await cluster.settled();
  const victim = cluster.daemon(before.primary ?? '');
  const begunMs = performance.now();
  const gone = victim.stop('SIGKILL');
  const survivors = cluster.daemons.filter((daemon) => daemon.isRunning && daemon !== victim);
  await firstAcceptedWrite(survivors, note, begunMs + GIVE_UP_MS);
  const failoverMs = Math.round(performance.now() - begunMs);
  await gone;
  const after = await cluster.until(
    'a new primary',
    (view) => view.quorum && view.primary !== null && view.primary !== victim.name,
  );
  return {
    killed: victim.name,
    newPrimary: after.primary ?? '',
    epochBefore: before.epoch,
    epoch: after.epoch,
    failoverMs,
  };
}

/** Resolves as soon as one of these nodes accepted a write. */
async function firstAcceptedWrite(
  daemons: readonly Daemon[],
  note: string,
  deadlineMs: number,
): Promise<void> {
  let isAccepted = false;
  const writers = daemons.map(async ({ client, name }) => {
    while (!isAccepted && performance.now() < deadlineMs) {
      try {
        const attributes = { note: Buffer.from(note) };
        const options = { timeoutMs: WRITE_TIMEOUT_MS, retry: false };
        await client.putSession({ id: `failover-${name}`, attributes }, options);
        isAccepted = true;
        return;
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        await pause(PAUSE_MS);
      }
    }
    throw new Error(`no write was accepted within ${GIVE_UP_MS} ms of the kill`);
  });
  await Promise.any(writers);
}
