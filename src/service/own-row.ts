// Keeps this member's row in the configuration true: after a restart with other addresses, priority or tags the member
// asks the leader to change the row, again and again until it is so. Peers find it meanwhile by its greeting, and it asks only
// once it hears a leader: a copy of a data directory whose original runs is greeted by nobody, and must not take its place.
// Where no leader is heard for long, that is told, with what to do. Versions are the core's own business.

import { formatAddress, parseAddress } from '../address.js';
import { CLUSTER } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import type { Member__Output } from '../generated/quorate/v1/Member.js';
import type { NodeStatus } from '../node/api.js';
import { contextOfOwn } from './call-context.js';
import { memberMessage } from './member-message.js';
import { update } from './member-service.js';
import type { ServiceModules } from './modules.js';
import { areSameTags } from '../state-machine/members.js';
import { memberById } from './status-map.js';

/** Between two looks at the row. */
const LOOK_EVERY_MS = 250;
/** For one attempt. */
const ATTEMPT_MS = 2000;
/** Without a leader for as long, in election timeouts, a member that moved says what may be the matter. */
const LOST_TIMEOUTS = 10;

export class OwnRow {
  readonly #modules: ServiceModules;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;
  /** The refusal last logged. */
  #told = '';
  /** Since when the row is not true and no leader is heard; null: it is, or one is. */
  #lostSinceMs: number | null = null;
  #hasToldLost = false;

  /** Begins to look. */
  constructor(modules: ServiceModules) {
    this.#modules = modules;
    this.#later();
  }

  /** Looks no more; an attempt under way ends by its own deadline, and nobody waits for it. */
  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #later(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    const { node, log, onFatal } = this.#modules;
    try {
      const status = node.status();
      const row = untrueRow(this.#modules, status);
      this.#noteLost(row, status);
      if (row === null || status.leaderId === null) return;
      await this.#ask(row, status);
      this.#told = '';
      log.info({ address: row.address, api: row.api }, 'the cluster knows where this node is now');
    } catch (error) {
      if (error instanceof QuorateError) this.#tell(error);
      else onFatal(error);
    } finally {
      this.#later();
    }
  }

  /**
   * Members that all moved at once know no address of one another that is true. One that stayed is enough for the others to
   * find each other, if with it they are a majority.
   */
  #noteLost(row: Member__Output | null, { leaderId, cluster }: NodeStatus): void {
    const { clock, log } = this.#modules;
    if (row === null || leaderId !== null) {
      this.#lostSinceMs = null;
      this.#hasToldLost = false;
      return;
    }
    this.#lostSinceMs ??= clock.nowMs();
    const lostMs = clock.nowMs() - this.#lostSinceMs;
    if (this.#hasToldLost || lostMs < LOST_TIMEOUTS * (cluster?.electionTimeoutMs ?? 0)) return;
    this.#hasToldLost = true;
    log.error({ address: row.address, lostMs }, LOST);
  }

  /** Asks the leader by way of this node. */
  async #ask(member: Member__Output, { cluster }: NodeStatus): Promise<void> {
    const deadlineMs = this.#modules.clock.nowMs() + ATTEMPT_MS;
    const context = contextOfOwn(CLUSTER.Update.path, cluster?.nodeName ?? '', deadlineMs);
    await update(this.#modules, { member }, context);
  }

  /** What may change by itself is tried again in silence; a refusal is logged once. */
  #tell({ code, message, hint, isRetryable, outcome }: QuorateError): void {
    const { log } = this.#modules;
    const isPassing = isRetryable || outcome === 'indeterminate';
    if (isPassing || message === this.#told) {
      log.debug({ code, detail: message }, 'the cluster could not be told where this node is now');
      return;
    }
    this.#told = message;
    log.error({ code, detail: message, hint }, 'the cluster refuses to reach this node there');
  }
}

const LOST =
  'this node moved and hears no leader: if the others moved too, they cannot find each other; start one of them, or as many as it takes, where it was before, or tell where it is reached with --advertise, or let discovery find them';

/** Finds what the row should say; null: it does, or there is none, or this node is no member that works. */
export function untrueRow(
  { self }: Pick<ServiceModules, 'self'>,
  status: NodeStatus,
): Member__Output | null {
  const row = status.condition === 'member' ? memberById(status, status.nodeId) : null;
  if (row === null) return null;
  const [address, api] = [self.address, self.api].map((said) =>
    formatAddress(parseAddress(said, null)),
  );
  const priority = self.isPriorityGiven ? self.priority : row.priority;
  const said = { ...row, address: address ?? '', api: api ?? '', priority, tags: self.tags ?? [] };
  const isTrue =
    row.address === said.address &&
    row.api === said.api &&
    row.priority === said.priority &&
    areSameTags(row.tags, said.tags);
  return isTrue ? null : memberMessage(said, false);
}
