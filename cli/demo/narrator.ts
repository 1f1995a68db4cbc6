// Tells a story on standard output, calmly: chapters with the time at which they begin, the commands an operator would
// type, and claims that were checked. A claim that is false ends the story. With --json nothing is told on the way, and one object at the end.

import type { Style } from '../format.js';

/** A claim of the story that turned out to be false. */
export class FalseClaim extends Error {
  override readonly name = 'FalseClaim';
}

interface Claim {
  readonly claim: string;
  readonly holds: boolean;
  readonly found: string;
}

interface Chapter {
  readonly title: string;
  /** Since the story began. */
  readonly atMs: number;
  readonly commands: string[];
  readonly claims: Claim[];
}

/** What `demo --story --json` prints. */
export interface StoryReport {
  readonly holds: boolean;
  readonly durationMs: number;
  readonly chapters: readonly Chapter[];
}

const INDENT = '          ';

export class Narrator {
  readonly #style: Style;
  readonly #write: (text: string) => void;
  readonly #begunMs = performance.now();
  readonly #chapters: Chapter[] = [];

  /** `write` gets whole lines; null tells nothing. */
  constructor(style: Style, write: ((text: string) => void) | null) {
    this.#style = style;
    this.#write = write ?? ((): void => {});
  }

  /** A line by itself. */
  line(text = ''): void {
    this.#write(`${text}\n`);
  }

  /** Begins a chapter. */
  chapter(title: string): void {
    const atMs = Math.round(performance.now() - this.#begunMs);
    this.#chapters.push({ title, atMs, commands: [], claims: [] });
    const time = `${(atMs / 1000).toFixed(1)} s`.padStart(8);
    this.line();
    this.line(`${this.#style.dim(time)}  ${this.#style.bold(title)}`);
  }

  /** What an operator would type for what is done here. */
  command(text: string): void {
    this.#chapters.at(-1)?.commands.push(text);
    this.line(`${INDENT}${this.#style.cyan(`$ ${text}`)}`);
  }

  /** More about it. */
  say(text: string): void {
    this.line(`${INDENT}${this.#style.dim(text)}`);
  }

  /** States something that was checked; `found` says what was seen. Throws `FalseClaim` if it does not hold. */
  claim(claim: string, holds: boolean, found: string): void {
    this.#chapters.at(-1)?.claims.push({ claim, holds, found });
    const mark = holds ? this.#style.green('✓') : this.#style.red('✗');
    this.line(`${INDENT}${mark} ${claim} ${this.#style.dim(`(${found})`)}`);
    if (!holds) throw new FalseClaim(`${claim}: found ${found}`);
  }

  /** What was told, for programs. */
  report(): StoryReport {
    return {
      holds: this.#chapters.every(({ claims }) => claims.every(({ holds }) => holds)),
      durationMs: Math.round(performance.now() - this.#begunMs),
      chapters: this.#chapters,
    };
  }
}
