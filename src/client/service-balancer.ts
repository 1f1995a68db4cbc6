// Picks providers of a service from what one watch tells: no question to the cluster for each, and a provider that is gone, draining or
// unhealthy is not picked any more as soon as that is told. What a caller fails with it says here, and is sent elsewhere for a while.

import { setTimeout as pause } from 'node:timers/promises';
import { QuorateError } from '../errors.js';
import type { Change__Output as Change } from '../generated/quorate/v1/Change.js';
import { cancelled } from './abort.js';
import type { Caller } from './caller.js';
import { pick, preferred } from './service-pick.js';
import type { PickRule } from './service-pick.js';
import { providerOf } from './service-provider.js';
import type { ServiceProvider } from './service-provider.js';

export interface BalancerOptions {
  /** Default `twoChoices`: the less loaded of two that are drawn. */
  readonly rule?: PickRule;
  /** If any that is well runs at this member, only those are picked from. */
  readonly preferNode?: string;
  /** Only providers that have all of these. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Told of what went wrong with the watch; it goes on at another member. */
  readonly onError?: (error: unknown) => void;
}

export interface NextOptions {
  /** How long to wait while none is well; default 10 s. Then NO_PROVIDER. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

const WAIT_DEFAULT_MS = 10_000;
const AVOID_DEFAULT_MS = 5000;
/** A member that falls silent is left for another soon: nobody would tell who is gone meanwhile. */
const BOOKMARK_MS = 500;

export class ServiceBalancer {
  readonly service: string;
  readonly #options: BalancerOptions;
  readonly #closed = new AbortController();
  readonly #byKey = new Map<string, ServiceProvider>();
  /** Until when a registration is avoided, by `performance.now()`. */
  readonly #avoided = new Map<number, number>();
  /** Those that are well, in the order of the bytes of their ids; null: to be sorted anew. */
  #well: readonly ServiceProvider[] | null = null;
  #isTold = false;
  #failure: QuorateError | null = null;
  #lastId = '';
  #waiting: (() => void)[] = [];

  /** Use `client.services.balancer`. */
  constructor(caller: Caller, service: string, options: BalancerOptions) {
    this.service = service;
    this.#options = options;
    void this.#watch(caller);
  }

  /** Those that may be picked, as told last. */
  get providers(): readonly ServiceProvider[] {
    const { tags = {} } = this.#options;
    const wanted = Object.entries(tags);
    this.#well ??= [...this.#byKey.values()]
      .filter((of) => of.health === 'healthy')
      .filter((of) => wanted.every(([name, value]) => of.tags[name] === value))
      .toSorted((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
    return this.#well;
  }

  /** The provider to use now; null: none is well, or the cluster was not heard yet. */
  pick(): ServiceProvider | null {
    const { rule = 'twoChoices', preferNode = '' } = this.#options;
    const avoid = this.#avoid();
    const nodeOf = ({ node }: ServiceProvider): string => node;
    const left = preferred(this.providers, nodeOf, { preferNode, avoid });
    const picked = pick(left, rule, this.#lastId, Math.random);
    if (picked !== null) this.#lastId = picked.id;
    return picked;
  }

  /** The provider to use now; waits while there is none. Fails with NO_PROVIDER, or with why the watch ended for good. */
  async next({ waitMs = WAIT_DEFAULT_MS, signal }: NextOptions = {}): Promise<ServiceProvider> {
    const untilMs = performance.now() + waitMs;
    for (;;) {
      const picked = this.pick();
      if (picked !== null) return picked;
      if (signal?.aborted === true) throw cancelled(signal, false);
      if (this.#closed.signal.aborted) {
        throw new QuorateError('CANCELLED', 'the balancer was closed', {}, { outcome: 'refused' });
      }
      if (this.#failure !== null) throw this.#failure;
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) throw this.#none();
      await this.#told(leftMs, signal);
    }
  }

  /** One provider after the other, a fresh pick each; ends when the balancer is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ServiceProvider, void, undefined> {
    while (!this.#closed.signal.aborted) yield await this.next();
  }

  /** A caller failed with it: it is picked for a while only if no other is left, unless it is registered anew. */
  failed({ registration }: ServiceProvider, forMs = AVOID_DEFAULT_MS): void {
    this.#avoided.set(registration, performance.now() + forMs);
  }

  /** Ends the watch. */
  close(): void {
    this.#closed.abort();
    this.#wake();
  }

  #avoid(): ReadonlySet<string> {
    if (this.#avoided.size === 0) return NONE;
    const nowMs = performance.now();
    for (const [registration, untilMs] of this.#avoided) {
      if (untilMs <= nowMs) this.#avoided.delete(registration);
    }
    const avoided = this.providers.filter(({ registration }) => this.#avoided.has(registration));
    return new Set(avoided.map(({ id }) => id));
  }

  #none(): QuorateError {
    const { service } = this;
    const message = this.#isTold
      ? `service ${service} has no provider to send anybody to`
      : `no member told who offers service ${service}`;
    return new QuorateError('NO_PROVIDER', message, { service });
  }

  async #told(withinMs: number, signal: AbortSignal | undefined): Promise<void> {
    const ends = new AbortController();
    const told = new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
    const either = signal === undefined ? ends.signal : AbortSignal.any([ends.signal, signal]);
    const late = pause(withinMs, undefined, { signal: either }).catch(() => {});
    await Promise.race([told, late]);
    ends.abort();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #watch(caller: Caller): Promise<void> {
    const { signal } = this.#closed;
    const { onError } = this.#options;
    const filters = [{ fact: 'FACT_SERVICE', prefix: `${this.service}/` } as const];
    const onBreak = (error: QuorateError): void => onError?.(error);
    const wish = { filters, withState: true, bookmarkMs: BOOKMARK_MS, onBreak, signal };
    let state: Change[] = [];
    try {
      for await (const update of caller.watch(wish)) {
        if (update.type === 'bookmark') continue;
        if (update.type === 'changes') {
          for (const { changes } of update.revisions) this.#take(changes);
        } else {
          // Until it is whole, what was told before stands.
          state = update.isFirst ? [...update.rows] : [...state, ...update.rows];
          if (!update.isLast) continue;
          this.#byKey.clear();
          this.#take(state);
          this.#isTold = true;
        }
        this.#well = null;
        this.#wake();
      }
      const why = 'the client was closed';
      this.#failure = new QuorateError('CANCELLED', why, {}, { outcome: 'refused' });
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      this.#failure = error;
      if (!signal.aborted) onError?.(error);
    }
    this.#wake();
  }

  #take(changes: readonly Change[]): void {
    for (const { key, provider } of changes) {
      if (provider === null || provider === undefined) this.#byKey.delete(key);
      else this.#byKey.set(key, providerOf(provider));
    }
  }
}

const NONE: ReadonlySet<string> = new Set();
