// The clients of all further facts of a run: locks, jobs, services and policies, each kind in a part of the seeds. They begin with the faults;
// when these are over nothing new is asked for, and what was begun must come to its end.

import type { Unfinished } from '../liveness.js';
import type { World } from '../world.js';
import { JobClients } from './job-clients.js';
import { LockClients } from './lock-clients.js';
import { PolicyClient } from './policy-clients.js';
import { ProviderClient } from './provider-clients.js';

/** A client, or all of one kind of fact where they judge something together. */
interface Clients {
  begin(): void;
  stop(): void;
  /** Null: what was begun has ended; absent: nothing has to. */
  unfinished?(): Unfinished | null;
}

export class FactClients {
  readonly #clients: readonly Clients[];

  /** Made before anything happens. */
  constructor(world: World) {
    const { lockClients, jobWorkers, providers, policyClients } = world.parameters.facts;
    const all: Clients[] = [];
    if (lockClients > 0) all.push(new LockClients(world, lockClients));
    if (jobWorkers > 0) all.push(new JobClients(world, jobWorkers));
    for (let at = 1; at <= providers; at += 1) all.push(new ProviderClient(world, `p${at}`));
    for (let at = 1; at <= policyClients; at += 1) all.push(new PolicyClient(world, `o${at}`));
    this.#clients = all;
  }

  begin(): void {
    for (const client of this.#clients) client.begin();
  }

  stop(): void {
    for (const client of this.#clients) client.stop();
  }

  /** Null: everything has ended that has to. */
  unfinished(): Unfinished | null {
    for (const clients of this.#clients) {
      const unfinished = clients.unfinished?.() ?? null;
      if (unfinished !== null) return unfinished;
    }
    return null;
  }
}
