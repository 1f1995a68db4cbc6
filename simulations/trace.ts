// What happened, as a rolling hash that two runs of one seed must share, and on request as lines for people.
// Every event enters the hash with its time, its machine, its kind and a digest of what it carried.

import { Digest, showDigest } from './digest.js';

/** Takes one line of a readable trace. */
export type LineSink = (line: string) => void;

export class Trace {
  readonly #digest = new Digest();
  readonly #sink: LineSink | null;
  events = 0;

  /** `sink` null: only the hash is kept. */
  constructor(sink: LineSink | null) {
    this.#sink = sink;
  }

  /** Notes one event; `node` 0 is the world itself. `describe` is called only when somebody reads. */
  note(atUs: number, node: number, kind: string, content: number, describe: () => string): void {
    this.events += 1;
    this.#digest.number(atUs).word(node).text(kind).number(content);
    if (this.#sink === null) return;
    const who = node === 0 ? 'world' : `node ${node}`;
    this.#sink(`${showTime(atUs)}  ${who.padEnd(7)}  ${kind.padEnd(9)}  ${describe()}`);
  }

  /** Hash of all events so far. */
  get hash(): string {
    return showDigest(this.#digest.end());
  }
}

/** Simulated true time in seconds, to the microsecond. */
export function showTime(atUs: number): string {
  return `${Math.floor(atUs / 1e6)}.${String(atUs % 1e6).padStart(6, '0')}s`;
}
