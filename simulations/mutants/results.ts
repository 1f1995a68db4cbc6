// A file that remembers attempts, so that a table that takes hours can be interrupted and goes on where it was. A line of JSON
// for each attempt, appended as soon as it is over; a last line that a crash cut short is left out. It belongs to one
// version of the code and one seed: attempts of another would make a table of nothing.

import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { UsageError } from '../arguments.js';
import type { Attempt } from './attempt.js';
import type { Mutant } from './mutant.js';
import type { Size } from '../minimise/minimise.js';
import { FOLDERS, ROOT } from './plant.js';

/** What a results file is about. */
interface Heading {
  readonly seed: string;
  readonly code: string;
}

/** A failing run before and after it was made short. */
export interface Short {
  readonly before: Size;
  readonly after: Size;
  /** Its time was over before nothing could be left out any more. */
  readonly isCut: boolean;
}

interface Line {
  readonly name: string;
  /** Hash of the mutant's changes. */
  readonly plant: string;
  /** One of these two. */
  readonly attempt?: Attempt;
  readonly short?: Short;
}

export class Results {
  readonly seed: bigint;
  readonly #file: string | null;
  readonly #lines: Line[];

  private constructor(seed: bigint, file: string | null, lines: Line[]) {
    this.seed = seed;
    this.#file = file;
    this.#lines = lines;
  }

  /** Remembers in memory only. */
  static inMemory(seed: bigint): Results {
    return new Results(seed, null, []);
  }

  /**
   * Goes on with a file, or begins it; a seed that was not given by the user counts only for a new file.
   * Throws `UsageError` if the file is of another seed, of another version of the code, or no results file.
   */
  static open(file: string, seed: bigint, isGiven: boolean): Results {
    const code = codeHash();
    if (!existsSync(file)) {
      writeFileSync(file, `${JSON.stringify({ seed: seed.toString(), code })}\n`);
      return new Results(seed, file, []);
    }
    const [first, ...rest] = readFileSync(file, 'utf8').split('\n');
    const heading = parsed(first ?? '') as Partial<Heading> | null;
    if (typeof heading?.seed !== 'string' || typeof heading.code !== 'string') {
      throw new UsageError(`expected ${file} to be a results file of this command`);
    }
    if (heading.code !== code) {
      throw new UsageError(
        `expected results of this version of the code in ${file}; name another file`,
      );
    }
    if (isGiven && heading.seed !== seed.toString()) {
      throw new UsageError(`expected results of seed ${seed} in ${file}, got seed ${heading.seed}`);
    }
    const lines = rest.map(parsed).filter((line): line is Line => line !== null);
    return new Results(BigInt(heading.seed), file, lines);
  }

  /** The attempts at this bug, in the order of their base seeds in `bases`. */
  of(mutant: Mutant, bases: readonly string[]): Attempt[] {
    const known = this.#linesOf(mutant).flatMap(({ attempt }) => attempt ?? []);
    return bases.flatMap((base) => known.find((attempt) => attempt.base === base) ?? []);
  }

  add(mutant: Mutant, attempt: Attempt): void {
    this.#keep({ name: mutant.name, plant: plantHash(mutant), attempt });
  }

  /** How short a failing run of this bug became; null: nobody has tried. */
  shortOf(mutant: Mutant): Short | null {
    return this.#linesOf(mutant).findLast(({ short }) => short !== undefined)?.short ?? null;
  }

  addShort(mutant: Mutant, short: Short): void {
    this.#keep({ name: mutant.name, plant: plantHash(mutant), short });
  }

  #linesOf(mutant: Mutant): readonly Line[] {
    const plant = plantHash(mutant);
    return this.#lines.filter((line) => line.name === mutant.name && line.plant === plant);
  }

  #keep(line: Line): void {
    this.#lines.push(line);
    if (this.#file !== null) appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/** Null: no JSON, as an empty line or one that was cut short. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function plantHash({ changes }: Mutant): string {
  return createHash('sha256').update(JSON.stringify(changes)).digest('hex').slice(0, 16);
}

/** Of all that a simulation is made of, without the lists of bugs. */
function codeHash(): string {
  const hash = createHash('sha256');
  for (const folder of FOLDERS) {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((each) => /\.[jt]s$/.test(each)).sort()) {
      if (folder === 'simulations' && name.startsWith('mutants')) continue;
      hash.update(name).update(readFileSync(join(ROOT, folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
