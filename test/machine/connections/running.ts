// Commands as a shell would run them, with what they printed, how they ended and how long they took. Each is killed
// when it outlives the test's patience, so that a hang shows as a wrong end and not as a test that hangs.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import { BIN } from '../../support/cluster.js';

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface Running {
  readonly child: ChildProcess;
  readonly end: Promise<End>;
}

const PATIENCE_MS = 30_000;

/** Starts a program. */
export function begin(file: string, args: readonly string[]): Running {
  const beganMs = performance.now();
  const { QUORATE_NODE: _node, FORCE_COLOR: _color, ...inherited } = process.env;
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, NO_COLOR: '1' },
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const end = new Promise<End>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr, tookMs: performance.now() - beganMs });
    });
  });
  return { child, end };
}

/** Starts the built command. */
export function quorate(...args: readonly string[]): Running {
  return begin(process.execPath, [BIN, ...args]);
}

/** Runs a line of bash in which `quorate` is the built command; `$?` and PIPESTATUS are what they would be. */
export function shell(line: string): Promise<End> {
  const alias = `quorate() { ${JSON.stringify(process.execPath)} ${JSON.stringify(BIN)} "$@"; }`;
  return begin('bash', ['-c', `${alias}\n${line}`]).end;
}
