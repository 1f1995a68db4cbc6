// The errors of one configuration file: each with its place, told all in one run, in the order of the file. Bounded, since a
// file can be wrong in more places than anybody reads. Pure.

import { nearWord } from './near-word.js';

/** One error; line and column count from 1, columns in UTF-16 units as editors do. */
export interface ConfigError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Errors that are told of one file; of more, that there are more. */
const ERRORS_TOLD_MAX = 100;
/** Characters of a wrong value that its error shows. */
const SHOWN_MAX = 40;

/** Collects errors by their offset in the text. */
export class Problems {
  readonly #found: { readonly offset: number; readonly message: string }[] = [];

  /** Takes an error; the same one at the same place counts once. */
  add(offset: number, message: string): void {
    const isKnown = this.#found.some((one) => one.offset === offset && one.message === message);
    if (!isKnown && this.#found.length <= ERRORS_TOLD_MAX) this.#found.push({ offset, message });
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** The errors in the order of the file; `placeOf` turns an offset into line and column. */
  inOrder(
    placeOf: (offset: number) => { readonly line: number; readonly col: number },
  ): ConfigError[] {
    const sorted = this.#found.toSorted((one, other) => one.offset - other.offset);
    const told = sorted.slice(0, ERRORS_TOLD_MAX).map(({ offset, message }) => {
      const { line, col } = placeOf(offset);
      return { line, column: col, message };
    });
    const last = told.at(-1);
    if (sorted.length <= told.length || last === undefined) return told;
    return [...told, { ...last, message: 'there are more errors; correct these first' }];
  }
}

/** One line, `FILE:LINE:COL: message`. */
export function errorLine(file: string, { line, column, message }: ConfigError): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** A wrong value as an error shows it: in quotes, and not at length. */
export function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}

/** ` (did you mean X?)`, or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearWord(word, known);
  return near === null ? '' : `; did you mean ${near}?`;
}
