// How the process ends: after what was printed has left, whatever connection or timer is still open. And who is asked
// when a signal comes: the command that took signals over, else the default that ends the process with 130 or 143.

import { EXIT_CODES } from '../src/errors.js';

export type Signal = 'SIGINT' | 'SIGTERM';
type Handler = (signal: Signal) => void;

let handlers: Handler[] = [];

/**
 * Takes SIGINT and SIGTERM over until the returned function is called; the latest handler alone is asked.
 * Source: exit codes 130 and 143 are 128 plus the signal's number, as shells have them.
 */
export function onSignal(handler: Handler): () => void {
  if (handlers.length === 0) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => handlers.at(-1)?.(signal));
    }
  }
  handlers.push(handler);
  return () => {
    handlers = handlers.filter((other) => other !== handler);
  };
}

let hasLostOutput = false;
let isOutputNeeded = true;

/**
 * Ends the process quietly when the reader of standard output goes away, and as a failure when data cannot be written.
 * What cannot be told on standard error changes nothing: the exit code still says how it ended.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!isOutputNeeded) return;
    if (error.code === 'EPIPE') process.exit(Number(process.exitCode ?? 0));
    if (hasLostOutput) return;
    hasLostOutput = true;
    process.stderr.write(`quorate: cannot write to standard output: ${error.message}.\n`);
    void exitWith(EXIT_CODES.failed);
  });
  process.stderr.on('error', () => {});
}

/** From here on the process goes on although nobody takes what it prints: a daemon serves others than its terminal. */
export function outliveOutput(): void {
  isOutputNeeded = false;
}

/** Ends the process once standard output and error have taken what was written; with 1 if data could not be written. */
export async function exitWith(code: number): Promise<never> {
  await flushed(process.stdout);
  // An error of the last write is told a moment later.
  await new Promise((resolve) => setImmediate(resolve));
  await flushed(process.stderr);
  process.exit(hasLostOutput && code === EXIT_CODES.done ? EXIT_CODES.failed : code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
