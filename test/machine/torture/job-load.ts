// The load on jobs: some clients submit resumable jobs of a few steps and wait for their end, workers of the client library do them. Each run of
// a step answers another number, so that a step that is recorded twice, or lost, or changed, shows in what workers and ledger say.

import { setTimeout as pause } from 'node:timers/promises';

import type { Streams } from '../../../simulations/random.js';
import { connect } from '../../../src/client/index.js';
import type { JobView, JobWorker, Quorate } from '../../../src/client/index.js';
import { QuorateError } from '../../../src/errors.js';
import type { Anomaly } from './checks.js';

/** What a worker was answered of a step: the result that stands. */
export interface ToldStep {
  readonly job: string;
  readonly step: string;
  readonly result: number;
}

/** A job as the ledger showed it once it had ended. */
export type SeenJob = Pick<JobView, 'id' | 'status' | 'reason' | 'steps'>;

export interface JobCounts {
  submitted: number;
  ended: number;
  /** Steps that were carried out, recorded or not. */
  runs: number;
  /** How often a job changed hands because a reign ended. */
  moves: number;
}

export const JOB_STEPS = ['one', 'two', 'three', 'four'] as const;
const SUBMITTERS = 2;
const WORKERS = 2;
const STEP_MS_MAX = 60;
/** For what was submitted, once everybody is well for good. */
const END_MAX_MS = 60_000;
const PAUSE_MS = 50;

export class JobLoad {
  readonly counts: JobCounts = { submitted: 0, ended: 0, runs: 0, moves: 0 };
  readonly #client: Quorate;
  readonly #workers: readonly JobWorker[];
  readonly #told: ToldStep[] = [];
  readonly #ended: SeenJob[] = [];
  readonly #late: string[] = [];
  #isOver = false;
  /** Aborts when what has not ended yet is late. */
  readonly #patience = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(addresses: readonly string[], streams: Streams) {
    this.#client = connect({ addresses });
    this.#workers = Array.from({ length: WORKERS }, (_, at) => {
      const stream = streams.stream(`workers/${at + 1}`);
      const worker = this.#client.worker({ name: `w${at + 1}` });
      worker.on('torture', async (job) => {
        for (const step of JOB_STEPS) {
          const result = await job.step(step, async () => {
            const run = (this.counts.runs += 1);
            await pause(stream.between(0, STEP_MS_MAX));
            return run;
          });
          this.#told.push({ job: job.id, step, result });
        }
      });
      return worker;
    });
  }

  /** Submits until `stop`; resolves when what was submitted has ended. */
  async run(): Promise<void> {
    await Promise.all(
      Array.from({ length: SUBMITTERS }, async (_, at) => {
        for (let number = 1; !this.#isOver; number += 1) await this.#one(`job-${at + 1}-${number}`);
      }),
    );
  }

  stop(): void {
    this.#isOver = true;
    this.#timer = setTimeout(() => this.#patience.abort(), END_MAX_MS);
  }

  judge(): Anomaly[] {
    const late = this.#late.map((id) => {
      const detail = `${id} has not ended ${END_MAX_MS} ms after the last fault`;
      return { check: 'a job ends', detail };
    });
    return [...late, ...jobAnomalies(this.#told, this.#ended)];
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#workers.map((worker) => worker.close()));
    this.#client.close();
  }

  async #one(id: string): Promise<void> {
    const { jobs } = this.#client;
    const { signal } = this.#patience;
    try {
      await jobs.submit('torture', {
        id,
        resumable: true,
        attempts: 1000,
        heartbeatMs: 2000,
        backoffMs: 50,
      });
      this.counts.submitted += 1;
      const job = await jobs.ended(id, { signal });
      if (job === null) return;
      this.counts.ended += 1;
      this.counts.moves += job.moves;
      this.#ended.push(job);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      if (signal.aborted) this.#late.push(id);
      await pause(PAUSE_MS);
    }
  }
}

/** What contradicts that each step of each job was recorded once, and that a job that ended is done. */
export function jobAnomalies(told: readonly ToldStep[], ended: readonly SeenJob[]): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const say = (check: string, detail: string): void => {
    anomalies.push({ check, detail });
  };
  const stands = new Map<string, number>();
  for (const { id, status, reason, steps } of ended) {
    if (status !== 'done')
      say('a job of which nobody despaired is done', `${id}: ${status}, ${reason}`);
    const names = steps.map(({ name }) => name);
    if (names.join() !== JOB_STEPS.join()) {
      say('each step is recorded once, in order', `${id}: ${names.join()}`);
    }
    for (const { name, result } of steps) stands.set(`${id} ${name}`, Number(result.toString()));
  }
  for (const { job, step, result } of told) {
    const key = `${job} ${step}`;
    const known = stands.get(key) ?? result;
    stands.set(key, known);
    if (known !== result) {
      say(
        'a recorded step never changes',
        `${key}: a worker was told ${result}, and ${known} stands`,
      );
    }
  }
  return anomalies;
}
