// `connect`: the client library. One object that knows the members, follows the leader, and whose writes happen once, however
// often they have to be sent. Calls that run at the same time are independent; nothing here holds them in order.

import { formatAddress, parseAddress } from '../address.js';
import { QuorateError } from '../errors.js';
import { TlsIdentity } from '../tls/identity.js';
import type { TlsFiles } from '../tls/identity.js';
import { Caller } from './caller.js';
import type { CallOptions } from './caller.js';
import { ClusterClient } from './cluster-client.js';
import { JobsClient } from './jobs-client.js';
import { LocksClient } from './locks-client.js';
import { PoliciesClient } from './policies-client.js';
import { checkTimeout, invalidArgument } from './numbers.js';
import { ServicesClient } from './services-client.js';
import { SessionsClient } from './sessions-client.js';
import { StoreClient } from './store-client.js';
import type { WatchOptions } from './watch.js';
import type { WatchUpdate } from './watch-cursor.js';
import { JobWorker } from './worker.js';
import type { WorkerOptions } from './worker.js';

const API_PORT = 6001;
const TIMEOUT_DEFAULT_MS = 10_000;

export interface ConnectOptions {
  /** API addresses of any members, `HOST[:6001]`; the others are learned from them. */
  readonly addresses: readonly string[];
  /** PEM files; default: without TLS. Files that are replaced are taken for the next connections. */
  readonly tls?: TlsFiles;
  /** For each call with its repetitions, in milliseconds; default 10 s. */
  readonly timeoutMs?: number;
  /**
   * Default true: writes go under a client session, are repeated until their deadline and happen once. False: a write that may
   * have happened is not repeated; the first write then costs one entry less.
   */
  readonly clientSession?: boolean;
  /**
   * Answers the trace that a call belongs to, as W3C's `traceparent`: called once for each call, in the context in which it is made.
   * Pipelined operations have none.
   */
  readonly traceparent?: () => string | null | undefined;
}

/** Connects at the first call. Throws INVALID_ARGUMENT or TLS_FILES if what is given cannot be used. */
export function connect(options: ConnectOptions): Quorate {
  return new Quorate(options);
}

export class Quorate {
  readonly store: StoreClient;
  readonly sessions: SessionsClient;
  readonly locks: LocksClient;
  readonly jobs: JobsClient;
  readonly services: ServicesClient;
  readonly policies: PoliciesClient;
  readonly cluster: ClusterClient;
  readonly #caller: Caller;
  readonly #tls: TlsIdentity | null;

  /** Use `connect`. */
  constructor(options: ConnectOptions) {
    const { addresses, tls, timeoutMs = TIMEOUT_DEFAULT_MS, clientSession, traceparent } = options;
    checkTimeout(timeoutMs);
    const given = addresses.map(checkedAddress);
    if (given.length === 0) throw invalidArgument('addresses', 'expected at least one API address');
    this.#tls = tls === undefined ? null : TlsIdentity.load(tls);
    // What cannot be used changes nothing; what then fails says why.
    this.#tls?.watch({ onChanged: () => {}, onRefused: () => {}, onExpiry: () => {} });
    this.#caller = new Caller({
      addresses: given,
      timeoutMs,
      tls: this.#tls,
      isFollowing: true,
      isCovering: clientSession ?? true,
      traceparent,
    });
    this.store = new StoreClient(this.#caller);
    this.sessions = new SessionsClient(this.#caller);
    this.locks = new LocksClient(this.#caller);
    this.jobs = new JobsClient(this.#caller);
    this.services = new ServicesClient(this.#caller);
    this.policies = new PoliciesClient(this.#caller);
    this.cluster = new ClusterClient(this.#caller);
  }

  /** API addresses that may be asked: those given, and those of the members learned since. */
  get addresses(): readonly string[] {
    return this.#caller.addresses;
  }

  /**
   * Runs `fn` if `epoch` is the running reign's, else refuses with STALE_EPOCH and does not run it. What it cannot promise: the
   * reign may end while `fn` runs, or just before. So `fn` gets the epoch, to send it along with what must not be done by two,
   * and whoever receives it there keeps the highest it has seen and refuses lower ones.
   */
  async guard<T>(
    epoch: number,
    fn: (epoch: number) => T | Promise<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const check = await this.cluster.checkEpoch(epoch, options);
    if (check.isCurrent) return fn(epoch);
    const who = check.primary === null ? 'nobody is primary' : `${check.primary} is primary`;
    const state = epoch > check.epoch ? 'has not begun' : 'is over';
    const message = `epoch ${epoch} ${state}: the newest is ${check.epoch}, ${who}`;
    throw new QuorateError('STALE_EPOCH', message, { epoch: String(check.epoch) });
  }

  /**
   * What changes, as it changes: no revision left out, none told twice, whichever member tells it and however often it goes on at
   * another. Ends when the loop is left, the signal ends it or the client is closed.
   */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchUpdate, void> {
    return this.#caller.watch(options);
  }

  /** A worker that does jobs; it begins with its first handler. */
  worker(options: WorkerOptions = {}): JobWorker {
    return new JobWorker(this.#caller, options);
  }

  /** Closes the connections; calls that run end with CANCELLED. */
  close(): void {
    this.#caller.close();
    this.#tls?.close();
  }
}

function checkedAddress(text: string): string {
  try {
    return formatAddress(parseAddress(text, API_PORT));
  } catch (error) {
    throw invalidArgument('addresses', error instanceof Error ? error.message : String(error));
  }
}
