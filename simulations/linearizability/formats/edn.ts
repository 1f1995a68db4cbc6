// Reads EDN, as Jepsen writes its histories: maps, vectors, lists, sets, texts, keywords, symbols, numbers, tags (left out),
// comments. A keyword becomes `{edn: ":name"}`; a number that JavaScript cannot hold exactly, its text; a map an object whose
// names are its keys' texts, so that `:f` is the name of a keyword key.
// Source: github.com/edn-format/edn.

import { HistoryProblem } from './problem.js';
import type { Value } from '../value.js';
import { ednTextOf, textOf } from '../value.js';

/** A value and the line where it begins. */
export interface Form {
  readonly value: Value;
  readonly line: number;
}

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '#{': '}' };
const CHARACTERS: Readonly<Record<string, string>> = {
  newline: '\n',
  space: ' ',
  tab: '\t',
  return: '\r',
};
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };
const DEPTH_MAX = 100;
/** Blanks (a comma is one), comments, and what `#_` and tags leave out is skipped by the reader. */
const BLANK = /(?:[\s,]|;[^\n]*)*/y;
const TEXT = /"((?:[^"\\]|\\[^])*)"/y;
const TOKEN = /[^\s,;"()[\]{}\\]+/y;
const CHARACTER = /\\(newline|space|tab|return|u[0-9a-fA-F]{4}|[^])/y;

/** All forms at the top of the text. Throws a `HistoryProblem`. */
export function readEdn(text: string): Form[] {
  return new Reader(text).all();
}

class Reader {
  readonly #text: string;
  #at = 0;
  #line = 1;
  /** Up to where lines are counted. */
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): Form[] {
    const forms: Form[] = [];
    while (true) {
      this.#match(BLANK);
      if (this.#at >= this.#text.length) return forms;
      if (this.#maybeDiscard(0)) continue;
      const { line } = this;
      forms.push({ value: this.#value(0), line });
    }
  }

  get line(): number {
    for (; this.#counted < this.#at; this.#counted += 1) {
      if (this.#text[this.#counted] === '\n') this.#line += 1;
    }
    return this.#line;
  }

  #value(depth: number): Value {
    if (depth > DEPTH_MAX) throw this.#expected(`at most ${DEPTH_MAX} levels of brackets`);
    this.#match(BLANK);
    const next = this.#text[this.#at] ?? '';
    if (next === '"') return this.#string();
    if (next === '\\') return this.#character();
    if (next === '#' && this.#text[this.#at + 1] === '{') return this.#sequence('#{', depth);
    if (next === '(' || next === '[') return this.#sequence(next, depth);
    if (next === '{') return this.#map(depth);
    const token = this.#match(TOKEN)?.[0];
    if (token === undefined) throw this.#expected('a value');
    // A tag says what the value after it is; the value tells enough.
    return token.startsWith('#') ? this.#value(depth + 1) : atom(token);
  }

  #maybeDiscard(depth: number): boolean {
    if (!this.#text.startsWith('#_', this.#at)) return false;
    this.#at += 2;
    this.#value(depth + 1);
    return true;
  }

  #sequence(opener: string, depth: number): Value {
    this.#at += opener.length;
    const values: Value[] = [];
    const closer = CLOSERS[opener] ?? '';
    while (!this.#maybeClose(closer)) {
      if (!this.#maybeDiscard(depth)) values.push(this.#value(depth + 1));
    }
    return values;
  }

  #map(depth: number): Value {
    const flat = this.#sequence('{', depth) as readonly Value[];
    if (flat.length % 2 !== 0) throw this.#expected('a value for each key of the map');
    const entries: [string, Value][] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      entries.push([nameOf(flat[at] ?? null), flat[at + 1] ?? null]);
    }
    return Object.fromEntries(entries);
  }

  #maybeClose(closer: string): boolean {
    this.#match(BLANK);
    if (this.#at >= this.#text.length) throw this.#expected(`${closer} before the end`);
    if (this.#text[this.#at] !== closer) return false;
    this.#at += 1;
    return true;
  }

  #string(): string {
    const body = this.#match(TEXT)?.[1];
    if (body === undefined) throw this.#expected('a closing quote');
    return body.replaceAll(/\\(u[0-9a-fA-F]{4}|[^])/g, (_, escape: string) =>
      escape.length === 5 ? unicode(escape) : (ESCAPES[escape] ?? escape),
    );
  }

  #character(): string {
    const name = this.#match(CHARACTER)?.[1] ?? '';
    return name.length === 5 && name.startsWith('u') ? unicode(name) : (CHARACTERS[name] ?? name);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  #expected(what: string): HistoryProblem {
    return new HistoryProblem(this.line, `expected ${what}`);
  }
}

function atom(token: string): Value {
  if (token === 'nil') return null;
  if (token === 'true') return true;
  if (token === 'false') return false;
  if (/^[-+]?\d+N?$/.test(token)) {
    const value = Number(token.replace('N', ''));
    return Number.isSafeInteger(value) ? value : { edn: token };
  }
  const isFraction = /^[-+]?\d+(\.\d*)?([eE][-+]?\d+)?M?$/.test(token);
  return isFraction ? Number(token.replace('M', '')) : { edn: token };
}

function nameOf(key: Value): string {
  if (typeof key === 'string') return key;
  return ednTextOf(key) ?? textOf(key);
}

function unicode(escape: string): string {
  return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
}
