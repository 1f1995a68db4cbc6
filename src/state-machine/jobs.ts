// The work ledger: jobs are submitted once, claimed by a worker under the epoch of the running reign, and go on from their recorded
// steps wherever they are claimed next. When a reign ends, what was claimed under it waits again if it is resumable and fails
// otherwise; a report of an earlier claim is refused. Jobs that have ended are remembered within bounds, the newest of them.

import { invariant, unreachable } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { FirstResult } from './command.js';
import { compareBytes } from './compare-bytes.js';
import { JOB_LIMITS } from './job-types.js';
import type { Job, JobCommand, JobRefusal, JobReport, JobStep, LapseJobs } from './job-types.js';
import { pageOf } from './page.js';
import type { KeyRange } from './page.js';
import { SortedMap } from './sorted-map.js';
import { TextMap } from './text-map.js';
import { compareUtf8 } from './utf8-order.js';

type Submit = Extract<JobCommand, { kind: 'submitJob' }>;
type Claim = Extract<JobCommand, { kind: 'claimJob' }>;
type Report = Extract<JobCommand, { kind: 'reportJob' }>;

/** Which jobs a page holds; keys are their ids. What is told of a job in a list is small: pages are bounded in number. */
export type JobPageWish = Omit<KeyRange, 'bytesMax'>;

export interface JobPage {
  /** In the order of their ids' UTF-8 bytes. */
  readonly jobs: readonly Job[];
  readonly isMore: boolean;
}

/** The entry that changes jobs, and the state that it meets. */
export interface JobMoment {
  readonly revision: LogIndex;
  readonly nowMs: number;
  /** Of the running reign; 0: none runs. */
  readonly epoch: LogIndex;
}

/** Jobs by id, in the order of their UTF-8 bytes. */
export type JobMap = TextMap<Job>;

/** What a job takes beside its bytes and texts, about. */
const JOB_BYTES = 500;
const STEP_BYTES = 100;
const NO_BYTES = new Uint8Array(0);

export class Jobs {
  readonly #byId: JobMap = new TextMap();
  /** Those that wait, by type and then in the order in which they are claimed. */
  readonly #waiting = new SortedMap<Place, Job>(comparePlaces);
  /** Those that are claimed, first the one whose claim lapses first. */
  readonly #claimed = new SortedMap<Job, Job>(compareDeadlines);
  /** Those that have ended, oldest first. */
  readonly #finished = new SortedMap<Job, Job>(compareRevisions);
  /** Invariant: what `jobBytes` says of all jobs, and of those that have ended. */
  #bytes = 0;
  #finishedBytes = 0;

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Job | null {
    return this.#byId.get(id);
  }

  /** One page of a list. */
  list(wish: JobPageWish): JobPage {
    const range = { ...wish, bytesMax: Number.POSITIVE_INFINITY };
    const { values, isMore } = pageOf(
      this.#byId,
      range,
      ({ id }) => id,
      () => 0,
    );
    return { jobs: values, isMore };
  }

  /** The job that a claim of these types would get at this cluster time. */
  next(types: readonly string[], nowMs: number): Job | null {
    let first: Job | null = null;
    for (const type of types) {
      const [job] = this.#waiting.values({ ...FIRST_PLACE, type });
      if (job?.type !== type || job.readyAtMs > nowMs) continue;
      if (first === null || compareTurns(job, first) < 0) first = job;
    }
    return first;
  }

  /** Claims that have lapsed at this cluster time, longest over first, at most `countMax`. */
  lapsed(nowMs: number, countMax: number): LapseJobs['claims'] {
    const claims: { id: string; token: LogIndex }[] = [];
    for (const { id, claim } of this.#claimed.values(null)) {
      if (claim === null || claim.deadlineMs > nowMs || claims.length >= countMax) break;
      claims.push({ id, token: claim.token });
    }
    return claims;
  }

