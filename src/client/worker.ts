// `client.worker()`: does jobs of the ledger. It claims what it has a handler for, hands it over with its recorded steps, keeps the claim alive
// meanwhile, and reports how it ended. What becomes of a job when this process or its primary is gone is the cluster's to decide.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { QuorateError } from '../errors.js';
import type { Job__Output } from '../generated/quorate/v1/Job.js';
import type { Caller } from './caller.js';
import { ClaimedJob } from './job-claim.js';
import { JOBS } from './protos.js';

export interface WorkerOptions {
  /** What others are told of it; default: drawn. */
  readonly name?: string;
  /** Claim only while this member is primary: the worker belongs beside it. Default: whoever is. */
  readonly node?: string;
  /** The reign under which this process was started, such as QUORATE_EPOCH; the worker ends with it. Default: any. */
  readonly epoch?: number;
  /** Jobs at a time; default 1. */
  readonly concurrency?: number;
  /** Told of what went wrong beside the jobs, such as a claim that could not be asked for. */
  readonly onError?: (error: unknown) => void;
}

/** Does a job. What it answers is the job's result, as JSON; what it throws ends the attempt. */
export type JobHandler = (job: WorkedJob) => Promise<unknown>;

/** Thrown by a handler: the job has failed for good, whatever attempts are left. */
export class JobGivenUp extends Error {
  override readonly name = 'JobGivenUp';
}

/** How long one question for a job waits at a member, and how long the question may take. */
const WAIT_MS = 5000;
const CLAIM_TIMEOUT_MS = 10_000;
/** Between two questions that were answered at once. */
const PAUSE_MS = 50;
const PAUSE_MAX_MS = 2000;
/** Of what is said of a failure. */
const REASON_LENGTH_MAX = 300;

/** A job in the hands of a worker. */
export class WorkedJob {
  readonly id: string;
  readonly type: string;
  readonly payload: Buffer;
  /** Counts from 1: failures before, and this attempt. */
  readonly attempt: number;
  /** How often it changed hands because a reign ended. */
  readonly moves: number;
  readonly #claim: ClaimedJob;
  readonly #steps: Map<string, Promise<Buffer>>;

  constructor(job: Job__Output, claim: ClaimedJob) {
    this.id = job.id;
    this.type = job.type;
    this.payload = job.payload;
    this.attempt = job.failures + 1;
    this.moves = job.moves;
    this.#claim = claim;
    this.#steps = new Map(job.steps.map(({ name, result }) => [name, Promise.resolve(result)]));
  }

  /** The reign under which it was claimed: send it with what must not be done by two. */
  get epoch(): number {
    return this.#claim.epoch;
  }

  /** Aborts when the claim is lost (its reason is JOB_CLAIM_LOST), or the job shall be cancelled (CANCELLED). */
  get signal(): AbortSignal {
    return this.#claim.signal;
  }

