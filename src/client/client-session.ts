// The client's half of exactly-once: a client session that is opened before the first write and anew when the cluster has
// forgotten it, the sequence of each request, and which requests are still under way. What is acknowledged is what the caller
// has an answer for, or has given up. Sending and repeating are client.ts's.

import type { ClientRequest } from '../generated/quorate/v1/ClientRequest.js';

/** One request that is under way. */
export interface Ticket {
  /** As it stands in the request; what is acknowledged grows from attempt to attempt. */
  readonly identity: () => ClientRequest;
  /** The answer is there, or nobody waits for it any more. */
  readonly end: () => void;
  /** The cluster does not know the client session any more: later requests open another. */
  readonly forget: () => void;
}

/** A client session that is open, and its requests under way. */
interface Open {
  readonly session: string;
  readonly window: number;
  next: number;
  /** In ascending order, as sequences are given. */
  readonly underWay: Set<number>;
}

/** Opens a client session at the cluster. */
export type OpenSession = () => Promise<{ readonly session: string; readonly window: number }>;

export class ClientSession {
  #open: Open | null = null;
  #opening: Promise<void> | null = null;

  /**
   * Gives the next request its place, opening a client session by `openSession` if there is none. Requests that come
   * meanwhile share it, and its failure. A session whose window is full is left to its requests, and another one is opened.
   */
  async begin(openSession: OpenSession): Promise<Ticket> {
    const open = this.#usable() ?? (await this.#opened(openSession));
    const sequence = open.next;
    open.next += 1;
    open.underWay.add(sequence);
    return {
      identity: () => ({ session: open.session, sequence, acknowledgedBelow: lowest(open) }),
      end: () => {
        open.underWay.delete(sequence);
      },
      forget: () => {
        if (this.#open === open) this.#open = null;
      },
    };
  }

  #usable(): Open | null {
    const open = this.#open;
    return open !== null && open.next < lowest(open) + open.window ? open : null;
  }

  async #opened(openSession: OpenSession): Promise<Open> {
    this.#opening ??= openSession()
      .then(({ session, window }) => {
        this.#open = { session, window, next: 1, underWay: new Set() };
      })
      .finally(() => {
        this.#opening = null;
      });
    await this.#opening;
    return this.#usable() ?? this.#opened(openSession);
  }
}

/** The lowest sequence whose answer is still wanted; the next one if there is none. */
function lowest({ underWay, next }: Open): number {
  return underWay.values().next().value ?? next;
}
