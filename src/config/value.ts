// A place in a configuration file while it is read: what stands there, and under which path. Each question either answers a
// value or notes an error at that place and answers null, so that one run finds every error. No default is decided here.
// Values that come from the environment are never shown in an error: only how they are written in the file.

import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Node, YAMLMap } from 'yaml';
import { hasReference, substituted } from './environment.js';
import type { Environment } from './environment.js';
import { shown, suggestion } from './problems.js';
import type { Problems } from './problems.js';
import { Wrong } from './scalars.js';

/** What reading shares. */
export interface Reading {
  readonly problems: Problems;
  readonly environment: Environment;
}

/** Entries of one list or mapping. */
const ENTRIES_MAX = 1000;

/** One value of the file. */
export class Value {
  readonly #reading: Reading;
  readonly #node: Node | null;
  /** Dotted, as errors name it; empty for the whole file. */
  readonly path: string;
  /** Of the value, or of its key where there is none. */
  readonly offset: number;

  constructor(reading: Reading, node: Node | null, path: string, offset: number) {
    this.#reading = reading;
    this.#node = node;
    this.path = path;
    this.offset = offset;
  }

  /** Whether nothing is written, or `null`. */
  get isNothing(): boolean {
    const node = this.#node;
    if (node === null) return true;
    if (!isScalar(node) || node.type !== 'PLAIN') return false;
    return typeof node.value !== 'string' || /^(~|null|)$/i.test(node.value);
  }

  get isMapping(): boolean {
    return isMap(this.#node);
  }

  get isList(): boolean {
    return isSeq(this.#node);
  }

  /** Notes an error here, under the path. */
  complain(message: string): null {
    this.#reading.problems.add(
      this.offset,
      this.path === '' ? message : `${this.path}: ${message}`,
    );
    return null;
  }

  /** The scalar by `parse`, which throws `Wrong`; the variables in it replaced. */
  read<T>(parse: (text: string) => T): T | null {
    const node = this.#node;
    if (!isScalar(node) || this.isNothing) return this.#complainOfKind(parse);
    const raw = String(node.value);
    try {
      return parse(substituted(raw, this.#reading.environment));
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      if (error.isWhole) return this.complain(error.message);
      const origin = hasReference(raw) ? `the value of ${shown(raw)}` : shown(raw);
      return this.complain(`expected ${error.message}, got ${origin}`);
    }
  }

  /** One of a few words. */
  oneOf<T extends string>(words: readonly T[]): T | null {
    const text = this.read((given) => given);
    if (text === null) return null;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const raw = isScalar(this.#node) ? String(this.#node.value) : '';
    const near = hasReference(raw) ? '' : suggestion(text, words);
    return this.complain(`expected ${words.join(', ')}, got ${shown(raw)}${near}`);
  }

  /** The elements of a list; null after an error. */
  list(): Value[] | null {
    const node = this.#node;
    if (!isSeq(node)) return this.#complainOf('a list');
    if (node.items.length > ENTRIES_MAX)
      return this.complain(`expected at most ${ENTRIES_MAX} entries`);
    return node.items.map((item, index) => {
      const element = item as Node;
      return new Value(
        this.#reading,
        element,
        `${this.path}[${index}]`,
        offsetOf(element, this.offset),
      );
    });
  }

  /** The entries of a mapping whose keys must be among `known`; null after an error. */
  mapping(known: readonly string[]): Mapping | null {
    const entries = this.entries();
    if (entries === null) return null;
    for (const { key, keyOffset } of entries) {
      if (known.includes(key)) continue;
      const near = suggestion(key, known);
      const hint = near === '' ? `; known are ${known.join(', ')}` : near;
      this.#reading.problems.add(keyOffset, `unknown key ${this.#below(key)}${hint}`);
    }
    return new Mapping(this, new Map(entries.map(({ key, value }) => [key, value])));
  }

  /** The entries of a mapping with keys of any name. */
  entries(): Entry[] | null {
    const node = this.#node;
    if (!isMap(node)) return this.#complainOf('keys and values');
    if (node.items.length > ENTRIES_MAX)
      return this.complain(`expected at most ${ENTRIES_MAX} keys`);
    return this.#pairs(node);
  }

  #pairs(node: YAMLMap): Entry[] {
    const entries: Entry[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      const keyOffset = offsetOf(keyNode, this.offset);
      if (!isScalar(keyNode)) {
        this.#reading.problems.add(keyOffset, 'expected a plain word as a key');
        continue;
      }
      const key = String(keyNode.value);
      const valueNode = pair.value as Node | null;
      const value = new Value(
        this.#reading,
        valueNode,
        this.#below(key),
        offsetOf(valueNode, keyOffset),
      );
      // An empty value stands where its key does: nothing else of it can be seen.
      entries.push({ key, keyOffset, value: value.isNothing ? value.at(keyOffset) : value });
    }
    return entries;
  }

  /** The same value, told of at another place. */
  at(offset: number): Value {
    return new Value(this.#reading, this.#node, this.path, offset);
  }

  #below(key: string): string {
    const name = key.length > 63 ? `${key.slice(0, 63)}…` : key;
    return this.path === '' ? name : `${this.path}.${name}`;
  }

  /** What the parser expects is found out by giving it nothing. */
  #complainOfKind(parse: (text: string) => unknown): null {
    try {
      parse('');
    } catch (error) {
      if (error instanceof Wrong) return this.#complainOf(error.message);
      throw error;
    }
    return this.#complainOf('some text');
  }

  #complainOf(expected: string): null {
    return this.complain(`expected ${expected}, got ${this.#kind()}`);
  }

  #kind(): string {
    const node = this.#node;
    if (this.isNothing) return 'nothing';
    if (isMap(node)) return 'keys and values';
    if (isSeq(node)) return 'a list';
    if (isAlias(node)) return `the alias *${node.source}`;
    return isScalar(node) && !hasReference(String(node.value)) ? shown(String(node.value)) : 'text';
  }
}

interface Entry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: Value;
}

/** A mapping whose unknown keys were told. */
export class Mapping {
  readonly #entries: ReadonlyMap<string, Value>;
  readonly #whole: Value;

  constructor(whole: Value, entries: ReadonlyMap<string, Value>) {
    this.#whole = whole;
    this.#entries = entries;
  }

  /** The value under a key; null: absent. */
  get(key: string): Value | null {
    return this.#entries.get(key) ?? null;
  }

  /** The value under a key, which must be there. */
  needed(key: string): Value | null {
    return this.get(key) ?? this.#whole.complain(`${key} is missing`);
  }

  /** The scalar under a key; null: absent, or after an error. */
  read<T>(key: string, parse: (text: string) => T): T | null {
    return this.get(key)?.read(parse) ?? null;
  }

  /** A mapping under a key; one that is empty or absent has no entries. */
  section(key: string, known: readonly string[]): Mapping {
    const value = this.get(key);
    if (value === null || value.isNothing) return new Mapping(value ?? this.#whole, new Map());
    return value.mapping(known) ?? new Mapping(value, new Map());
  }
}

function offsetOf(node: Node | null | undefined, otherwise: number): number {
  return node?.range?.[0] ?? otherwise;
}