  /** Carries out the command of an entry. */
  apply(command: JobCommand, at: JobMoment): FirstResult {
    switch (command.kind) {
      case 'submitJob':
        return this.#submit(command, at);
      case 'claimJob':
        return this.#claim(command, at);
      case 'reportJob':
        return this.#report(command, at);
      case 'cancelJob':
        return this.#cancel(command.id, command.reason, at);
      case 'retryJob':
        return this.#retry(command.id, at);
      default:
        return unreachable(command);
    }
  }

  /** Another reign runs, or none: ends the claims of those before. Answers the ids of the jobs that changed. */
  endReigns(at: JobMoment): string[] {
    const lost = [...this.#claimed.values(null)].filter(({ claim }) => claim?.epoch !== at.epoch);
    for (const job of lost) {
      const why = `the reign of epoch ${job.claim?.epoch ?? 0}, under which it ran, is over`;
      if (job.cancelReason !== null) this.#end(job, 'cancelled', job.cancelReason, at);
      else if (!job.isResumable) this.#end(job, 'failed', why, at);
      else this.#release(job, { moves: job.moves + 1 }, job.submittedAtMs, at);
    }
    return lost.map(({ id }) => id);
  }

  /** Ends the claims that the command names and that still fit; answers the ids of the jobs that changed. */
  lapse({ claims }: LapseJobs, at: JobMoment): string[] {
    const changed: string[] = [];
    for (const { id, token } of claims) {
      const job = this.get(id);
      const claim = job?.claim ?? null;
      if (job === null || claim?.token !== token || claim.deadlineMs > at.nowMs) continue;
      // A worker that is silent may still be at work: nobody else begins what cannot be resumed.
      this.#fail(
        job,
        `nothing was heard of its worker for ${job.heartbeatMs} ms`,
        !job.isResumable,
        at,
      );
      changed.push(id);
    }
    return changed;
  }

  /** Takes in a job of a snapshot. */
  restore(job: Job): void {
    invariant(this.get(job.id) === null, 'a snapshot holds a job once');
    this.#put(job);
  }

  /** The jobs as they are at this moment, whatever is applied later; constant time. */
  freeze(): JobMap {
    return this.#byId.clone();
  }

