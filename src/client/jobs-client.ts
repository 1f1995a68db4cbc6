// `client.jobs`: the work ledger as those see it who have work to be done. What the methods do and refuse is told in
// proto/quorate/v1/jobs.proto; who does the work is worker.ts.

import { randomUUID } from 'node:crypto';
import type { Job__Output } from '../generated/quorate/v1/Job.js';
import type { JobStatus } from '../generated/quorate/v1/JobStatus.js';
import { bytesOf } from './bytes.js';
import type { Value } from './bytes.js';
import type { CallOptions, Caller } from './caller.js';
import { whole, wholeOrNone } from './numbers.js';
import { orNull } from './or-null.js';
import { pagesOf } from './pages.js';
import { JOBS } from './protos.js';
import { consistencyOf } from './read-options.js';
import type { ReadOptions } from './read-options.js';

export interface SubmitOptions extends CallOptions {
  /** Submitted again under the same id, it is the same job. Default: drawn. */
  readonly id?: string;
  /** For the worker, at most 256 KiB. */
  readonly payload?: Value;
  /** Another worker may go on behind its recorded steps; else it fails when its worker is gone. Default false. */
  readonly resumable?: boolean;
  /** Failures after which it has failed for good; default 1. */
  readonly attempts?: number;
  /** Pause before the second attempt, doubled with each failure; default 1 s. */
  readonly backoffMs?: number;
  /** Default 5 min. */
  readonly backoffMaxMs?: number;
  /** How long a claim lasts without a word of its worker, 1 s to 24 h; default 30 s. */
  readonly heartbeatMs?: number;
  /** It can be claimed after this time. */
  readonly delayMs?: number;
}

export interface JobView {
  readonly id: string;
  readonly type: string;
  readonly status: 'waiting' | 'claimed' | 'done' | 'failed' | 'cancelled';
  readonly payload: Buffer;
  readonly resumable: boolean;
  readonly attempts: number;
  /** Failures so far, without those that a fail-over caused. */
  readonly failures: number;
  /** How often it changed hands because a reign ended. */
  readonly moves: number;
  /** Null unless it is claimed. */
  readonly claim: {
    readonly worker: string;
    readonly epoch: number;
    readonly token: number;
    readonly remainingMs: number;
  } | null;
  readonly steps: readonly {
    readonly name: string;
    readonly result: Buffer;
    /** The reign under which it was recorded, and the entry that did. */
    readonly epoch: number;
    readonly revision: number;
  }[];
  /** Why its end was asked for; null: nobody did. */
  readonly cancelReason: string | null;
  readonly result: Buffer;
  /** Why it failed the last time, or was cancelled. */
  readonly reason: string;
  readonly readyInMs: number;
  readonly ageMs: number;
  readonly revision: number;
}

const STATUSES: Readonly<Record<JobStatus & string, JobView['status']>> = {
  JOB_UNSPECIFIED: 'waiting',
  JOB_WAITING: 'waiting',
  JOB_CLAIMED: 'claimed',
  JOB_DONE: 'done',
  JOB_FAILED: 'failed',
  JOB_CANCELLED: 'cancelled',
};

export class JobsClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Submits a job; `isNew` false: it was there before. */
  async submit(
    type: string,
    options: SubmitOptions = {},
  ): Promise<{ readonly id: string; readonly isNew: boolean }> {
    const { id = randomUUID(), payload = '', ...wish } = options;
    const request = { ...jobWish(wish), id, type, payload: bytesOf(payload) };
    const { created } = await this.#caller.once(JOBS.Submit, request, options);
    return { id, isNew: created };
  }

  /** The job with its steps; null: there is none, or it ended long ago. */
  async get(id: string, options: ReadOptions = {}): Promise<JobView | null> {
    const request = { id, consistency: consistencyOf(options) };
    return orNull('JOB_NOT_FOUND', async () => {
      const { job } = await this.#caller.read(JOBS.Get, request, options);
      return job === null ? null : jobViewOf(job);
    });
  }

  /** Jobs in the order of their ids' bytes, without payload and results, asked for in pages as they are taken. */
  async *list(
    options: { readonly prefix?: string; readonly pageSize?: number } & ReadOptions = {},
  ): AsyncGenerator<JobView, void, undefined> {
    const { prefix = '', pageSize = 0 } = options;
    whole('pageSize', pageSize);
    const consistency = consistencyOf(options);
    const ask = async (afterId: string) => {
      const request = { prefix, afterId, limit: pageSize, consistency };
      const { jobs, more } = await this.#caller.read(JOBS.List, request, options);
      return { rows: jobs.map(jobViewOf), more };
    };
    yield* pagesOf('', ask, ({ id }) => id);
  }

  /** Ends a job that waits, and lets the worker of one that runs know. False: its worker was told and has not ended it yet. */
  async cancel(
    id: string,
    { reason = '', ...options }: CallOptions & { readonly reason?: string } = {},
  ): Promise<boolean> {
    const { ended } = await this.#caller.once(JOBS.Cancel, { id, reason }, options);
    return ended;
  }

  /** Lets a job that failed or was cancelled wait again. */
  async retry(id: string, options: CallOptions = {}): Promise<void> {
    await this.#caller.once(JOBS.Retry, { id }, options);
  }

  /** The job once it has ended; null: there is none. Waits until `signal` says otherwise, with CANCELLED. */
  async ended(
    id: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<JobView | null> {
    const filters = [{ fact: 'FACT_JOB', key: id } as const];
    for await (const update of this.#caller.watch({ ...options, filters, withState: true })) {
      if (update.type === 'bookmark') continue;
      const job = await this.get(id, options);
      if (job === null || (job.status !== 'waiting' && job.status !== 'claimed')) return job;
    }
    return this.get(id, options);
  }
}

/** A job of a message, for programs. */
function jobViewOf(job: Job__Output): JobView {
  const { id, type, payload, resumable, attempts, failures, moves, claim, steps, result } = job;
  const { reason, readyInMs, ageMs, revision } = job;
  const status = STATUSES[job.status];
  const cancelReason = job.cancelReason ?? null;
  const about = { id, type, status, payload, resumable, attempts, failures, moves, claim, steps };
  return { ...about, cancelReason, result, reason, readyInMs, ageMs, revision };
}

/** Only what is said: the rest has its defaults. */
function jobWish(wish: SubmitOptions): object {
  const { resumable, attempts, backoffMs, backoffMaxMs, heartbeatMs, delayMs } = wish;
  return {
    ...(resumable === undefined ? {} : { resumable }),
    ...wholeOrNone('attempts', attempts),
    ...wholeOrNone('backoffMs', backoffMs),
    ...wholeOrNone('backoffMaxMs', backoffMaxMs),
    ...wholeOrNone('heartbeatMs', heartbeatMs),
    ...wholeOrNone('delayMs', delayMs),
  };
}
