// A process of the benchmark's own. It serves on a port of its choice, tells it, and ends with its parent.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Child {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Starts a file and waits until it serves. Fails if it ends before. */
export async function serving(file: URL, args: readonly string[] = []): Promise<Child> {
  const child = fork(file, args, {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`${file.pathname} ended with ${String(code)} before it served`);
  });
  const [port] = (await Promise.race([once(child, 'message'), gone])) as [number];
  return { child, port };
}

export async function ended({ child }: Child): Promise<void> {
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}