  #submit({ delayMs, ...wish }: Submit, at: JobMoment): FirstResult {
    const { id, type, payload, isResumable, attemptsMax, backoffMs, backoffMaxMs, heartbeatMs } =
      wish;
    const known = this.get(id);
    if (known !== null) {
      const isSame = known.type === type && compareBytes(known.payload, payload) === 0;
      if (!isSame) return refused({ reason: 'jobExists', id });
      return { type: 'job', id, revision: known.revision, isNew: false };
    }
    const { revision, nowMs } = at;
    const job: Job = {
      id,
      type,
      payload,
      isResumable,
      attemptsMax,
      backoffMs,
      backoffMaxMs,
      heartbeatMs,
      status: 'waiting',
      readyAtMs: nowMs + delayMs,
      claim: null,
      failures: 0,
      moves: 0,
      cancelReason: null,
      steps: [],
      result: NO_BYTES,
      reason: '',
      submittedAtMs: nowMs,
      createdRevision: revision,
      revision,
    };
    const detail = this.#whyNoMore() ?? this.#whyTooLarge(job);
    if (detail !== null) return refused({ reason: 'jobLimit', detail });
    this.#put(job);
    return { type: 'job', id, revision, isNew: true };
  }

  #claim({ types, worker, epoch }: Claim, at: JobMoment): FirstResult {
    if (epoch === 0 || epoch !== at.epoch) {
      return refused({ reason: 'staleEpoch', asked: epoch, epoch: at.epoch });
    }
    const job = this.next(types, at.nowMs);
    if (job === null) return { type: 'jobClaim', id: null, token: 0 as LogIndex };
    const token = at.revision;
    const claim = { epoch, token, worker, deadlineMs: at.nowMs + job.heartbeatMs };
    this.#put({ ...job, status: 'claimed', readyAtMs: 0, claim, revision: token });
    return { type: 'jobClaim', id: job.id, token };
  }

  #report({ id, claim, report }: Report, at: JobMoment): FirstResult {
    const job = this.get(id);
    if (job === null) return refused({ reason: 'jobNotFound', id });
    const running = job.claim;
    if (running === null || running.token !== claim.token || running.epoch !== claim.epoch) {
      const epoch = running?.epoch ?? (0 as LogIndex);
      return refused({ reason: 'jobClaimLost', id, status: job.status, epoch });
    }
    const heard: Job = { ...job, claim: { ...running, deadlineMs: at.nowMs + job.heartbeatMs } };
    return this.#take(heard, report, at);
  }

  #take(job: Job, report: JobReport, at: JobMoment): FirstResult {
    const { id } = job;
    const { revision } = at;
    switch (report.type) {
      case 'heartbeat':
        this.#put(job);
        return { type: 'job', id, revision: job.revision, isNew: false };
      case 'step':
        return this.#record(job, report.name, report.result, at);
      case 'done': {
        const detail = this.#whyTooLarge({ ...job, result: report.result });
        if (detail !== null) return refused({ reason: 'jobLimit', detail });
        this.#end({ ...job, result: report.result }, 'done', '', at);
        return { type: 'job', id, revision, isNew: true };
      }
      case 'failed':
        this.#fail(job, report.reason, report.isFinal, at);
        return { type: 'job', id, revision, isNew: true };
      default:
        return unreachable(report);
    }
  }

  /** The first result of a step stands. */
  #record(job: Job, name: string, result: Uint8Array, at: JobMoment): FirstResult {
    const { id, steps, claim } = job;
    if (steps.some((step) => step.name === name)) {
      this.#put(job);
      return { type: 'job', id, revision: job.revision, isNew: false };
    }
    const { revision } = at;
    const step: JobStep = { name, result, epoch: claim?.epoch ?? at.epoch, revision };
    const changed: Job = { ...job, steps: [...steps, step], revision };
    const detail = this.#whyTooLarge(changed);
    if (detail !== null) return refused({ reason: 'jobLimit', detail });
    this.#put(changed);
    return { type: 'job', id, revision, isNew: true };
  }

  #cancel(id: string, reason: string, at: JobMoment): FirstResult {
    const job = this.get(id);
    if (job === null) return refused({ reason: 'jobNotFound', id });
    const { status, cancelReason } = job;
    if (status === 'done' || status === 'failed')
      return refused({ reason: 'jobStatus', id, status });
    if (status === 'cancelled' || cancelReason !== null) {
      return { type: 'job', id, revision: job.revision, isNew: false };
    }
    const { revision } = at;
    const asked = { ...job, cancelReason: reason, revision };
    if (status === 'claimed') this.#put(asked);
    else this.#end(asked, 'cancelled', reason, at);
    return { type: 'job', id, revision, isNew: true };
  }

  #retry(id: string, at: JobMoment): FirstResult {
    const job = this.get(id);
    if (job === null) return refused({ reason: 'jobNotFound', id });
    const { status } = job;
    if (status !== 'failed' && status !== 'cancelled') {
      return refused({ reason: 'jobStatus', id, status });
    }
    const detail = this.#whyNoMore();
    if (detail !== null) return refused({ reason: 'jobLimit', detail });
    this.#release(job, { failures: 0, cancelReason: null, reason: '' }, at.nowMs, at);
    return { type: 'job', id, revision: at.revision, isNew: true };
  }

  /** An attempt is over without success. */
  #fail(job: Job, reason: string, isFinal: boolean, at: JobMoment): void {
    const failures = job.failures + 1;
    const counted = { ...job, failures };
    if (job.cancelReason !== null) return this.#end(counted, 'cancelled', job.cancelReason, at);
    if (isFinal || failures >= job.attemptsMax) return this.#end(counted, 'failed', reason, at);
    const pauseMs = Math.min(job.backoffMs * 2 ** Math.min(failures - 1, 40), job.backoffMaxMs);
    return this.#release(job, { failures, reason }, at.nowMs + pauseMs, at);
  }

  /** It waits again. What cannot be resumed begins anew. */
  #release(job: Job, change: Partial<Job>, readyAtMs: number, { revision }: JobMoment): void {
    const steps = job.isResumable ? job.steps : [];
    this.#put({ ...job, ...change, status: 'waiting', readyAtMs, claim: null, steps, revision });
  }

  #end(job: Job, status: 'done' | 'failed' | 'cancelled', reason: string, at: JobMoment): void {
    this.#put({ ...job, status, reason, readyAtMs: 0, claim: null, revision: at.revision });
  }

  #put(job: Job): void {
    const before = this.get(job.id);
    if (before !== null) this.#remove(before);
    this.#byId.set(job.id, job);
    const bytes = jobBytes(job);
    this.#bytes += bytes;
    if (job.status === 'waiting') this.#waiting.set(job, job);
    else if (job.status === 'claimed') this.#claimed.set(job, job);
    else {
      this.#finished.set(job, job);
      this.#finishedBytes += bytes;
    }
  }

  #remove(job: Job): void {
    this.#byId.delete(job.id);
    const bytes = jobBytes(job);
    this.#bytes -= bytes;
    if (job.status === 'waiting') this.#waiting.delete(job);
    else if (job.status === 'claimed') this.#claimed.delete(job);
    else {
      this.#finished.delete(job);
      this.#finishedBytes -= bytes;
    }
  }

  /** Forgets the oldest jobs that have ended, as far as they are too many; answers their ids. */
  forget(): string[] {
    const ids: string[] = [];
    const { finishedMax, finishedBytesMax } = JOB_LIMITS;
    while (this.#finished.size > finishedMax || this.#finishedBytes > finishedBytesMax) {
      const oldest = this.#finished.first;
      invariant(oldest !== null, 'what is too much holds something');
      this.#remove(oldest);
      ids.push(oldest.id);
    }
    return ids;
  }

  #whyNoMore(): string | null {
    const { unfinishedMax } = JOB_LIMITS;
    if (this.#waiting.size + this.#claimed.size < unfinishedMax) return null;
    return `there are ${unfinishedMax} unfinished jobs already`;
  }

  #whyTooLarge(job: Job): string | null {
    const { stepsMax, jobBytesMax, bytesMax } = JOB_LIMITS;
    if (job.steps.length > stepsMax) return `the job has ${stepsMax} steps already`;
    const bytes = jobBytes(job);
    if (bytes > jobBytesMax) {
      return `the job would have ${bytes} bytes, expected at most ${jobBytesMax}`;
    }
    const known = this.get(job.id);
    const before = known === null ? 0 : jobBytes(known);
    if (this.#bytes - before + bytes <= bytesMax) return null;
    return `all jobs together would have more than ${bytesMax} bytes`;
  }
}

