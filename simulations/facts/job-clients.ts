// All that is asked of jobs in a run: who submits them and who does them, and whether what is left in the end is done. While its reign runs no
// claim may lapse that its worker trusts; and once the cluster has healed every job that is not over must end, since there are workers.

import type { Invariant } from '../invariants/invariant.js';
import type { Unfinished } from '../liveness.js';
import type { World } from '../world.js';
import { Beliefs } from './beliefs.js';
import { JobSubmitter } from './job-submitters.js';
import { JobWorker } from './job-workers.js';

export class JobClients {
  readonly #world: World;
  readonly #submitters: readonly JobSubmitter[];
  readonly #workers: readonly JobWorker[];

  constructor(world: World, workers: number) {
    this.#world = world;
    const beliefs = new Beliefs(world, 'jobs');
    this.#submitters = [new JobSubmitter(world, 'j1')];
    this.#workers = Array.from(
      { length: workers },
      (_, at) => new JobWorker(world, `w${at + 1}`, beliefs),
    );
    world.oracle.listen(claimsIn(beliefs));
  }

  begin(): void {
    for (const client of [...this.#submitters, ...this.#workers]) client.begin();
  }

  /** Nothing more is submitted, and workers do as they should. */
  stop(): void {
    for (const submitter of this.#submitters) submitter.stop();
    for (const worker of this.#workers) worker.steady();
  }

  /** Null: every job has ended. */
  unfinished(): Unfinished | null {
    const node = this.#world.leader()?.process?.node;
    if (node === undefined) return { left: 0, why: 'nobody leads' };
    const { jobs } = node.state.jobs.list({ prefix: '', after: '', countMax: 1000 });
    const left = jobs.filter(({ status }) => status === 'waiting' || status === 'claimed');
    const [first] = left;
    if (first === undefined) return null;
    const { id, status, failures, moves, readyAtMs, claim } = first;
    const about = { failures, moves, readyAtMs, claim, nowMs: node.clusterTimeMs() };
    return { left: left.length, why: `job ${id} is ${status}: ${JSON.stringify(about)}` };
  }
}

/** Tells what becomes of claims, in the order of the log. */
export function claimsIn(beliefs: Beliefs): Invariant {
  let applied = 0;
  const epochs = new Map<string, number>();
  return {
    applied: ({ entry, command, result, process }) => {
      if (entry.index <= applied) return;
      applied = entry.index;
      const { jobs } = process.node.state;
      if (command?.kind === 'claimJob' && result.type === 'jobClaim' && result.id !== null) {
        // Whoever held it before lost it by its own word, by silence, or with its reign, which alone asks nobody.
        if (epochs.get(result.id) !== command.epoch) beliefs.fence(result.id);
        epochs.set(result.id, command.epoch);
        beliefs.grant(result.id, { who: command.worker, token: result.token });
      }
      if (command?.kind !== 'lapseJobs') return;
      for (const { id } of command.claims) {
        // One that was claimed anew since the lapse was proposed keeps that claim.
        if ((jobs.get(id)?.claim ?? null) === null) beliefs.lapse(id);
      }
    },
  };
}
