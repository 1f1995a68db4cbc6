// The load on locks: clients of the client library wait for a few locks, hold them for a while and release them. While one holds, it looks again
// and again whether the library still says that nobody else can: the last moment at which it said so is the evidence of the hold.

import { setTimeout as pause } from 'node:timers/promises';

import type { Stream, Streams } from '../../../simulations/random.js';
import { connect } from '../../../src/client/index.js';
import type { HeldLock, Quorate } from '../../../src/client/index.js';
import { QuorateError } from '../../../src/errors.js';
import type { Anomaly } from './checks.js';

/** A time in which one client surely held a lock, both ends included. */
export interface Hold {
  readonly name: string;
  readonly token: number;
  readonly client: string;
  /** When the grant was answered, and when it was last certain; whole microseconds of one clock. */
  readonly fromUs: number;
  readonly untilUs: number;
}

export interface LockCounts {
  grants: number;
  /** Of them, those whose holder was told to stop before it released. */
  lost: number;
  refused: number;
}

const CLIENTS = 4;
const LOCKS = 2;
const LIMITS = { ttlMs: 2000, holdMs: 60, waitMs: 3000, delayMs: 200 } as const;
const LOOK_MS = 3;
const PAUSE_MS = 40;

export class LockLoad {
  readonly counts: LockCounts = { grants: 0, lost: 0, refused: 0 };
  readonly #clients: readonly { readonly client: Quorate; readonly stream: Stream }[];
  readonly #nowUs: () => number;
  readonly #holds: Hold[] = [];
  readonly #over = new AbortController();

  constructor(addresses: readonly string[], streams: Streams, nowUs: () => number) {
    this.#nowUs = nowUs;
    this.#clients = Array.from({ length: CLIENTS }, (_, at) => ({
      client: connect({ addresses }),
      stream: streams.stream(`lock-clients/${at + 1}`),
    }));
  }

  /** Asks until `stop`; resolves when every client is done. */
  async run(): Promise<void> {
    await Promise.all(
      this.#clients.map(async ({ client, stream }, at) => {
        while (!this.#over.signal.aborted) {
          await this.#holdOnce(`l${at + 1}`, client, stream);
          await pause(stream.between(0, PAUSE_MS));
        }
      }),
    );
  }

  stop(): void {
    this.#over.abort();
  }

  judge(): Anomaly[] {
    return lockAnomalies(this.#holds);
  }

  close(): void {
    for (const { client } of this.#clients) client.close();
  }

  async #holdOnce(who: string, client: Quorate, stream: Stream): Promise<void> {
    const name = `lock-${stream.between(1, LOCKS)}`;
    const { ttlMs, waitMs, holdMs } = LIMITS;
    const delayMs = stream.between(0, LIMITS.delayMs);
    const forMs = stream.between(0, 2 * holdMs);
    try {
      const { signal } = this.#over;
      const lock = await client.locks.acquire(name, { ttlMs, waitMs, delayMs, signal });
      this.counts.grants += 1;
      await this.#watch(who, lock, forMs);
      await lock.release();
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      this.counts.refused += 1;
    }
  }

  /** Looks with a fresh reading each time: what was not looked at is not claimed. */
  async #watch(client: string, lock: HeldLock, forMs: number): Promise<void> {
    const { name, token } = lock;
    const fromUs = this.#nowUs();
    let untilUs = fromUs;
    const untilMs = performance.now() + forMs;
    let isSure = true;
    while (isSure && performance.now() < untilMs) {
      // The clock first: what is said then holds for that moment.
      const nowUs = this.#nowUs();
      isSure = !lock.signal.aborted && lock.remainingMs() > 0;
      if (isSure) untilUs = nowUs;
      await pause(LOOK_MS);
    }
    if (!isSure) this.counts.lost += 1;
    this.#holds.push({ name, token, client, fromUs, untilUs });
  }
}

/** What two who held the same lock at once, or a token that came twice, say. */
export function lockAnomalies(holds: readonly Hold[]): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const last = new Map<string, Hold>();
  for (const hold of holds.toSorted((a, b) => a.token - b.token)) {
    const before = last.get(hold.name);
    last.set(hold.name, hold);
    if (before === undefined) continue;
    const detail = `${JSON.stringify(before)} and ${JSON.stringify(hold)}`;
    if (before.token === hold.token) anomalies.push({ check: 'a token is granted once', detail });
    // In the order of tokens each hold ends before the next begins: so no two of them meet.
    else if (before.untilUs > hold.fromUs) {
      anomalies.push({ check: 'a lock has one holder, and tokens follow real time', detail });
    }
  }
  return anomalies;
}
