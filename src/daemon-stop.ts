// How a daemon ends: it hands over if it leads, ends its processes gracefully, then stops its parts in reverse, each with a
// limit that names the part that hung. What the parts are is the composition root's.

import { QuorateError } from './errors.js';
import type { Node } from './node/node.js';
import type { ClockPort } from './node/ports.js';
import type { Logger } from './ops/logger.js';
import { bestSuccessor } from './service/admission.js';
import { handOver } from './service/node-calls.js';
import type { Supervisor } from './supervisor/supervisor.js';

/** How long a part may take to stop, and requests in progress to end. */
export const STOP_LIMITS = { partMs: 5000, drainMs: 1000 } as const;

export interface Part {
  readonly name: string;
  readonly stop: () => Promise<unknown> | void;
}

interface Running {
  readonly node: Node;
  readonly clock: ClockPort;
  /** Null: no processes can be configured. */
  readonly processes: Supervisor | null;
  /** How long ending what the primary alone runs may take, its hook included. */
  readonly stopLimitMs: number;
  readonly log: Logger;
}

/** Hands over, then stops the parts in reverse. */
export async function stopDaemon(running: Running, parts: readonly Part[]): Promise<void> {
  const { processes, log } = running;
  log.info({}, 'stopping');
  await handOverBeforeStop(running);
  // While the node still renews its lease, so that they have their whole grace.
  await processes?.end();
  const hung = await stopAll(parts, log);
  if (hung.length === 0) {
    log.info({}, 'stopped');
    return;
  }
  const message = `did not stop within ${STOP_LIMITS.partMs} ms: ${hung.join(', ')}`;
  throw new QuorateError('STOP_TIMED_OUT', message, { parts: hung.join(',') });
}

/** A leader lets the best voter take over, so that the cluster need not notice its absence by a timeout. */
async function handOverBeforeStop({ node, clock, stopLimitMs, log }: Running): Promise<void> {
  const status = node.status();
  const to = status.role === 'leader' ? bestSuccessor(status) : null;
  if (to === null || status.cluster === null) return;
  // The core gives a hand-over twice the minimum election timeout; a little more, so that its word comes first.
  const transferMs = Math.ceil(status.cluster.electionTimeoutMs * 2.2);
  const limitMs = transferMs + stopLimitMs;
  const cause = `${status.cluster.nodeName} stops`;
  try {
    await handOver(node, clock, { to, cause, isChosen: false }, clock.nowMs() + limitMs);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.warn({ to, why }, 'stopping without a hand-over');
  }
}

/** Stops all parts, the last started first; answers the names of those that hung. */
export async function stopAll(parts: readonly Part[], log: Logger): Promise<string[]> {
  const hung: string[] = [];
  for (const { name, stop } of parts.toReversed()) {
    const limitMs = STOP_LIMITS.partMs;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => {
        resolve('late');
      }, limitMs);
    });
    try {
      if ((await Promise.race([stop(), late])) !== 'late') continue;
      log.error({ part: name, limitMs }, 'a part did not stop in time');
      hung.push(name);
    } catch (error) {
      log.error({ part: name, err: error }, 'a part failed to stop');
    } finally {
      clearTimeout(timer);
    }
  }
  return hung;
}
