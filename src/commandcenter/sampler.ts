// The figures of this node, one sample a second, with a short history of them. Everything is read from where it is counted anyway:
// the metrics, the node's status, what the process uses. A rate is what came since the sample before, over the time since then.

import type { ServiceModules } from '../service/modules.js';
import type { RecentWork } from '../metrics/metrics.js';
import type { Figures } from './feed.js';

export interface SamplerModules {
  readonly service: Pick<ServiceModules, 'node' | 'usage' | 'watches'>;
  /** What was measured since it was asked last. */
  readonly recentWork: () => RecentWork;
  /** Monotonic, and on the wall. */
  readonly nowMs: () => number;
  readonly wallMs: () => number;
}

export class Sampler {
  readonly #modules: SamplerModules;
  readonly #samplesMax: number;
  readonly #history: Figures[] = [];
  #before: { readonly atMs: number; readonly lastApplied: number };

  constructor(modules: SamplerModules, samplesMax: number) {
    this.#modules = modules;
    this.#samplesMax = samplesMax;
    const { lastApplied } = modules.service.node.outline();
    this.#before = { atMs: modules.nowMs(), lastApplied };
  }

  /** Oldest first. */
  get history(): readonly Figures[] {
    return this.#history;
  }

  /** Takes a sample and remembers it. */
  sample(): Figures {
    const { service, recentWork, nowMs, wallMs } = this.#modules;
    const { node, usage, watches } = service;
    const { state } = node;
    const { lastApplied } = node.outline();
    const atMs = nowMs();
    const seconds = Math.max(0.001, (atMs - this.#before.atMs) / 1000);
    const { commit, sync, writtenBytes, leaderChanges } = recentWork();
    const { cpuPercent, memoryBytes, eventLoopDelayMs } = usage.look();
    const figures: Figures = {
      atMs: Math.round(wallMs()),
      commitP50Ms: rounded(commit.p50),
      commitP99Ms: rounded(commit.p99),
      commits: commit.count,
      // A snapshot takes the place of many entries at once.
      appliedPerSecond: Math.round(Math.max(0, lastApplied - this.#before.lastApplied) / seconds),
      elections: leaderChanges,
      eventLoopMs: eventLoopDelayMs,
      syncP50Ms: rounded(sync.p50),
      syncP99Ms: rounded(sync.p99),
      writtenPerSecond: Math.round(writtenBytes / seconds),
      sessions: state.sessionCount,
      watchers: watches.size,
      storeKeys: state.storeKeyCount,
      locks: state.lockCount,
      jobs: state.jobs.size,
      cpuPercent,
      memoryBytes,
    };
    this.#before = { atMs, lastApplied };
    this.#history.push(figures);
    if (this.#history.length > this.#samplesMax) this.#history.shift();
    return figures;
  }
}

/** To hundredths. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100;
}
