// An offer of a service that keeps itself alive: registered under a session that is renewed while the program runs, and registered anew
// if that session ends all the same. It ends when it is closed, when another process registers the same id, or when somebody takes it
// away; a watch on its own key tells.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { QuorateError } from '../errors.js';
import type { ProviderReport } from '../generated/quorate/v1/ProviderReport.js';
import type { Provider__Output } from '../generated/quorate/v1/Provider.js';
import type { CallOptions, Caller } from './caller.js';
import { HeldSession } from './held-session.js';
import { whole } from './numbers.js';
import { SERVICES, SESSIONS } from './protos.js';
import { HEALTH_NAMES } from './service-provider.js';
import type { ProviderHealth } from './service-provider.js';

const TTL_DEFAULT_MS = 5000;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 2000;
/** Sessions that are remembered as its own. */
const SESSIONS_MAX = 16;
/** How long the watch on its own key may be silent. */
const BOOKMARK_MS = 1000;

export interface OfferOptions extends CallOptions {
  /** Where callers reach it. */
  readonly address: string;
  /** Default: drawn. Give one that stays the same over restarts: the process then need not wait for the end of its former session. */
  readonly id?: string;
  /** How long it may still be picked once this process is gone, 2 s to 24 h; default 5 s. */
  readonly ttlMs?: number;
  /** A whole number, lower is better; default 0. */
  readonly load?: number;
  /** Default `healthy`. */
  readonly health?: ProviderHealth;
  readonly tags?: Readonly<Record<string, string>>;
  /** The member that it runs at; default: the one through which it is registered. */
  readonly node?: string;
  /** Told of what went wrong beside the calls, such as a registration that has to be tried again. */
  readonly onError?: (error: unknown) => void;
}

/** What of an offer changes while it lasts. */
export type OfferReport = Partial<Pick<OfferOptions, 'load' | 'health'>>;

export class ServiceOffer {
  readonly service: string;
  readonly id: string;
  readonly #caller: Caller;
  readonly #options: OfferOptions;
  readonly #ended = new AbortController();
  readonly #closed = new AbortController();
  /** Of loads and of healths, one after the other each: the newest is sent once the one before is stored. */
  readonly #lanes = { load: new Lane(), health: new Lane() };
  #load: number;
  #health: ProviderHealth;
  #session: HeldSession;
  /** Ids of its sessions, the newest last: what was asked for under an older one may happen late. */
  readonly #sessions: string[] = [];
  #registration = 0;
  #again: Promise<void> | null = null;

  private constructor(
    caller: Caller,
    service: string,
    options: OfferOptions,
    session: HeldSession,
  ) {
    const { id = randomUUID(), load = 0, health = 'healthy' } = options;
    this.service = service;
    this.id = id;
    this.#caller = caller;
    this.#options = options;
    this.#load = whole('load', load);
    this.#health = health;
    this.#session = session;
  }

  /** Registers it; resolves once it is stored. */
  static async open(caller: Caller, service: string, options: OfferOptions): Promise<ServiceOffer> {
    const { ttlMs = TTL_DEFAULT_MS } = options;
    const session = await HeldSession.open(caller, 'service', ttlMs, callOptions(options));
    const offer = new ServiceOffer(caller, service, options, session);
    try {
      await offer.#register(callOptions(options));
    } catch (error) {
      // Nobody keeps it alive any more; if this fails, the session ends by itself.
      await offer.close().catch(() => {});
      throw error;
    }
    offer.#follow(session);
    void offer.#watch();
    return offer;
  }

  /** Aborts when the offer is over although it was not closed: PROVIDER_REPLACED or PROVIDER_NOT_FOUND says why. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Of the newest registration. */
  get registration(): number {
    return this.#registration;
  }

  /**
   * Tells load, health or both; resolves once this or something newer is stored. A load is stored at most once a second: whoever
   * tells more often is told later, and only the newest counts.
   */
  async report({ load, health }: OfferReport): Promise<void> {
    this.#ended.signal.throwIfAborted();
    this.#load = load === undefined ? this.#load : whole('load', load);
    this.#health = health ?? this.#health;
    await Promise.all([
      load === undefined ? null : this.#lanes.load.run(() => this.#tell({ load: this.#load })),
      health === undefined
        ? null
        : this.#lanes.health.run(() => this.#tell({ health: HEALTH_NAMES[this.#health] })),
    ]);
  }

