// One real daemon as a child process on this machine: start it, wait until it answers, kill it, start it again.
// It dies with whoever started it, even by SIGKILL: its standard input is a pipe whose other end only the parent holds,
// and `start --exit-with-stdin` ends when that pipe closes. Used by the demo and by the end-to-end tests.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { QuorateClient } from '../../src/client/client.js';
import { TlsIdentity } from '../../src/tls/identity.js';
import type { TlsFiles } from '../../src/tls/identity.js';

const READY_TIMEOUT_MS = 15_000;
const POLL_MS = 20;
const EXIT_TIMEOUT_MS = 15_000;
/** Bytes of its log that are shown when it does not start. */
const LOG_TAIL = 600;

export interface DaemonPlan {
  readonly name: string;
  /** For data and log; created if missing. */
  readonly directory: string;
  /** Peer address, `HOST:PORT`. */
  readonly address: string;
  /** API address, `HOST:PORT`. */
  readonly api: string;
  /** Of the HTTP port, `HOST:PORT`. */
  readonly http: string;
  /** By which other members reach its API, where that is not how its client does; default: `api`. */
  readonly apiForMembers?: string;
  /** As on the command line; null: the daemon's default. */
  readonly electionTimeout: string | null;
  /** The daemon's, and shown by `client` too; null: without TLS. */
  readonly tls: TlsFiles | null;
  /** The built command, `dist/cli/main.js`. */
  readonly bin: string;
  /** A program, with its arguments, that becomes the daemon, as `env` does; default: none. */
  readonly prefix?: readonly string[];
  /** Further options of `start`. */
  readonly more?: readonly string[];
  /** Of its Command Center; default: none. */
  readonly password?: string;
  /** How long it may take until it answers; default 15 s. */
  readonly readyTimeoutMs?: number;
}

/** How a child ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Daemon {
  readonly plan: DaemonPlan;
  readonly client: QuorateClient;
  readonly #tls: TlsIdentity | null;
  #child: ChildProcess | null = null;
  #exit: Promise<Exit> | null = null;

  constructor(plan: DaemonPlan) {
    this.plan = plan;
    this.#tls = plan.tls === null ? null : TlsIdentity.load(plan.tls);
    this.client = new QuorateClient({ address: plan.api, tls: this.#tls });
    mkdirSync(plan.directory, { recursive: true });
  }

  get name(): string {
    return this.plan.name;
  }

  get api(): string {
    return this.plan.api;
  }

  get logPath(): string {
    return join(this.plan.directory, `${this.name}.log`);
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Starts the process and resolves once its API answers. Fails if it ends before, with the end of its log. */
  async start(): Promise<void> {
    // The daemon is about to read the same files, which may have been replaced.
    await this.#tls?.reload();
    this.#spawn();
    const limitMs = this.plan.readyTimeoutMs ?? READY_TIMEOUT_MS;
    const deadlineMs = performance.now() + limitMs;
    for (;;) {
      if (this.#child === null) throw this.#failure('ended instead of starting');
      try {
        await this.client.nodeStatus({ timeoutMs: 1000, retry: false });
        return;
      } catch (error) {
        if (performance.now() < deadlineMs) await pause(POLL_MS);
        else throw this.#failure(`did not answer within ${limitMs} ms: ${String(error)}`);
      }
    }
  }

  /** Sends the signal and resolves once the process is gone; after a bound it is killed. */
  async stop(signal: NodeJS.Signals): Promise<Exit> {
    const child = this.#child;
    const exit = this.#exit;
    if (child === null || exit === null) return { code: null, signal: null };
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_TIMEOUT_MS);
    try {
      return await exit;
    } finally {
      clearTimeout(timer);
    }
  }

  /** For the moment in which this process itself ends: kills without waiting. */
  killNow(): void {
    this.#child?.kill('SIGKILL');
  }

  #spawn(): void {
    const {
      name,
      directory,
      address,
      api,
      http,
      electionTimeout,
      tls,
      bin,
      prefix = [],
    } = this.plan;
    const log = openSync(this.logPath, 'a');
    const args = [bin, 'start', '--exit-with-stdin', '--name', name];
    args.push('--data-dir', join(directory, 'data'), '--listen', address);
    args.push('--api', api, '--http', http);
    if (electionTimeout !== null) args.push('--election-timeout', electionTimeout);
    args.push(...(this.plan.more ?? []));
    // Empty: none, whatever the environment says.
    args.push('--tls-cert', tls?.certFile ?? '', '--tls-key', tls?.keyFile ?? '');
    args.push('--tls-ca', tls?.caFile ?? '');
    // A group of its own, so that Ctrl-C in a terminal reaches only the parent, which then stops them in order.
    const [program = '', ...words] = [...prefix, process.execPath, ...args];
    const { password } = this.plan;
    const secret = password === undefined ? {} : { QUORATE_COMMANDCENTER_PASSWORD: password };
    const env = { ...process.env, ...secret };
    const child = spawn(program, words, { stdio: ['pipe', log, log], detached: true, env });
    closeSync(log);
    // Writing never happens; an error of the pipe is the child's end, which `exit` tells.
    child.stdin?.on('error', () => {});
    this.#child = child;
    this.#exit = new Promise((resolve) => {
      const ended = (exit: Exit): void => {
        if (this.#child === child) this.#child = null;
        resolve(exit);
      };
      child.once('exit', (code, signal) => ended({ code, signal }));
      child.once('error', () => ended({ code: null, signal: null }));
    });
  }

  #failure(what: string): Error {
    let log = '';
    try {
      log = readFileSync(this.logPath, 'utf8').slice(-LOG_TAIL).trim();
    } catch {
      // Without a log there is only the fact itself to tell.
    }
    return new Error(`${this.name} ${what}${log === '' ? '' : `; the end of its log: ${log}`}`);
  }
}
