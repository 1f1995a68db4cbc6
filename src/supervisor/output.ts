// What a process writes: to the daemon's log a line at a time, or to a file of its own that is rotated. A flood is cut, and
// said to be, in the log; it waits for the disk in a file. Nothing here blocks the keeper.

import { createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';

import type { ProcessDefinition } from '../keeper/process-definition.js';

/** A longer line is told in pieces of this length. */
const LINE_CHARACTERS_MAX = 8192;
/** Lines of one process that the log takes at once, and refills per second. */
const LINES_BURST = 500;
const LINES_PER_SECOND = 100;

/** Where lines go. */
export interface LineSink {
  line(text: string): void;
  dropped(count: number): void;
}

/** Cuts a stream into lines, as many as the log takes. */
export function tellLines(from: Readable, sink: LineSink, nowMs: () => number): void {
  let rest = '';
  let left = LINES_BURST;
  let filledMs = nowMs();
  let droppedCount = 0;
  const tell = (text: string): void => {
    if (left < 1) {
      droppedCount += 1;
      return;
    }
    if (droppedCount > 0) sink.dropped(droppedCount);
    droppedCount = 0;
    left -= 1;
    sink.line(text);
  };
  from.setEncoding('utf8');
  from.on('data', (chunk: string) => {
    const atMs = nowMs();
    left = Math.min(LINES_BURST, left + ((atMs - filledMs) * LINES_PER_SECOND) / 1000);
    filledMs = atMs;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) pieces(line).forEach(tell);
    const begun = pieces(rest);
    rest = begun.pop() ?? '';
    begun.forEach(tell);
  });
  from.on('end', () => {
    if (rest !== '') tell(rest);
    if (droppedCount > 0) sink.dropped(droppedCount);
  });
  from.on('error', () => undefined);
}

/** One piece at least; only the last may be shorter. */
function pieces(line: string): string[] {
  const found: string[] = [];
  for (let at = 0; at === 0 || at < line.length; at += LINE_CHARACTERS_MAX) {
    found.push(line.slice(at, at + LINE_CHARACTERS_MAX));
  }
  return found;
}

/** A file that grows to `maxBytes`, then becomes `FILE.1`; of those the newest `keep` stay. One for all runs of a process. */
export class RotatedFile {
  readonly #to: NonNullable<ProcessDefinition['output']>;
  readonly #onTrouble: (why: string) => void;
  #stream: WriteStream | null = null;
  #bytes = 0;

  constructor(to: NonNullable<ProcessDefinition['output']>, onTrouble: (why: string) => void) {
    this.#to = to;
    this.#onTrouble = onTrouble;
  }

  /** Takes over a stream; while the disk is slow its writer waits. */
  take(from: Readable): void {
    from.on('data', (chunk: Buffer) => {
      if (this.#write(chunk)) return;
      from.pause();
      this.#stream?.once('drain', () => from.resume());
    });
    from.on('error', () => undefined);
  }

  close(): void {
    this.#stream?.end();
    this.#stream = null;
  }

  #write(chunk: Buffer): boolean {
    if (
      this.#stream !== null &&
      this.#bytes + chunk.length > this.#to.maxBytes &&
      this.#bytes > 0
    ) {
      this.close();
      this.#rotate();
    }
    this.#stream ??= this.#open();
    this.#bytes += chunk.length;
    return this.#stream.write(chunk);
  }

  #open(): WriteStream {
    const stream = createWriteStream(this.#to.file, { flags: 'a', mode: 0o640 });
    this.#bytes = statSync(this.#to.file, { throwIfNoEntry: false })?.size ?? 0;
    stream.on('error', (error) => {
      this.#onTrouble(error.message);
      // What waits for this stream goes on; what it writes is lost until the file can be opened again.
      if (this.#stream === stream) this.#stream = null;
      stream.emit('drain');
    });
    return stream;
  }

  #rotate(): void {
    const { file, keep } = this.#to;
    try {
      if (keep === 0) rmSync(file, { force: true });
      for (let number = keep; number > 0; number -= 1) {
        const from = number === 1 ? file : `${file}.${number - 1}`;
        if (statSync(from, { throwIfNoEntry: false }) !== undefined)
          renameSync(from, `${file}.${number}`);
      }
    } catch (error) {
      this.#onTrouble(error instanceof Error ? error.message : String(error));
    }
  }
}
