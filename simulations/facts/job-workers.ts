// Workers as the client library has them: each claims a job of the running reign at whoever is primary, does its steps and records them,
// keeps the claim alive meanwhile, and reports how it ended. Some fall silent in the middle, as a process that is killed, and some go on
// reporting after their claim was lost. That no claim lapses while its worker trusts it is judged by whoever made them.

import { lifeAfter, renewAfterMs } from '../../src/client/lock-life.js';
import type { WriteOutcome } from '../../src/node/api.js';
import type { Job, JobClaimId, JobReport } from '../../src/state-machine/job-types.js';
import type { Asked } from '../asker.js';
import type { World } from '../world.js';
import type { Beliefs } from './beliefs.js';
import { FactClient } from './fact-client.js';
import { JOB_TYPES } from './job-submitters.js';

/** Between two questions that were answered at once, and between two attempts at a report: as in the client library. */
const PAUSE_MS = 50;
const PAUSE_MAX_MS = 2000;
const RETRY_MS = 100;
/** How long a step takes on average. */
const STEP_US = 150_000;
/** Chances per million: it falls silent before a step; an attempt fails; a failure is final; a lost claim is reported under once more. */
const SILENT_PPM = 40_000;
const FAILS_PPM = 120_000;
const FINAL_PPM = 100_000;
const STALE_PPM = 500_000;
/** A step that is recorded is reported once more, with another result. */
const AGAIN_PPM = 100_000;
/** A claim whose answer its worker never gets. */
const UNHEARD_PPM = 40_000;

/** A job in the hands of a worker. */
interface Work {
  readonly job: Job;
  readonly claim: JobClaimId;
  /** When it is not to be relied on any more, by the worker's clock. */
  warnAtMs: number;
  /** It was reported how the attempt ended, and not yet heard: another may be in already, so that nothing more is done for it. */
  isEnding: boolean;
  /** Lost, ended, or its worker fell silent. */
  isOver: boolean;
}

export class JobWorker {
  readonly #client: FactClient;
  readonly #beliefs: Beliefs;
  /** Does as it should from now on. */
  #isSteady = false;
  #runs = 0;

  constructor(world: World, name: string, beliefs: Beliefs) {
    this.#client = new FactClient(world, name);
    this.#beliefs = beliefs;
  }

  begin(): void {
    this.#askAfter(PAUSE_MS);
  }

  /** Falls silent no more, and no attempt fails. */
  steady(): void {
    this.#isSteady = true;
  }