  /** Names of the steps that are recorded or under way. */
  get stepNames(): readonly string[] {
    return [...this.#steps.keys()];
  }

  /**
   * Does a part of the job and records what it answers, as JSON. A step that is recorded is not done again, by whomever: its result
   * comes from the ledger. What was done but could not be recorded any more is done again by the next worker.
   */
  async step<T>(name: string, work: () => Promise<T> | T): Promise<T> {
    const bytes = await this.stepBytes(name, async () => encodeJson(await work()));
    return (bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8'))) as T;
  }

  /** The same for a result that is bytes, at most 64 KiB. */
  stepBytes(name: string, work: () => Promise<Uint8Array> | Uint8Array): Promise<Buffer> {
    const known = this.#steps.get(name);
    if (known !== undefined) return known;
    const done = this.#record(name, work);
    this.#steps.set(name, done);
    // One that failed may be tried again.
    done.catch(() => this.#steps.delete(name));
    return done;
  }

  async #record(name: string, work: () => Promise<Uint8Array> | Uint8Array): Promise<Buffer> {
    this.signal.throwIfAborted();
    const result = await work();
    const answer = await this.#claim.report(JOBS.RecordStep, { name, result });
    return answer.result;
  }
}

export class JobWorker {
  readonly name: string;
  readonly #caller: Caller;
  readonly #options: WorkerOptions;
  readonly #handlers = new Map<string, JobHandler>();
  readonly #closing = new AbortController();
  readonly #running = new Map<ClaimedJob, Promise<void>>();
  #loop: Promise<void> | null = null;
  #watching: Promise<void> | null = null;

  constructor(caller: Caller, options: WorkerOptions) {
    this.#caller = caller;
    this.#options = options;
    this.name = options.name ?? `worker/${randomUUID()}`;
  }

  /** Does the jobs of this type with the handler from now on. */
  on(type: string, handler: JobHandler): this {
    if (this.#handlers.has(type)) {
      const message = `type: there is a handler for jobs of type ${JSON.stringify(type)} already`;
      throw new QuorateError('INVALID_ARGUMENT', message, { field: 'type' });
    }
    this.#handlers.set(type, handler);
    // Those that are added in the same turn are all asked for.
    this.#loop ??= Promise.resolve().then(() => this.#work());
    this.#watching ??= this.#watchReigns();
    return this;
  }

  /** Claims no more, and resolves once the jobs under way have ended. */
  close(): Promise<void> {
    this.#closing.abort();
    return this.ended();
  }

  /** Resolves once it claims no more, because it was closed or its reign is over, and the jobs under way have ended. */
  async ended(): Promise<void> {
    await this.#loop;
    await this.#watching;
    await Promise.all(this.#running.values());
  }

  /** As if the process was gone: claims no more and reports nothing more. Handlers see it by their signal. */
  abandon(): void {
    this.#closing.abort();
    for (const claim of this.#running.keys()) claim.abandon();
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    const { concurrency = 1 } = this.#options;
    let pauseMs = PAUSE_MS;
    while (!signal.aborted) {
      if (this.#running.size >= concurrency) {
        await Promise.race(this.#running.values());
        continue;
      }
      const askedAtMs = performance.now();
      try {
        const job = await this.#ask();
        if (job !== null) this.#begin(job, askedAtMs);
        if (job !== null || performance.now() - askedAtMs >= PAUSE_MS) pauseMs = PAUSE_MS;
        if (job !== null) continue;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onError?.(error);
        // Whoever names no reign asked for the one that ran, and another one runs by now.
        if (this.#options.epoch !== undefined && isOver(error)) return this.#closing.abort();
      }
      await pause(pauseMs, undefined, { signal }).catch(() => {});
      pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS);
    }
  }

  async #ask(): Promise<Job__Output | null> {
    const { node = '', epoch } = this.#options;
    const types = [...this.#handlers.keys()];
    const wish = { types, worker: this.name, node, waitMs: WAIT_MS };
    const request = epoch === undefined ? wish : { ...wish, epoch };
    const options = { timeoutMs: CLAIM_TIMEOUT_MS, signal: this.#closing.signal };
    // Not under a client session: a claim whose answer was lost ends with its reign or by itself, and another is as good.
    const { job } = await this.#caller.change(JOBS.Claim, request, options);
    return job;
  }

  #begin(job: Job__Output, askedAtMs: number): void {
    const claim = new ClaimedJob(this.#caller, job, askedAtMs);
    const ended = this.#do(job, claim).finally(() => {
      claim.close();
      this.#running.delete(claim);
    });
    this.#running.set(claim, ended);
  }

  async #do(job: Job__Output, claim: ClaimedJob): Promise<void> {
    const handler = this.#handlers.get(job.type);
    try {
      const result = await handler?.(new WorkedJob(job, claim));
      if (!claim.isLost) await claim.report(JOBS.Complete, { result: encodeJson(result) });
    } catch (error) {
      if (claim.isLost) return;
      const final = error instanceof JobGivenUp || isRefused(error);
      try {
        await claim.report(JOBS.Fail, { reason: reasonOf(error), final });
      } catch (late) {
        if (!claim.isLost) this.#options.onError?.(late);
      }
    }
  }

  /** A reign that ends takes the claims with it: those who work are told at once rather than by their next heartbeat. */
  async #watchReigns(): Promise<void> {
    const { signal } = this.#closing;
    const filters = [{ fact: 'FACT_PRIMARY' } as const];
    try {
      for await (const { type } of this.#caller.watch({ filters, signal })) {
        if (type !== 'bookmark') for (const claim of this.#running.keys()) claim.look();
      }
    } catch (error) {
      if (!signal.aborted) this.#options.onError?.(error);
    }
  }
}

/** Nothing of what is asked for will ever be granted. */
function isOver(error: unknown): boolean {
  return error instanceof QuorateError && error.code === 'STALE_EPOCH';
}

/** The ledger cannot take what the handler made: another attempt would make the same. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof QuorateError)) return false;
  return error.code === 'TOO_LARGE' || error.code === 'INVALID_ARGUMENT';
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // Through bytes and back: halves of pairs are no valid text.
  return Buffer.from(text.slice(0, REASON_LENGTH_MAX)).toString('utf8').replaceAll('\ufffd', '?');
}

function encodeJson(value: unknown): Buffer {
  return value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value), 'utf8');
}
