// Real processes for tests: the built command run to its end, and clusters of real daemons on free ports whose children
// are always killed. Everything has a deadline; nothing sleeps for a fixed time.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon } from '../../cli/demo/daemon.js';
import { runInThread } from './command-host.js';

/** The built command. */
export const BIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

if (!existsSync(BIN)) {
  throw new Error(`${BIN} is missing: run \`npm run build\` before these tests`);
}

/** For one that hangs; how long a command may take is for its test to say. */
const RUN_TIMEOUT_MS = 100_000;

export interface CommandEnd {
  /** Null: ended by a signal, or at the limit of the test. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: Record<string, string>;
  readonly execArgs?: readonly string[];
  /** It is refused before it would start anything. */
  readonly isUsage?: true;
}

/** Commands that take signals over or start others: they need a process of their own. */
const NEEDS_PROCESS = new Set(['start', 'demo', 'simulate', 'lock', 'elect', 'watch', '--watch']);

/** Runs the command to its end, without a terminal and without colours; in a thread that is ready where that is the same. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<CommandEnd> {
  const isTold = options.isUsage === true || args.includes('--help');
  const mayRun = !isTold && args.some((word) => NEEDS_PROCESS.has(word));
  if (mayRun || options.execArgs !== undefined) return runProcess(args, options);
  return runInThread(args, environment(options));
}

function environment({ env = {} }: RunOptions): Record<string, string | undefined> {
  const { QUORATE_NODE: _node, FORCE_COLOR: _color, ...inherited } = process.env;
  return { ...inherited, NO_COLOR: '1', ...env };
}

/** Runs the command in a process of its own to its end. */
function runProcess(args: readonly string[], options: RunOptions = {}): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...(options.execArgs ?? []), BIN, ...args], {
      env: environment(options),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

/** Answers what was printed; fails, with what was said, unless the command ended with 0. */
export function mustSucceed({ code, stdout, stderr }: CommandEnd): string {
  if (code !== 0) throw new Error(`it ended with ${code}: ${stderr}`);
  return stdout;
}

/** Runs a command against a daemon. */
export function runAt(daemon: Daemon, ...args: readonly string[]): Promise<CommandEnd> {
  return run(['--node', daemon.api, ...args]);
}

/** Runs a command against a daemon and answers the object that it prints with --json; fails unless it exits with 0. */
export async function jsonAt<T>(daemon: Daemon, ...args: readonly string[]): Promise<T> {
  return JSON.parse(mustSucceed(await runAt(daemon, ...args, '--json'))) as T;
}

/**
 * Clean daemons that run, with short timers; `more` says further options of `start`, by name. `close` must be called,
 * whatever happens.
 */
export async function startCleanDaemons(
  nodes: number,
  more: (name: string) => readonly string[] = () => [],
): Promise<LocalCluster> {
  const cluster = await LocalCluster.plan({
    nodes,
    electionTimeout: '300ms',
    bin: BIN,
    prefersUsualPorts: false,
    more,
  });
  try {
    await cluster.startAll();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return cluster;
}
