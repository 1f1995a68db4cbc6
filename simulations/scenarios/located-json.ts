// JSON with the line of every value, so that whoever wrote a scenario is told where it is wrong. Besides that it is JSON as
// RFC 8259 has it; a name that appears twice in an object is refused, since one of the two would be lost.

/** What a file cannot be read for, and where. */
export class JsonProblem extends Error {
  override readonly name = 'JsonProblem';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** A value with the line where it begins; the parts of objects and lists have theirs. */
export interface Located {
  readonly line: number;
  readonly value:
    null | boolean | number | string | readonly Located[] | ReadonlyMap<string, Located>;
}

const SPACE = /[ \t\r\n]*/y;
const TEXT = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const DEPTH_MAX = 50;

/** Reads one value. Throws a `JsonProblem`. */
export function readLocated(text: string): Located {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Located {
    this.#match(SPACE);
    const { line } = this;
    if (depth > DEPTH_MAX) throw new JsonProblem(line, 'expected less nesting');
    if (this.#take('{')) return { line, value: this.#object(depth) };
    if (this.#take('[')) return { line, value: this.#list(depth) };
    const found = this.#match(TEXT) ?? this.#match(PLAIN);
    if (found === null) throw this.#problem('a value');
    return { line, value: JSON.parse(found) as null | boolean | number | string };
  }

  end(): void {
    this.#match(SPACE);
    if (this.#at < this.#text.length) throw this.#problem('the end of the file');
  }

  get line(): number {
    for (; this.#counted < this.#at; this.#counted += 1) {
      if (this.#text[this.#counted] === '\n') this.#line += 1;
    }
    return this.#line;
  }

  #object(depth: number): Map<string, Located> {
    const fields = new Map<string, Located>();
    this.#match(SPACE);
    if (this.#take('}')) return fields;
    while (true) {
      this.#match(SPACE);
      const { line } = this;
      const quoted = this.#match(TEXT);
      if (quoted === null) throw this.#problem('a name in double quotes');
      const name = JSON.parse(quoted) as string;
      if (fields.has(name)) throw new JsonProblem(line, `expected ${name} once, got it twice`);
      this.#match(SPACE);
      if (!this.#take(':')) throw this.#problem('a colon');
      fields.set(name, this.value(depth + 1));
      this.#match(SPACE);
      if (this.#take('}')) return fields;
      if (!this.#take(',')) throw this.#problem('a comma or }');
    }
  }

  #list(depth: number): Located[] {
    const values: Located[] = [];
    this.#match(SPACE);
    if (this.#take(']')) return values;
    while (true) {
      values.push(this.value(depth + 1));
      this.#match(SPACE);
      if (this.#take(']')) return values;
      if (!this.#take(',')) throw this.#problem('a comma or ]');
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #problem(expected: string): JsonProblem {
    const got = this.#text.slice(this.#at, this.#at + 12).split('\n')[0] ?? '';
    return new JsonProblem(this.line, `expected ${expected}, got ${got === '' ? 'the end' : got}`);
  }
}
