// What a process with the monitor tells of itself, in a file of its own: how late its event loop was and what memory it used.
// The monitor itself is crowds/monitor.mjs.

import { existsSync, readFileSync } from 'node:fs';

/** Loaded by `--import`; `QUORATE_BENCH_MONITOR` names its file. */
export const MONITOR = new URL('./crowds/monitor.mjs', import.meta.url).href;

export interface Note {
  /** Wall clock, the same for all processes of the machine. */
  readonly atMs: number;
  /** The longest that a timer had to wait since the note before. */
  readonly lateMs: number;
  /** How late each timer of 5 ms was, one after the other. */
  readonly lates: readonly number[];
  /** How long the main thread waited for a processor since the note before. */
  readonly waitedForMs: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly isCollected: boolean;
}

/** All that it told so far. */
export function notesIn(file: string): Note[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // The last line may be half written.
  return lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as Note);
}
