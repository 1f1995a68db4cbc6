// How the process ends: after what was printed has left, whatever connection or timer is still open. And who is asked
// when a signal comes: the command that took signals over, else the default that ends the process with 130 or 143.

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

/** Ends the process once standard output and error have taken what was written. */
export async function exitWith(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit(code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
