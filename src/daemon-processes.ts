// The supervised processes of a daemon: makes the supervisor if any are configured, and hands over when one that only the
// primary runs cannot be kept running here. What becomes of single processes is the keeper's.

import type { CheckedOptions } from './daemon-options.js';
import type { Part } from './daemon-stop.js';
import { QuorateError } from './errors.js';
import type { Node } from './node/node.js';
import type { ClockPort } from './node/ports.js';
import type { Logger } from './ops/logger.js';
import { bestSuccessor } from './service/admission.js';
import type { SelfFacts } from './service/modules.js';
import { handOver } from './service/node-calls.js';
import { isAutomatic } from './raft/promotion.js';
import type { LevelStorage } from './storage/level-storage.js';
import { Supervisor } from './supervisor/supervisor.js';

interface Ground {
  readonly clock: ClockPort;
  readonly storage: LevelStorage;
  readonly self: SelfFacts;
  readonly holder: { readonly node: Node | null };
}

/** How long after a hand-over that was refused the next is tried. */
const RETRY_MS = 5000;

/**
 * Makes the supervisor; it starts nothing yet, and no keeper before there are processes. Null: there are none, and no file could
 * bring any. Refuses with WRONG_USAGE where it cannot work.
 */
export function openProcesses(
  { processes, configuration }: CheckedOptions,
  { clock, storage, self, holder }: Ground,
  log: Logger,
  parts: Part[],
): Supervisor | null {
  if (processes.length === 0 && (configuration === null || process.platform !== 'linux')) {
    return null;
  }
  if (process.platform !== 'linux') {
    const message = `processes: only Linux supervises processes, this is ${process.platform}`;
    throw new QuorateError('WRONG_USAGE', message, { option: 'processes' });
  }
  const { installId } = storage.stored.identity;
  const supervisor = new Supervisor(
    { installId, processes, api: self.api, name: self.name },
    { clock, log, onGivenUp: (...given) => void giveUp(...given) },
  );
  // Done already when a daemon ends as it should; here for one that does not come up.
  parts.push({ name: 'processes', stop: () => supervisor.end() });

  const giveUp = async (name: string, epoch: number, why: string): Promise<void> => {
    const { node } = holder;
    const status = node?.status();
    const cluster = status?.cluster ?? null;
    if (node === null || status === undefined || cluster === null) return;
    if (status.epoch !== epoch || !status.isPrimary) return;
    const to = bestSuccessor(status);
    try {
      if (!isAutomatic(status.configuration)) throw new Error('only an operator hands over now');
      if (to === null) throw new Error('no other voter is in contact and caught up');
      const limitMs = Math.ceil(cluster.electionTimeoutMs * 2.2) + supervisor.stopLimitMs;
      const cause = `${name} failed on ${cluster.nodeName} ${why}`;
      await handOver(node, clock, { to, cause, isChosen: false }, clock.nowMs() + limitMs);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      log.warn({ process: name, why: problem }, 'nobody takes over; tried again later');
      setTimeout(() => void giveUp(name, epoch, why), RETRY_MS).unref();
    }
  };
  return supervisor;
}
