// Clients that have work done: they submit jobs of a few steps, ask for the same ones again, cancel some, let some that failed be tried
// again, and read them. Who does the work is job-workers.ts.

import { JOB_LIMITS } from '../../src/state-machine/job-types.js';
import type { JobCommand } from '../../src/state-machine/job-types.js';
import type { World } from '../world.js';
import { FactClient } from './fact-client.js';

/** What jobs of a run are called. */
export const JOB_TYPES = ['deploy', 'backup'] as const;
const JOB_STEPS_MAX = 4;

/** Jobs of one client; what it submits beyond is one of them again. */
const JOBS_MAX = 12;
const RESUMABLE_PPM = 850_000;

export class JobSubmitter {
  readonly #client: FactClient;
  #jobs = 0;

  constructor(world: World, name: string) {
    this.#client = new FactClient(world, name);
  }

  begin(): void {
    this.#client.begin(() => this.#ask());
  }

  stop(): void {
    this.#client.stop();
  }

  #ask(): void {
    const { draw, asker } = this.#client;
    const kind = draw.between(1, 100);
    if (this.#jobs === 0 || kind <= 50) return asker.writeOnce(this.#submission(kind <= 8));
    const id = this.#known();
    const about = { requestId: asker.nextId(), client: null, id };
    if (kind <= 58) return asker.writeOnce({ kind: 'cancelJob', ...about, reason: 'simulated' });
    if (kind <= 66) return asker.writeOnce({ kind: 'retryJob', ...about });
    return this.#client.readFact('job', id, kind > 83, ({ jobs }) => jobs.get(id));
  }

  #submission(isAgain: boolean): JobCommand {
    const { draw, asker } = this.#client;
    const isOld = this.#jobs > 0 && (isAgain || this.#jobs >= JOBS_MAX);
    if (!isOld) this.#jobs += 1;
    const id = isOld ? this.#known() : `${this.#client.name}/${this.#jobs}`;
    return {
      kind: 'submitJob',
      requestId: asker.nextId(),
      client: null,
      id,
      // Of the same content whenever it is asked for.
      type: JOB_TYPES[id.length % JOB_TYPES.length] ?? JOB_TYPES[0],
      payload: new Uint8Array([1 + (id.length % JOB_STEPS_MAX)]),
      isResumable: draw.chance(RESUMABLE_PPM),
      attemptsMax: draw.pick([1, 3, 1000]),
      backoffMs: draw.pick([0, 50, 500]),
      backoffMaxMs: 2000,
      heartbeatMs: draw.between(JOB_LIMITS.heartbeatMinMs, 2 * JOB_LIMITS.heartbeatMinMs),
      delayMs: draw.pick([0, 0, 300, 2000]),
    };
  }

  #known(): string {
    return `${this.#client.name}/${this.#client.draw.between(1, this.#jobs)}`;
  }
}