  /** Takes the offer away; who watches the service is told at once. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    await this.#again;
    this.#session.close();
    // What is registered under it goes in the same entry.
    await this.#caller.once(SESSIONS.Delete, { id: this.#session.id });
  }

  async #register(options: CallOptions): Promise<void> {
    this.#sessions.push(this.#session.id);
    if (this.#sessions.length > SESSIONS_MAX) this.#sessions.shift();
    const { address, tags = {}, node = '' } = this.#options;
    const { service, id } = this;
    const told = { load: this.#load, health: HEALTH_NAMES[this.#health], tags: { ...tags } };
    const request = { service, id, address, node, session: this.#session.id, ...told };
    const { registration } = await this.#caller.once(SERVICES.Register, request, options);
    this.#registration = registration;
  }

  async #tell(what: Pick<ProviderReport, 'load' | 'health'>): Promise<void> {
    const { service, id } = this;
    const { signal } = this.#closed;
    for (;;) {
      const registration = this.#registration;
      const reports = [{ service, id, registration, ...what }];
      // Harmless to repeat; that it is not known any more is told by the watch.
      const { providers } = await this.#caller.read(SERVICES.Report, { reports }, { signal });
      await this.#again;
      if (providers[0]?.revision !== undefined || registration === this.#registration) return;
    }
  }

  /** Registers it anew once this session may be over. */
  #follow(session: HeldSession): void {
    const onLost = (): void => {
      if (session === this.#session) this.#renew();
    };
    session.lost.addEventListener('abort', onLost, { once: true });
  }

  #renew(): void {
    this.#again ??= this.#registerAnew().finally(() => {
      this.#again = null;
    });
  }

  async #registerAnew(): Promise<void> {
    const { ttlMs = TTL_DEFAULT_MS, onError } = this.#options;
    const { signal } = this.#closed;
    let pauseMs = PAUSE_FIRST_MS;
    const isOver = (): boolean => signal.aborted || this.#ended.signal.aborted;
    while (!isOver()) {
      try {
        this.#session.close();
        this.#session = await HeldSession.open(this.#caller, 'service', ttlMs, { signal });
        await this.#register({ signal });
        this.#follow(this.#session);
        return;
      } catch (error) {
        if (isOver() || isClosed(error)) return;
        onError?.(error);
        await pause(pauseMs, undefined, { signal, ref: false }).catch(() => {});
        pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS);
      }
    }
  }

  /** Learns what became of it in the cluster. */
  async #watch(): Promise<void> {
    const { signal } = this.#closed;
    const filters = [{ fact: 'FACT_SERVICE', key: `${this.service}/${this.id}` } as const];
    const ends = AbortSignal.any([signal, this.#ended.signal]);
    const wish = { filters, withState: true, bookmarkMs: BOOKMARK_MS, signal: ends };
    try {
      for await (const update of this.#caller.watch(wish)) {
        if (update.type === 'state') {
          const [row] = update.rows;
          if (update.isLast) await this.#learn(update.revision, row?.provider ?? null);
        }
        if (update.type !== 'changes') continue;
        for (const { revision, changes } of update.revisions) {
          await this.#learn(revision, changes.at(-1)?.provider ?? null);
        }
      }
    } catch (error) {
      if (!signal.aborted) this.#options.onError?.(error);
    }
  }

  /** It stands so at the revision. */
  async #learn(revision: number, provider: Provider__Output | null): Promise<void> {
    if (revision < this.#registration || this.#again !== null) return;
    if (provider?.session === this.#session.id) return;
    const { service, id } = this;
    if (provider !== null) {
      // What stood there before is told late by a member that is behind.
      if (provider.registration < this.#registration) return;
      if (this.#sessions.includes(provider.session)) {
        this.#renew();
        return;
      }
      const message = `another process registered provider ${id} of service ${service}`;
      this.#end(new QuorateError('PROVIDER_REPLACED', message, { service, id }));
      return;
    }
    if (!(await this.#isSessionOver())) {
      const message = `somebody took provider ${id} of service ${service} away`;
      this.#end(new QuorateError('PROVIDER_NOT_FOUND', message, { service, id }));
    } else this.#renew();
  }

  /** Asks until somebody can tell; true as well once it does not matter any more. */
  async #isSessionOver(): Promise<boolean> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        return await this.#session.isOver();
      } catch (error) {
        if (signal.aborted || isClosed(error)) return true;
        this.#options.onError?.(error);
        await pause(PAUSE_MAX_MS, undefined, { signal, ref: false }).catch(() => {});
      }
    }
    return true;
  }

  #end(why: QuorateError): void {
    if (this.#closed.signal.aborted) return;
    this.#session.close();
    this.#ended.abort(why);
  }
}

/** Runs one at a time, and of those that come meanwhile one more: all want the same newest. */
class Lane {
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  run(work: () => Promise<void>): Promise<void> {
    if (this.#running === null) {
      this.#running = work().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.run(work);
      });
    return this.#next;
  }
}

/** The client was closed, and the offer with it. */
function isClosed(error: unknown): boolean {
  return error instanceof QuorateError && error.code === 'CANCELLED';
}

function callOptions({ timeoutMs, signal, retry, onRetry }: OfferOptions): CallOptions {
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
    ...(retry === undefined ? {} : { retry }),
    ...(onRetry === undefined ? {} : { onRetry }),
  };
}
