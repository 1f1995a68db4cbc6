// Repeats the health checks of a node, each by its own interval, and tells what the judge makes of their results whenever that
// changes. Ending it calls off what runs and waits for it. What follows from a verdict is the core's.

import { isDeepStrictEqual } from 'node:util';

import type { CheckDefinition } from '../health/definition.js';
import { HealthJudge } from '../health/judge.js';
import type { ClockPort } from '../node/ports.js';
import { runCommand } from './command.js';
import { grpcProbe } from './grpc-probe.js';
import { httpProbe, tcpProbe } from './probes.js';

export interface CheckerModules {
  readonly clock: ClockPort;
  /** Of what runs as a command. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the process of that name runs on this node now. */
  readonly isRunning: (process: string) => Promise<boolean>;
  /** The verdict has changed; null: the node is well. Called once at the beginning as well. */
  readonly onVerdict: (why: string | null) => void;
}

export class Checker {
  readonly #modules: CheckerModules;
  readonly #judge: HealthJudge;
  readonly #ending = new AbortController();
  readonly #loops = new Set<Promise<void>>();
  /** What each check is called off by, with what it is. */
  readonly #running = new Map<string, { check: CheckDefinition; ending: AbortController }>();
  readonly #wakers = new Set<() => void>();
  #told: string | null;

  /** Begins to check at once. The first verdict is told unless there is nothing to check. */
  constructor(checks: readonly CheckDefinition[], modules: CheckerModules) {
    this.#modules = modules;
    this.#judge = new HealthJudge(checks);
    this.#told = this.#judge.why;
    if (checks.length > 0) modules.onVerdict(this.#told);
    for (const check of checks) this.#begin(check);
  }

  /** Makes these from now on: what is as before goes on, what is new counts from its first result. */
  define(checks: readonly CheckDefinition[]): void {
    if (this.#ending.signal.aborted) return;
    const going = new Set<string>();
    for (const [name, { check, ending }] of this.#running) {
      const wanted = checks.find((one) => one.name === name);
      if (isDeepStrictEqual(check, wanted)) {
        going.add(name);
        continue;
      }
      ending.abort();
      this.#running.delete(name);
    }
    this.#judge.define(checks, going);
    for (const check of checks) if (!going.has(check.name)) this.#begin(check);
    // Whoever was called off while it waited ends at once.
    for (const wake of this.#wakers) wake();
    this.#tell();
  }

  /** Calls off what runs; resolves once nothing does. */
  async stop(): Promise<void> {
    this.#ending.abort();
    for (const wake of this.#wakers) wake();
    await Promise.all(this.#loops);
  }

  #begin(check: CheckDefinition): void {
    const ending = new AbortController();
    this.#running.set(check.name, { check, ending });
    const loop = this.#repeat(check, AbortSignal.any([ending.signal, this.#ending.signal]));
    this.#loops.add(loop);
    void loop.finally(() => this.#loops.delete(loop));
  }

  async #repeat(check: CheckDefinition, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { process } = check;
      const isDue = process === null || (await this.#modules.isRunning(process));
      const why = isDue ? await this.#probe(check, signal) : null;
      if (signal.aborted) return;
      const nowMs = this.#modules.clock.nowMs();
      if (isDue) this.#judge.noted(check.name, why, nowMs);
      else this.#judge.rested(check.name, nowMs);
      this.#tell();
      await this.#pause(check.intervalMs);
    }
  }

  #probe({ name, probe, timeoutMs }: CheckDefinition, signal: AbortSignal): Promise<string | null> {
    switch (probe.type) {
      case 'command': {
        const environment = { ...this.#modules.environment, QUORATE_CHECK: name };
        return runCommand({ command: probe.command, timeoutMs, environment, signal });
      }
      case 'tcp':
        return tcpProbe(probe.host, probe.port, timeoutMs);
      case 'http':
        return httpProbe(probe.url, timeoutMs, probe.tls);
      case 'grpc':
        return grpcProbe(probe, timeoutMs);
    }
  }

  #tell(): void {
    const { why } = this.#judge;
    if (why === this.#told) return;
    this.#told = why;
    this.#modules.onVerdict(why);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#wakers.add(wake);
    });
  }
}