  #askAfter(pauseMs: number): void {
    const { clock } = this.#client;
    this.#client.at(clock.nowMs() + pauseMs, () => this.#ask(Math.min(2 * pauseMs, PAUSE_MAX_MS)));
  }

  /** Asks for a job; `pauseMs`: before the next question, unless one is found. */
  #ask(pauseMs: number): void {
    const { asker, clock } = this.#client;
    const asked = asker.machine(false);
    const askedAtMs = clock.nowMs();
    const patienceUs = asker.patienceUs();
    let isAnswered = false;
    const answered = (work: { readonly job: Job; readonly claim: JobClaimId } | null): void => {
      if (isAnswered) return;
      isAnswered = true;
      if (work === null) this.#askAfter(pauseMs);
      else this.#begin(work.job, work.claim, askedAtMs);
    };
    // A node that dies with the question never answers.
    this.#client.at(askedAtMs + patienceUs / 1000, () => answered(null));
    if (asked !== null) this.#claim(asked, patienceUs, answered);
  }

  /** As the service answers Jobs.Claim. */
  #claim(
    { machine, process }: Asked,
    patienceUs: number,
    answered: (work: { readonly job: Job; readonly claim: JobClaimId } | null) => void,
  ): void {
    const { asker, name, draw } = this.#client;
    const { node } = process;
    const take = (outcome: WriteOutcome): void => {
      if (outcome.type === 'refused') asker.believe(outcome.refusal);
      const result = outcome.type === 'applied' ? outcome.result : null;
      if (result?.type !== 'jobClaim' || result.id === null) return answered(null);
      const job = node.state.jobs.get(result.id);
      const claim = job?.claim ?? null;
      const isUnheard = draw.chance(UNHEARD_PPM) && !this.#isSteady;
      const isOwn = job !== null && claim?.token === result.token;
      return answered(isOwn && claim !== null && !isUnheard ? { job, claim } : null);
    };
    const ask = (): void => {
      const { isPrimary, epoch, leaderId } = node.status();
      if (!isPrimary) {
        asker.believe({ reason: 'notLeader', leaderId });
        return answered(null);
      }
      const next = node.state.jobs.next(JOB_TYPES, node.clusterTimeMs());
      if (next === null) return answered(null);
      const deadlineMs = machine.clock.nowMs() + patienceUs / 1000;
      const requestId = asker.nextId();
      const about = { requestId, client: null, types: JOB_TYPES, worker: name, epoch };
      return node.propose({ kind: 'claimJob', ...about }, deadlineMs, take);
    };
    machine.enter(process, 'claim', 0, ask, () => name);
  }

  #begin(job: Job, claim: JobClaimId, askedAtMs: number): void {
    const { clock } = this.#client;
    const work: Work = { job, claim, warnAtMs: 0, isEnding: false, isOver: false };
    this.#heard(work, askedAtMs);
    if (clock.nowMs() >= work.warnAtMs) return this.#lose(work);
    this.#beat(work);
    return this.#next(work, job.steps.length);
  }

  /** The claim lasts as long again as from the question that was answered. */
  #heard(work: Work, askedAtMs: number): void {
    const { heartbeatMs, id } = work.job;
    const { overAtMs, warnAtMs } = lifeAfter(askedAtMs, heartbeatMs, heartbeatMs);
    if (work.isOver || warnAtMs <= work.warnAtMs) return;
    work.warnAtMs = warnAtMs;
    const { clock, name } = this.#client;
    const untilUs = clock.trueUsOf(Math.floor(overAtMs));
    if (!work.isEnding) this.#beliefs.trust(id, { who: name, token: work.claim.token }, untilUs);
    this.#client.at(warnAtMs, () => {
      if (work.warnAtMs === warnAtMs) this.#lose(work);
    });
  }

  #beat(work: Work): void {
    const { clock } = this.#client;
    this.#client.at(clock.nowMs() + renewAfterMs(work.job.heartbeatMs), () => {
      if (work.isOver) return;
      this.#report(work, { type: 'heartbeat' }, () => undefined);
      this.#beat(work);
    });
  }

  /** Does the step at this place, then those behind it. */
  #next(work: Work, at: number): void {
    const { draw } = this.#client;
    const { job } = work;
    const steps = job.payload[0] ?? 1;
    this.#client.later(STEP_US, () => {
      if (work.isOver) return;
      if (!this.#isSteady && draw.chance(SILENT_PPM)) return this.#fallSilent(work);
      if (!this.#isSteady && draw.chance(FAILS_PPM)) return this.#fail(work);
      this.#runs += 1;
      const result = new Uint8Array([this.#runs & 255]);
      if (at > 0 && draw.chance(AGAIN_PPM)) {
        // The first result stands.
        this.#report(work, { type: 'step', name: `step${at}`, result }, () => undefined);
      }
      if (at >= steps) return this.#report(work, { type: 'done', result }, () => this.#end(work));
      const step = { type: 'step', name: `step${at + 1}`, result } as const;
      return this.#report(work, step, () => this.#next(work, at + 1));
    });
  }

  #fail(work: Work): void {
    const isFinal = this.#client.draw.chance(FINAL_PPM);
    const report = { type: 'failed', reason: 'simulated', isFinal } as const;
    this.#report(work, report, () => this.#end(work));
  }

  /** Reports under the claim, again and again while it holds. */
  #report(work: Work, report: JobReport, done: () => void): void {
    const { asker, clock } = this.#client;
    const { job, claim } = work;
    const askedAtMs = clock.nowMs();
    const { id } = job;
    const about = { requestId: asker.nextId(), client: null, id, claim } as const;
    if (report.type === 'done' || report.type === 'failed') {
      work.isEnding = true;
      this.#beliefs.giveUp(id, this.#client.name);
    }
    asker.writeOnce({ kind: 'reportJob', ...about, report }, (outcome) => {
      if (work.isOver) return;
      const result = outcome.type === 'applied' ? outcome.result : null;
      if (result?.type === 'refused') return this.#lose(work);
      if (result?.type === 'job') {
        this.#heard(work, askedAtMs);
        return done();
      }
      if (report.type === 'heartbeat') return;
      this.#client.at(clock.nowMs() + RETRY_MS, () => {
        if (!work.isOver) this.#report(work, report, done);
      });
    });
  }

  /** Nothing can be reported any more; some do not know it. */
  #lose(work: Work): void {
    if (work.isOver) return;
    const { draw, asker } = this.#client;
    const { job, claim } = work;
    this.#end(work);
    if (this.#isSteady || !draw.chance(STALE_PPM)) return;
    const result = new Uint8Array([255]);
    const report: JobReport = draw.chance(500_000)
      ? { type: 'step', name: `step${draw.between(1, 5)}`, result }
      : { type: 'done', result };
    this.#client.later(20 * STEP_US, () => {
      const about = { requestId: asker.nextId(), client: null, id: job.id, claim } as const;
      asker.writeOnce({ kind: 'reportJob', ...about, report });
    });
  }

  /** As a process that is killed; another one begins in its place. */
  #fallSilent(work: Work): void {
    work.isOver = true;
    this.#askAfter(PAUSE_MAX_MS);
  }

  #end(work: Work): void {
    if (work.isOver) return;
    work.isOver = true;
    this.#beliefs.giveUp(work.job.id, this.#client.name);
    this.#askAfter(PAUSE_MS);
  }
}
