// Reads the plain values of one row or one array of fields in order, checks each and mints the branded numbers: the
// gateway through which everything from disk, network and snapshots becomes a type. It reads what it is asked for and
// leaves later values alone, because fields are only ever appended. How a failure is thrown is the caller's choice.

import type { EntryId, InstallId, LogIndex, NodeId, Term } from '../raft/types.js';

const INSTALL_ID = /^[0-9a-f]{16}$/;

/** Makes the error to be thrown. */
type Fail = (message: string) => Error;

export class ValueReader {
  readonly #what: string;
  readonly #values: readonly unknown[];
  readonly #fail: Fail;
  readonly #outer: ValueReader | null;
  #at = 0;

  /** `what` begins every message, for people; behind that of `outer`, where this is nested. */
  constructor(
    what: string,
    values: readonly unknown[],
    fail: Fail,
    outer: ValueReader | null = null,
  ) {
    this.#what = what;
    this.#values = values;
    this.#fail = fail;
    this.#outer = outer;
  }

  /** A safe whole number, at least 0; errors name it `name` and `part`. */
  integer(name: string, part = ''): number {
    const value = this.#next();
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.#unexpected(name + part, 'a whole number of at least 0', value);
  }

  term(name: string): Term {
    return this.integer(name) as Term;
  }

  index(name: string): LogIndex {
    return this.integer(name) as LogIndex;
  }

  /** At least 1. */
  nodeId(name: string): NodeId {
    const value = this.integer(name);
    if (value >= 1) return value as NodeId;
    throw this.#unexpected(name, 'a node id of at least 1', value);
  }

  /** Two values: term, then index. */
  entryId(name: string): EntryId {
    return {
      term: this.integer(name, '.term') as Term,
      index: this.integer(name, '.index') as LogIndex,
    };
  }

  installId(name: string): InstallId {
    const value = this.#next();
    if (typeof value === 'string' && INSTALL_ID.test(value)) return value as InstallId;
    throw this.#unexpected(name, '16 lower-case hexadecimal digits', value);
  }

  boolean(name: string): boolean {
    const value = this.#next();
    if (typeof value === 'boolean') return value;
    throw this.#unexpected(name, 'true or false', value);
  }

  string(name: string): string {
    const value = this.#next();
    if (typeof value === 'string') return value;
    throw this.#unexpected(name, 'a string', value);
  }

  /** One of the given strings. */
  oneOf<T extends string>(name: string, known: readonly T[]): T {
    const value = this.#next();
    const found = known.find((each) => each === value);
    if (found !== undefined) return found;
    throw this.#unexpected(name, `one of ${known.join(', ')}`, value);
  }

  /** May be a view on the bytes that are being decoded. */
  bytes(name: string): Uint8Array {
    const value = this.#next();
    if (value instanceof Uint8Array) return value;
    throw this.#unexpected(name, 'bytes', value);
  }

  /** Null, or what `read` makes of the value. */
  nullable<T>(read: (reader: ValueReader) => T): T | null {
    if (this.#values[this.#at] !== null) return read(this);
    this.#at += 1;
    return null;
  }

  /** A nested array of values, read by `read`. */
  nested<T>(name: string, read: (reader: ValueReader) => T): T {
    return read(this.#within(name, this.#array(name)));
  }

  /** A nested array in which `read` is called for each element. */
  list<T>(name: string, read: (reader: ValueReader) => T): T[] {
    const values = this.#array(name);
    if (values.length === 0) return [];
    const reader = this.#within(name, values);
    // An array that grows has room for many more.
    return values.map(() => read(reader));
  }

  /** The error to throw when what was read makes no sense together. */
  damaged(detail: string): Error {
    return this.#fail(`${this.#place()}: ${detail}`);
  }

  #array(name: string): readonly unknown[] {
    const value = this.#next();
    if (!Array.isArray(value)) throw this.#unexpected(name, 'an array', value);
    return value;
  }

  #within(name: string, values: readonly unknown[]): ValueReader {
    return new ValueReader(name, values, this.#fail, this);
  }

  /** Put together only for a message: nearly all that is read is sound. */
  #place(): string {
    return this.#outer === null ? this.#what : `${this.#outer.#place()}, ${this.#what}`;
  }

  #next(): unknown {
    const value = this.#values[this.#at];
    this.#at += 1;
    return value;
  }

  #unexpected(name: string, expected: string, value: unknown): Error {
    const isShown = typeof value === 'number' || typeof value === 'boolean' || value === null;
    const got = isShown ? String(value) : typeof value;
    return this.damaged(`expected ${expected} as ${name}, got ${got}`);
  }
}
