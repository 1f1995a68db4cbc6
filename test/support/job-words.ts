// Short ways to say commands on jobs, how fast-check draws them, and the naive model: one list of jobs in the order of submission, looked
// through from its beginning each time. There are few jobs and short times, so that they meet; bounds are left to tables.

import fc from 'fast-check';
import type { Job, JobCommand, JobReport } from '../../src/state-machine/job-types.js';
import { index } from './log-words.js';
import { bytes } from './session-words.js';

type Submit = Extract<JobCommand, { kind: 'submitJob' }>;
type Claim = Extract<JobCommand, { kind: 'claimJob' }>;
type Report = Extract<JobCommand, { kind: 'reportJob' }>;

const ASKED = { requestId: 'r', client: null } as const;

export function submit(id: string, wish: Partial<Submit> = {}): Submit {
  return {
    kind: 'submitJob',
    ...ASKED,
    id,
    type: 'deploy',
    payload: bytes('p'),
    isResumable: true,
    attemptsMax: 2,
    backoffMs: 500,
    backoffMaxMs: 800,
    heartbeatMs: 3000,
    delayMs: 0,
    ...wish,
  };
}

export function claim(epoch: number, types: readonly string[] = ['deploy'], worker = 'w'): Claim {
  return { kind: 'claimJob', ...ASKED, types, worker, epoch: index(epoch) };
}

export function report(id: string, epoch: number, token: number, said: JobReport): Report {
  const by = { epoch: index(epoch), token: index(token) };
  return { kind: 'reportJob', ...ASKED, id, claim: by, report: said };
}

export function step(name: string, result = name): JobReport {
  return { type: 'step', name, result: bytes(result) };
}

export function failed(reason: string, isFinal = false): JobReport {
  return { type: 'failed', reason, isFinal };
}

export function cancel(id: string, reason = 'why'): Extract<JobCommand, { kind: 'cancelJob' }> {
  return { kind: 'cancelJob', ...ASKED, id, reason };
}

export function retry(id: string): Extract<JobCommand, { kind: 'retryJob' }> {
  return { kind: 'retryJob', ...ASKED, id };
}

const JOB_IDS = ['a', 'ab', 'é'] as const;
const id = fc.constantFrom(...JOB_IDS);
const type = fc.constantFrom('deploy', 'mail');
const name = fc.constantFrom('one', 'two', 'three');
const anyReport: fc.Arbitrary<JobReport> = fc.oneof(
  fc.constant({ type: 'heartbeat' as const }),
  {
    weight: 3,
    arbitrary: fc.tuple(name, fc.string({ maxLength: 2 })).map(([of, r]) => step(of, r)),
  },
  fc.constant({ type: 'done' as const, result: bytes('ok') }),
  fc.boolean().map((isFinal) => failed('broken', isFinal)),
);

/** Epoch and token of a claim or a report are put in by whoever knows those that run. */
export const anyJobCommand: fc.Arbitrary<JobCommand> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        id,
        type,
        isResumable: fc.boolean(),
        payload: fc.constantFrom(bytes('p'), bytes('q')),
        attemptsMax: fc.integer({ min: 1, max: 3 }),
        delayMs: fc.constantFrom(0, 0, 700),
      })
      .map((wish) => submit(wish.id, wish)),
  },
  {
    weight: 3,
    arbitrary: fc.uniqueArray(type, { minLength: 1 }).map((types) => claim(0, types)),
  },
  { weight: 6, arbitrary: fc.tuple(id, anyReport).map(([of, said]) => report(of, 0, 0, said)) },
  id.map((of) => cancel(of)),
  id.map(retry),
);

type Changeable = { -readonly [K in keyof Job]: Job[K] };
/** When an entry is applied. */
interface Moment {
  readonly revision: number;
  readonly nowMs: number;
  readonly epoch: number;
}

export class JobModel {
  #jobs: Changeable[] = [];

  list(): Job[] {
    return this.#jobs.toSorted((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
  }

  apply(command: JobCommand, at: Moment): object {
    const { revision, nowMs, epoch } = at;
    if (command.kind === 'claimJob') {
      if (command.epoch !== epoch || epoch === 0) {
        return no({ reason: 'staleEpoch', asked: command.epoch, epoch });
      }
      const [first] = this.#jobs
        .filter((job) => job.status === 'waiting' && job.readyAtMs <= nowMs)
        .filter((job) => command.types.includes(job.type))
        .toSorted((a, b) => a.readyAtMs - b.readyAtMs || a.createdRevision - b.createdRevision);
      if (first === undefined) return { type: 'jobClaim', id: null, token: 0 };
      const deadlineMs = nowMs + first.heartbeatMs;
      const token = index(revision);
      first.claim = { epoch: index(epoch), token, worker: command.worker, deadlineMs };
      Object.assign(first, { status: 'claimed', readyAtMs: 0, revision });
      return { type: 'jobClaim', id: first.id, token: revision };
    }
    const job = this.#jobs.find((each) => each.id === command.id);
    if (command.kind === 'submitJob') return this.#submit(command, job, at);
    if (job === undefined) return no({ reason: 'jobNotFound', id: command.id });
    if (command.kind === 'reportJob') return this.#report(job, command, at);
    const { id: of, status } = job;
    const isOver = status === 'failed' || status === 'cancelled';
    if (command.kind === 'retryJob') {
      if (!isOver) return no({ reason: 'jobStatus', id: of, status });
      Object.assign(job, { failures: 0, cancelReason: null, reason: '' });
      this.#again(job, nowMs, revision);
    } else {
      if (status === 'done' || status === 'failed')
        return no({ reason: 'jobStatus', id: of, status });
      if (job.cancelReason !== null) return told(job, false);
      Object.assign(job, { cancelReason: command.reason, revision });
      if (status === 'waiting') this.#end(job, 'cancelled', command.reason, revision);
    }
    return told(job, true);
  }

