// A claim of a job that a worker holds: kept alive by heartbeats, told of the moment before it may be over, and the way for everything that is
// reported under it. Until when it surely lasts is reckoned in lock-life.ts; here are the clock and the timers.

import { setTimeout as pause } from 'node:timers/promises';
import type { MethodDefinition } from '@grpc/proto-loader';
import { QuorateError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import type { ClientRequest } from '../generated/quorate/v1/ClientRequest.js';
import type { Job__Output } from '../generated/quorate/v1/Job.js';
import type { JobStanding__Output } from '../generated/quorate/v1/JobStanding.js';
import type { Caller } from './caller.js';
import { lifeAfter, renewAfterMs } from './lock-life.js';
import type { LockLife } from './lock-life.js';
import { JOBS } from './protos.js';

/** Between two attempts at a report that failed. */
const RETRY_MS = 100;
/** For one attempt: a member that is silent must not take the whole life of the claim. */
const ATTEMPT_MS = 5000;

/** What no repetition mends. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'JOB_CLAIM_LOST',
  'JOB_NOT_FOUND',
  'JOB_LIMIT',
  'INVALID_ARGUMENT',
  'TOO_LARGE',
  'PERMISSION_DENIED',
]);

interface Reported {
  readonly client?: ClientRequest | null;
}

export class ClaimedJob {
  readonly #caller: Caller;
  readonly #id: string;
  readonly #epoch: number;
  readonly #token: number;
  readonly #heartbeatMs: number;
  readonly #ended = new AbortController();
  readonly #over = new AbortController();
  #poke = new AbortController();
  #life: LockLife;
  #timer: NodeJS.Timeout | null = null;

  /** `askedAtMs`: when the claim was asked for, by `performance.now()`. */
  constructor(caller: Caller, job: Job__Output, askedAtMs: number) {
    this.#caller = caller;
    this.#id = job.id;
    this.#epoch = job.claim?.epoch ?? 0;
    this.#token = job.claim?.token ?? 0;
    this.#heartbeatMs = job.heartbeatMs;
    // The question may have waited for a job longer than a claim lasts: then the first heartbeat, at once, tells how long it does.
    const nowMs = performance.now();
    const hasWaited = nowMs - askedAtMs > renewAfterMs(job.heartbeatMs);
    const sinceMs = hasWaited ? nowMs : askedAtMs;
    this.#life = lifeAfter(sinceMs, job.claim?.remainingMs ?? 0, job.heartbeatMs);
    if (hasWaited) this.look();
    if (job.cancelReason !== undefined) this.#cancel(job.cancelReason);
    this.#arm();
    void this.#beat();
  }

  get epoch(): number {
    return this.#epoch;
  }

  get token(): number {
    return this.#token;
  }

  /** Aborts when the claim is lost (JOB_CLAIM_LOST) or the job shall be cancelled (CANCELLED). */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** The claim is lost: nothing can be reported any more. */
  get isLost(): boolean {
    return this.#over.signal.aborted;
  }

  /** Looks at once whether the claim still holds: something happened that may have ended it. */
  look(): void {
    this.#poke.abort();
  }

  /** As if the process was gone: nothing more is said of the job, and its handler is told that the claim is lost. */
  abandon(): void {
    this.#lose(
      new QuorateError('JOB_CLAIM_LOST', `job ${this.#id} is abandoned`, { id: this.#id }),
    );
  }

  /** Stops the heartbeats. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#over.abort();
    this.#poke.abort();
  }

  /** Reports under the claim, again and again while it holds. Fails with why it cannot be reported. */
  async report<Request extends Reported, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    about: object,
  ): Promise<ResponseOut> {
    const { signal } = this.#over;
    const request = { ...about, id: this.#id, epoch: this.#epoch, token: this.#token };
    for (;;) {
      try {
        const askedAtMs = performance.now();
        const options = { signal, timeoutMs: ATTEMPT_MS };
        const answer = await this.#caller.once(method, request as unknown as Request, options);
        this.#heard(askedAtMs, answer as { readonly standing?: JobStanding__Output | null });
        return answer;
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        if (error.code === 'JOB_CLAIM_LOST' || error.code === 'JOB_NOT_FOUND') this.#lose(error);
        if (FINAL.has(error.code)) throw error;
        if (signal.aborted) throw this.#ended.signal.reason ?? error;
      }
      await pause(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }

  #heard(
    askedAtMs: number,
    { standing }: { readonly standing?: JobStanding__Output | null },
  ): void {
    if (standing === undefined || standing === null) return;
    if (standing.remainingMs > 0) {
      this.#life = lifeAfter(askedAtMs, standing.remainingMs, this.#heartbeatMs);
      this.#arm();
    }
    if (standing.cancelReason !== undefined) this.#cancel(standing.cancelReason);
  }

  async #beat(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      const poke = this.#poke.signal;
      await pause(renewAfterMs(this.#heartbeatMs), undefined, { signal: poke }).catch(() => {});
      if (poke.aborted) this.#poke = new AbortController();
      if (signal.aborted) return;
      // What it fails with is told by the signal.
      await this.report(JOBS.Heartbeat, {}).catch(() => {});
    }
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#over.signal.aborted) return;
    const afterMs = Math.max(0, this.#life.warnAtMs - performance.now());
    this.#timer = setTimeout(() => {
      const message = `the claim of job ${this.#id} could not be kept alive in time`;
      this.#lose(new QuorateError('JOB_CLAIM_LOST', message, { id: this.#id }));
    }, afterMs);
    this.#timer.unref();
  }

  #lose(error: QuorateError): void {
    if (this.#over.signal.aborted) return;
    this.#ended.abort(error);
    this.close();
  }

  #cancel(reason: string): void {
    if (this.#ended.signal.aborted) return;
    const why = reason === '' ? '' : `: ${reason}`;
    this.#ended.abort(new QuorateError('CANCELLED', `job ${this.#id} shall be cancelled${why}`));
  }
}
