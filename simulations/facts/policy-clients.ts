// Clients that change policies: they put documents, roll back to versions that they know of or that never were, delete, ask for it only if a
// version is in force, and read what there is. Every answer is judged by the properties of writes and reads, and by invariants/policies.ts.

import type { PolicyCommand } from '../../src/state-machine/policy-types.js';
import { digestOf } from '../digest.js';
import type { World } from '../world.js';
import { FactClient } from './fact-client.js';

const NAMES = ['quota', 'access'] as const;
const VERSIONS_MAX = 8;

/** All of a run. */
export class PolicyClients {
  readonly #clients: readonly PolicyClient[];

  constructor(world: World, count: number) {
    this.#clients = Array.from({ length: count }, (_, at) => new PolicyClient(world, `o${at + 1}`));
  }

  begin(): void {
    for (const client of this.#clients) client.begin();
  }

  stop(): void {
    for (const client of this.#clients) client.stop();
  }
}

class PolicyClient {
  readonly #client: FactClient;
  #isOver = false;

  constructor(world: World, name: string) {
    this.#client = new FactClient(world, name);
  }

  begin(): void {
    const client = this.#client;
    client.later(client.world.parameters.facts.thinkMeanUs, () => {
      if (this.#isOver) return;
      this.#ask();
      this.begin();
    });
  }

  stop(): void {
    this.#isOver = true;
  }

  #ask(): void {
    const { draw, asker } = this.#client;
    const name = draw.pick(NAMES);
    const kind = draw.between(1, 100);
    if (kind > 70) return this.#read(name, kind > 85);
    return asker.writeOnce(this.#change(name, kind));
  }

  #change(name: string, kind: number): PolicyCommand {
    const { draw, asker } = this.#client;
    const ifVersion = draw.chance(200_000) ? draw.between(0, VERSIONS_MAX) : null;
    const about = {
      requestId: asker.nextId(),
      client: null,
      name,
      ifVersion,
      who: this.#client.name,
      node: 'node1',
      reason: '',
    };
    if (kind > 62) return { kind: 'deletePolicy', ...about };
    if (kind > 40) {
      return { kind: 'rollBackPolicy', ...about, version: draw.between(1, VERSIONS_MAX) };
    }
    const document = new Uint8Array(draw.between(1, 40)).fill(draw.between(0, 255));
    return { kind: 'putPolicy', ...about, document };
  }

  #read(name: string, isStale: boolean): void {
    const { asker } = this.#client;
    const asked = asker.machine(isStale);
    if (asked === null || asked.machine.isWitness) return;
    asker.read(asked, {
      of: 'policy',
      sessionId: name,
      isStale,
      look: ({ policies }) => {
        const policy = policies.get(name);
        return { session: null, entry: null, digest: policy === null ? null : digestOf(policy) };
      },
    });
  }
}