  /** Another reign runs, or none. */
  endReigns({ revision, epoch }: Moment): void {
    for (const job of this.#jobs) {
      if (job.claim === null || job.claim.epoch === epoch) continue;
      const why = `the reign of epoch ${job.claim.epoch}, under which it ran, is over`;
      if (job.cancelReason !== null) this.#end(job, 'cancelled', job.cancelReason, revision);
      else if (!job.isResumable) this.#end(job, 'failed', why, revision);
      else {
        job.moves += 1;
        this.#again(job, job.submittedAtMs, revision);
      }
    }
  }

  /** The leader ends the claims of those who are silent, as it named them. */
  lapse(ids: readonly string[], at: Moment): void {
    for (const job of this.#jobs) {
      if (!ids.includes(job.id)) continue;
      if (job.claim === null || job.claim.deadlineMs > at.nowMs) continue;
      const why = `nothing was heard of its worker for ${job.heartbeatMs} ms`;
      this.#fail(job, why, !job.isResumable, at);
    }
  }

  #submit(command: Submit, known: Changeable | undefined, { revision, nowMs }: Moment): object {
    const { kind: _, requestId: _r, client: _c, delayMs, ...wish } = command;
    if (known !== undefined) {
      const isSame = known.type === wish.type && Buffer.compare(known.payload, wish.payload) === 0;
      return isSame ? told(known, false) : no({ reason: 'jobExists', id: wish.id });
    }
    const rest = {
      status: 'waiting',
      claim: null,
      failures: 0,
      moves: 0,
      cancelReason: null,
    } as const;
    const revisions = { createdRevision: index(revision), revision: index(revision) };
    const times = { readyAtMs: nowMs + delayMs, submittedAtMs: nowMs };
    const job = {
      ...wish,
      ...rest,
      ...times,
      ...revisions,
      steps: [],
      reason: '',
      result: bytes(''),
    };
    this.#jobs.push(job);
    return told(job, true);
  }

  #report(job: Changeable, { claim: by, report: said }: Report, at: Moment): object {
    const { id: of, status, claim: held } = job;
    if (held?.token !== by.token || held.epoch !== by.epoch) {
      return no({ reason: 'jobClaimLost', id: of, status, epoch: held?.epoch ?? 0 });
    }
    const { revision, nowMs } = at;
    job.claim = { ...held, deadlineMs: nowMs + job.heartbeatMs };
    if (said.type === 'heartbeat') return told(job, false);
    if (said.type === 'step') {
      if (job.steps.some((known) => known.name === said.name)) return told(job, false);
      const recorded = { name: said.name, result: said.result, epoch: held.epoch };
      job.steps = [...job.steps, { ...recorded, revision: index(revision) }];
      job.revision = index(revision);
      return told(job, true);
    }
    if (said.type === 'done') {
      job.result = said.result;
      this.#end(job, 'done', '', revision);
    } else this.#fail(job, said.reason, said.isFinal, at);
    return told(job, true);
  }

  #fail(job: Changeable, reason: string, isFinal: boolean, { revision, nowMs }: Moment): void {
    job.failures += 1;
    if (job.cancelReason !== null) this.#end(job, 'cancelled', job.cancelReason, revision);
    else if (isFinal || job.failures >= job.attemptsMax) this.#end(job, 'failed', reason, revision);
    else {
      job.reason = reason;
      const pauseMs = Math.min(job.backoffMs * 2 ** (job.failures - 1), job.backoffMaxMs);
      this.#again(job, nowMs + pauseMs, revision);
    }
  }

  #again(job: Changeable, readyAtMs: number, revision: number): void {
    const steps = job.isResumable ? job.steps : [];
    Object.assign(job, { status: 'waiting', claim: null, readyAtMs, steps, revision });
  }

  #end(job: Changeable, status: Job['status'], reason: string, revision: number): void {
    Object.assign(job, { status, reason, claim: null, readyAtMs: 0, revision });
  }
}

function told({ id: of, revision }: Job, isNew: boolean): object {
  return { type: 'job', id: of, revision, isNew };
}

function no(refusal: object): object {
  return { type: 'refused', refusal };
}
