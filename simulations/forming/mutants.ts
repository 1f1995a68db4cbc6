// Bugs planted into forming, each a way in which agreements on a first cluster have gone wrong: promises that a crash undoes, that
// are given twice or let go of without a refusal, refusals that are taken back, decisions without everybody. A child runs
// seeds of forming over each until one fails.

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';

import type { Mutant } from '../mutants/mutant.js';
import { plant } from '../mutants/plant.js';

const CHILD_LIMIT_MS = 120_000;
const FILE = 'src/forming/forming';

export const FORMING_MUTANTS: readonly Mutant[] = [
  {
    name: 'promise-not-durable',
    what: 'a promise is answered, and never reaches the disk',
    changes: [
      {
        file: FILE,
        find: "this.#outputs.push({ type: 'persist', record });",
        replace: "this.#outputs.push({ type: 'persist', record: { ...record, promise: null } });",
      },
    ],
  },
  {
    name: 'refusal-not-durable',
    what: 'a refusal is answered without the disk, so that a later promise takes it back',
    changes: [
      {
        file: FILE,
        find: "this.#write({ floor: number, promise }, () => answer('refused'));",
        replace: "answer('refused');",
      },
    ],
  },
  {
    name: 'promise-given-twice',
    what: 'a node that is bound promises another attempt too',
    changes: [
      {
        file: FILE,
        find: 'if (promise === null && this.#isWanted(attempt)) {',
        replace: 'if (this.#isWanted(attempt)) {',
      },
      {
        file: FILE,
        find: "if (isNew) invariant(this.#record.promise === null, 'a node is bound to one attempt at a time');",
        replace: '',
      },
    ],
  },
  {
    name: 'release-without-refusal',
    what: 'a founder lets go of its promise when the coordinator takes too long',
    changes: [
      {
        file: FILE,
        find: 'if (!isCoordinator && this.#nowMs < this.#askAtMs) return;',
        replace:
          'if (!isCoordinator && this.#nowMs >= this.#giveUpAtMs) { this.#giveUp(draw); return; }',
      },
    ],
  },
  {
    name: 'release-by-a-stranger',
    what: 'a refusal of a node that is no founder lets go of a promise',
    changes: [
      {
        file: FILE,
        find: 'if (!promise.founders.some(({ installId }) => installId === from)) return;',
        replace: '',
      },
      {
        file: FILE,
        find: 'for (const founder of attempt.founders) {',
        replace:
          'for (const founder of [...attempt.founders, ...this.#recent(this.#nowMs).map(({ who }) => who)]) {',
      },
    ],
  },
  {
    name: 'majority-decides',
    what: 'the coordinator founds once half of the others have promised',
    changes: [
      {
        file: FILE,
        find: 'if (others.every((founder) => this.#promised.has(founder.installId))) {',
        replace:
          'if (others.filter((founder) => this.#promised.has(founder.installId)).length * 2 >= others.length) {',
      },
    ],
  },
  {
    name: 'joins-while-bound',
    what: 'a node that is bound to an attempt joins another cluster that it hears',
    changes: [
      {
        file: FILE,
        find: 'if (promise !== null) { this.#pursue(promise, draw); return; }',
        replace:
          'if (promise !== null && this.#members(this.#nowMs).length === 0) { this.#pursue(promise, draw); return; }',
      },
    ],
    coveredBy: 'a member that is heard proves that no other attempt was founded',
  },
];

/** What a planted bug led to. */
export interface FormingFinding {
  readonly name: string;
  readonly seeds: number;
  /** Null: no seed failed. */
  readonly failure: {
    readonly outcome: string;
    readonly property: string | null;
    readonly detail: string;
  } | null;
}

/** Plants one bug into a copy of the code and runs at most `count` seeds over it, until one fails. */
export async function findFormingMutant(
  mutant: Mutant,
  from: bigint,
  count: number,
): Promise<FormingFinding> {
  const { directory, nodeArguments } = plant(mutant, 'forming');
  try {
    const words = [...nodeArguments, String(from), String(count)];
    const options = { cwd: directory, timeout: CHILD_LIMIT_MS };
    const { stdout } = await promisify(execFile)(process.execPath, words, options);
    const found = JSON.parse(stdout) as Omit<FormingFinding, 'name'>;
    return { name: mutant.name, ...found };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
