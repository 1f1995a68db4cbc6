// Reads the fields of one array in order, checks each, and mints the branded numbers: the gateway through which
// everything from disk and network becomes a type. It reads what it is asked for and leaves later fields alone.

import type { EntryId, InstallId, LogIndex, NodeId, Term } from '../raft/types.js';
import { damaged } from './envelope.js';
import type { CodecError } from './codec-error.js';

const INSTALL_ID = /^[0-9a-f]{16}$/;

export class FieldReader {
  readonly #what: string;
  readonly #fields: readonly unknown[];
  #at = 0;

  /** `what` begins every error, for people. */
  constructor(what: string, fields: readonly unknown[]) {
    this.#what = what;
    this.#fields = fields;
  }

  /** A safe whole number, at least 0. */
  integer(name: string): number {
    const value = this.#next();
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.#unexpected(name, 'a whole number of at least 0', value);
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

  /** Term, then index. */
  entryId(name: string): EntryId {
    return { term: this.term(`${name}.term`), index: this.index(`${name}.index`) };
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

  /** A view on the bytes that are being decoded. */
  bytes(name: string): Uint8Array {
    const value = this.#next();
    if (value instanceof Uint8Array) return value;
    throw this.#unexpected(name, 'bytes', value);
  }

  /** Null, or what `read` makes of the field. */
  nullable<T>(read: (reader: FieldReader) => T): T | null {
    if (this.#fields[this.#at] !== null) return read(this);
    this.#at += 1;
    return null;
  }

  /** A nested array of fields, read by `read`. */
  nested<T>(name: string, read: (reader: FieldReader) => T): T {
    return read(new FieldReader(`${this.#what}, ${name}`, this.#array(name)));
  }

  /** A nested array in which each element is read by `read`. */
  list<T>(name: string, read: (reader: FieldReader) => T): T[] {
    const elements = this.#array(name);
    const reader = new FieldReader(`${this.#what}, ${name}`, elements);
    return elements.map(() => read(reader));
  }

  /** What was read makes no sense together; throw it. */
  damaged(detail: string): CodecError {
    return damaged(this.#what, detail);
  }

  #array(name: string): readonly unknown[] {
    const value = this.#next();
    if (Array.isArray(value)) return value;
    throw this.#unexpected(name, 'an array', value);
  }

  #next(): unknown {
    const value = this.#fields[this.#at];
    this.#at += 1;
    return value;
  }

  #unexpected(name: string, expected: string, value: unknown): CodecError {
    const isShown = typeof value === 'number' || typeof value === 'boolean' || value === null;
    return this.damaged(
      `expected ${expected} as ${name}, got ${isShown ? String(value) : typeof value}`,
    );
  }
}
