// The supervised processes of a daemon: makes the supervisor if any are configured, and hands over when one that only the
// primary runs cannot be kept running here. What becomes of single processes is the keeper's.

import type { CheckedOptions } from './daemon-options.js';
import type { Part } from './daemon-stop.js';
import { QuorateError } from './errors.js';
import { afterGiveUp, giveUpCause } from './keeper/after-give-up.js';
import type { Node } from './node/node.js';
import type { ClockPort } from './node/ports.js';
import type { Logger } from './ops/logger.js';
import { successors } from './service/admission.js';
import type { SelfFacts } from './service/modules.js';
import { handOver } from './service/node-calls.js';
import { isAutomatic } from './raft/promotion.js';
import type { LogIndex } from './raft/types.js';
import type { LevelStorage } from './storage/level-storage.js';
import type { Stay } from './supervisor/stays.js';
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
  let giveUp: GiveUp | null = null;
  const supervisor = new Supervisor(
    { installId, processes, api: self.api, name: self.name },
    { clock, log, onGivenUp: (...given) => void giveUp?.(...given) },
  );
  // Done already when a daemon ends as it should; here for one that does not come up.
  parts.push({ name: 'processes', stop: () => supervisor.end() });

  giveUp = givingUp(supervisor, { clock, holder }, log, parts);
  return supervisor;
}

type GiveUp = (name: string, epoch: number, why: string) => Promise<void>;

/** What is done about a process that only the primary runs and that does not stay up here. */
function givingUp(
  supervisor: Supervisor,
  { clock, holder }: Pick<Ground, 'clock' | 'holder'>,
  log: Logger,
  parts: Part[],
): GiveUp {
  const stay = staying(supervisor, { clock, holder }, log, parts);
  const giveUp: GiveUp = async (name, epoch, why) => {
    const { node } = holder;
    const status = node?.status();
    const cluster = status?.cluster ?? null;
    if (node === null || status === undefined || cluster === null) return;
    if (status.epoch !== epoch || !status.isPrimary) return;
    const reigns = node.state.reigns.map(({ nodeId, cause, sinceMs, end }) => {
      return { nodeId, cause, lastedMs: end === null ? null : end.atMs - sinceMs };
    });
    const mayMove = isAutomatic(status.configuration);
    const next = afterGiveUp({
      name,
      self: status.nodeId,
      reigns,
      successors: mayMove ? successors(status) : [],
      stayCount: stay.countUnder(epoch),
    });
    if (next.type === 'stay') {
      const alone = mayMove
        ? 'every node that could take over has tried it in vain, or none could'
        : 'only an operator hands over now';
      stay.stay({ name, epoch, why: `${why}; ${alone}`, retryMs: next.retryMs });
      return;
    }
    try {
      const limitMs = Math.ceil(cluster.electionTimeoutMs * 2.2) + supervisor.stopLimitMs;
      const order = {
        to: next.to,
        cause: giveUpCause(name, cluster.nodeName, why),
        isChosen: false,
      };
      await handOver(node, clock, order, clock.nowMs() + limitMs);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      log.warn({ process: name, why: problem }, 'nobody takes over; tried again later');
      setTimeout(() => void giveUp(name, epoch, why), RETRY_MS).unref();
    }
  };
  return giveUp;
}

/** Starts what was given up again after a while, under the same reign; tells the cluster's history of it once. */
function staying(
  supervisor: Supervisor,
  { clock, holder }: Pick<Ground, 'clock' | 'holder'>,
  log: Logger,
  parts: Part[],
) {
  // How often the reign of this epoch has stayed where it is, and what is to try again.
  let stayed = { epoch: 0, count: 0 };
  const retries = new Map<string, NodeJS.Timeout>();
  const forget = (): void => retries.forEach((timer) => clearTimeout(timer));
  parts.push({ name: 'retry of processes', stop: forget });
  const stay = (given: Stay): void => {
    const { name, epoch, why, retryMs } = given;
    const told = supervisor.stays.note(given);
    if (told) {
      const command = { kind: 'noteGivenUp', name, epoch: epoch as LogIndex, why } as const;
      holder.node?.propose(command, clock.nowMs() + RETRY_MS, () => undefined);
    }
    stayed = { epoch, count: stayed.epoch === epoch ? stayed.count + 1 : 1 };
    log.error(
      { process: name, why, retryMs },
      'a process that was given up stays where it is, and is started again later',
    );
    const isStill = (): boolean => {
      const status = holder.node?.status();
      // One that an operator stopped, or defined otherwise, is not tried again.
      const isAsked = supervisor.stays.has(name, epoch);
      return isAsked && status?.isPrimary === true && status.epoch === epoch;
    };
    clearTimeout(retries.get(name));
    const again = (): void => {
      if (isStill()) void supervisor.command(name, 'start', RETRY_MS);
    };
    retries.set(name, setTimeout(again, retryMs));
  };
  const countUnder = (epoch: number): number => (stayed.epoch === epoch ? stayed.count : 0);
  return { stay, countUnder };
}
