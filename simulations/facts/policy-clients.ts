// Clients that change policies: they put documents, roll back to versions that they know of or that never were, delete, ask for it only if a
// version is in force, and read what there is. Every answer is judged by the properties of writes and reads, and by invariants/policies.ts.

import type { PolicyCommand } from '../../src/state-machine/policy-types.js';
import type { World } from '../world.js';
import { FactClient } from './fact-client.js';

const NAMES = ['quota', 'access'] as const;
const VERSIONS_MAX = 8;

export class PolicyClient {
  readonly #client: FactClient;

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
    const name = draw.pick(NAMES);
    const kind = draw.between(1, 100);
    if (kind > 70) {
      const isStale = kind > 85;
      return this.#client.readFact('policy', name, isStale, ({ policies }) => policies.get(name));
    }
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
}
