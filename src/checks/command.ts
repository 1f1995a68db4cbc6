// Runs a program to its end, within a time limit: for health checks and hooks. It starts by list, never through a shell, in a
// session of its own, so that over time the whole group is killed. What it writes is told line by line, at most so much.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Running {
  readonly command: readonly string[];
  readonly timeoutMs: number;
  /** All that it gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/** Lines told of one run. */
const LINES_MAX = 200;
const LINE_LENGTH_MAX = 2000;

/** Resolves once its process has exited and its group was killed: null if it ended with 0, else why it failed. Never rejects. */
export function runCommand(running: Running): Promise<string | null> {
  const { command, timeoutMs, environment, signal, onLine } = running;
  const [program = '', ...words] = command;
  if (signal.aborted) return Promise.resolve('it was called off');
  return new Promise((resolve) => {
    const child = spawn(program, words, {
      env: { ...environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let last = '';
    let count = 0;
    let late: string | null = null;
    const tell = (line: string): void => {
      last = line.slice(0, LINE_LENGTH_MAX);
      count += 1;
      if (count <= LINES_MAX) onLine?.(last);
    };
    for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', tell);
    const kill = (why: string): void => {
      late ??= why;
      killGroup(child.pid);
    };
    const callOff = (): void => kill('it was called off');
    const timer = setTimeout(() => kill(`it took longer than ${timeoutMs} ms`), timeoutMs);
    signal.addEventListener('abort', callOff);
    const ended = (why: string | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', callOff);
      killGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(late ?? why);
    };
    child.on('error', (error) => {
      if (child.pid === undefined) ended(`it cannot be started: ${error.message}`);
    });
    child.on('exit', (code, by) => {
      // What it wrote last arrives in the turns that follow.
      setTimeout(() => ended(code === 0 ? null : said(by ?? `exit code ${code}`, last)), 20);
    });
  });
}

function said(how: string, last: string): string {
  return last === '' ? how : `${how}: ${last}`;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