/** About what a job takes in memory; depends on the job only. */
function jobBytes({ id, type, payload, steps, result, reason }: Job): number {
  const own = JOB_BYTES + id.length + type.length + payload.length + result.length + reason.length;
  return steps.reduce((sum, step) => sum + STEP_BYTES + step.name.length + step.result.length, own);
}

/** Where a job waits. */
type Place = Pick<Job, 'type' | 'readyAtMs' | 'createdRevision'>;

/** Before every job of a type. */
const FIRST_PLACE = { readyAtMs: 0, createdRevision: 0 as LogIndex } as const;

function comparePlaces(a: Place, b: Place): number {
  return compareUtf8(a.type, b.type) || compareTurns(a, b);
}

/** No two jobs were submitted by one entry. */
function compareTurns(a: Place, b: Place): number {
  return a.readyAtMs - b.readyAtMs || a.createdRevision - b.createdRevision;
}

function compareDeadlines(a: Job, b: Job): number {
  return (
    (a.claim?.deadlineMs ?? 0) - (b.claim?.deadlineMs ?? 0) || a.createdRevision - b.createdRevision
  );
}

function compareRevisions(a: Job, b: Job): number {
  return a.revision - b.revision || a.createdRevision - b.createdRevision;
}

function refused(refusal: JobRefusal): FirstResult {
  return { type: 'refused', refusal };
}
