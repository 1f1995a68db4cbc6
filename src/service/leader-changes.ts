// Waiting for somebody else to lead, and for the next attempt until then. All who wait share one look at the node every few
// milliseconds: a leader on a starved machine must not be kept from its work by those who ask, again and again, whether it can
// serve them. Who leads is a hint as everywhere; each attempt finds out anew.

import type { NodeApi, NodeOutline } from '../node/api.js';
import type { ClockPort } from '../node/ports.js';

/** How often it is looked whether somebody else leads, while anybody waits. */
const LOOK_MS = 20;
const BACK_OFF_FIRST_MS = 20;

interface Waiter {
  readonly sight: string;
  readonly untilMs: number;
  readonly wake: () => void;
}

/** What of a node decides whether an attempt may end otherwise than the one before. */
export function sightOf({ leaderId, term, role, condition }: NodeOutline): string {
  return `${leaderId ?? '-'} ${term} ${role ?? '-'} ${condition}`;
}

/**
 * How long after the attempt of this number, from 1 on, the next is made at the latest: twice as long each time, up to half an election
 * timeout, and each of many at another moment. `random` is in [0, 1).
 */
export function backOffMs(attempt: number, electionTimeoutMs: number, random: number): number {
  const most = Math.max(BACK_OFF_FIRST_MS, electionTimeoutMs / 2);
  const full = Math.min(BACK_OFF_FIRST_MS * 2 ** Math.min(attempt - 1, 16), most);
  return Math.ceil(full * (0.5 + random / 2));
}

export class LeaderChanges {
  readonly #node: Pick<NodeApi, 'outline'>;
  readonly #clock: ClockPort;
  readonly #waiters = new Set<Waiter>();
  #timer: NodeJS.Timeout | null = null;

  constructor(node: Pick<NodeApi, 'outline'>, clock: ClockPort) {
    this.#node = node;
    this.#clock = clock;
  }

  /** Resolves as soon as the node is seen otherwise than in `sight`, or at `untilMs`. `forget` makes it resolve at once. */
  after(
    sight: string,
    untilMs: number,
  ): { readonly seen: Promise<void>; readonly forget: () => void } {
    let forget = (): void => undefined;
    const seen = new Promise<void>((resolve) => {
      const waiter = { sight, untilMs, wake: resolve };
      this.#waiters.add(waiter);
      forget = () => {
        this.#waiters.delete(waiter);
        resolve();
      };
    });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    return { seen, forget };
  }

  #look(): void {
    const sight = sightOf(this.#node.outline());
    const nowMs = this.#clock.nowMs();
    for (const waiter of this.#waiters) {
      if (waiter.sight === sight && nowMs < waiter.untilMs) continue;
      this.#waiters.delete(waiter);
      waiter.wake();
    }
    if (this.#waiters.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
