// What happened, as a rolling hash that two runs of one seed must share, and on request as lines for people.
// Every event enters the hash with its time, its machine, its kind and a digest of what it carried.

import { Digest, showDigest } from './digest.js';

/** Takes one line of a readable trace. */
export type LineSink = (line: string) => void;

/** One event as data; `node` 0 is the world itself, and `content` a digest of what the event carried. */
export interface TraceEvent {
  readonly atUs: number;
  readonly node: number;
  readonly kind: string;
  readonly content: number;
  readonly text: string;
}

export class Trace {
  readonly #digest = new Digest();
  readonly #sink: LineSink | null;
  #observer: ((event: TraceEvent) => void) | null = null;
  events = 0;

  /** `sink` null: only the hash is kept. */
  constructor(sink: LineSink | null) {
    this.#sink = sink;
  }

  /** Tells every event from now on, just before it happens. */
  observe(observer: (event: TraceEvent) => void): void {
    this.#observer = observer;
  }

  /** Notes one event; `node` 0 is the world itself. `describe` is called only when somebody reads. */
  note(atUs: number, node: number, kind: string, content: number, describe: () => string): void {
    this.events += 1;
    this.#digest.number(atUs).word(node).text(kind).number(content);
    if (this.#sink === null && this.#observer === null) return;
    const event = { atUs, node, kind, content, text: describe() };
    this.#sink?.(showEvent(event));
    this.#observer?.(event);
  }

  /** Hash of all events so far. */
  get hash(): string {
    return showDigest(this.#digest.end());
  }
}

/** One line for people. */
function showEvent({ atUs, node, kind, text }: TraceEvent): string {
  const who = node === 0 ? 'world' : `node ${node}`;
  return `${showTime(atUs)}  ${who.padEnd(7)}  ${kind.padEnd(9)}  ${text}`;
}

/** Simulated true time in seconds, to the microsecond. */
export function showTime(atUs: number): string {
  return `${Math.floor(atUs / 1e6)}.${String(atUs % 1e6).padStart(6, '0')}s`;
}
