// What providers tell of load and health, at the leader: gathered, and stored many in one entry, one entry after the other. A load is
// stored at most once a second for each provider, the newest that came meanwhile; a health that changes at once. So however many
// report however often, the log takes at most twenty entries a second for it.

import { QuorateError } from '../errors.js';
import { invariant } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { ClusterState } from '../state-machine/cluster-state.js';
import { keyOf } from '../state-machine/services.js';
import { SERVICE_LIMITS } from '../state-machine/service-types.js';
import type { ProviderReport } from '../state-machine/service-types.js';
import type { ServiceModules } from './modules.js';
import { propose } from './node-calls.js';

/** Between the first report that waits and the entry, and between two entries. */
const GATHER_MS = 50;
/** How long an entry may take; who asked may give up sooner. */
const STORE_MS = 10_000;
/** Reports that may wait at once, of different providers. */
const WAITING_MAX = 2 * SERVICE_LIMITS.providersMax;

type Stored = LogIndex | null;

interface Waiter {
  readonly resolve: (revision: Stored) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting {
  report: ProviderReport;
  readonly waiters: Waiter[];
}

export class ProviderReports {
  readonly #modules: ServiceModules;
  /** By key and registration. */
  readonly #waiting = new Map<string, Waiting>();
  #timer: NodeJS.Timeout | null = null;
  #wakesAtMs = 0;
  #isRunning = false;

  constructor(modules: ServiceModules) {
    this.#modules = modules;
  }

  /**
   * Has the reports stored; resolves, once all are, to the revision that each provider then has, null where there is none or it was
   * registered anew. What is not stored at the deadline may be later.
   */
  async store(reports: readonly ProviderReport[], deadlineMs: number): Promise<readonly Stored[]> {
    if (this.#waiting.size + reports.length > WAITING_MAX) {
      throw new QuorateError('OVERLOADED', 'too many reports of providers wait to be stored');
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const message = 'the reports were not stored before the deadline, and may still be';
      timer = setTimeout(
        () => {
          reject(new QuorateError('INDETERMINATE', message));
        },
        Math.max(0, deadlineMs - this.#modules.clock.nowMs()),
      );
    });
    try {
      return await Promise.race([Promise.all(reports.map((report) => this.#add(report))), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #add(report: ProviderReport): Promise<Stored> {
    const key = `${report.registration ?? ''} ${keyOf(report)}`;
    const waiting = this.#waiting.get(key) ?? { report, waiters: [] };
    waiting.report = newer(waiting.report, report);
    this.#waiting.set(key, waiting);
    this.#wake(GATHER_MS);
    return new Promise((resolve, reject) => {
      waiting.waiters.push({ resolve, reject });
    });
  }

  /** Stores what is due in so many milliseconds, unless that is planned for sooner: a health need not wait for a load. */
  #wake(afterMs: number): void {
    if (this.#isRunning) return;
    const atMs = this.#modules.clock.nowMs() + afterMs;
    if (this.#timer !== null && this.#wakesAtMs <= atMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wakesAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#flush();
    }, afterMs);
  }

  async #flush(): Promise<void> {
    const { node, clock } = this.#modules;
    const nowMs = node.clusterTimeMs();
    // Another leader is asked at once: its time goes on, this one's may stand still.
    const isLeader = node.outline().role === 'leader';
    const due = [...this.#waiting]
      .filter(([, { report }]) => !isLeader || dueInMs(node.state, report, nowMs) === 0)
      .slice(0, SERVICE_LIMITS.reportBatchMax);
    for (const [key] of due) this.#waiting.delete(key);
    const batch = due.map(([, waiting]) => waiting);
    if (batch.length > 0) {
      this.#isRunning = true;
      try {
        const reports = batch.map(({ report }) => report);
        const deadlineMs = clock.nowMs() + STORE_MS;
        const command = { kind: 'reportProviders', reports } as const;
        const { result } = await propose(node, clock, command, deadlineMs);
        invariant(result.type === 'reported', 'reports are answered by revisions');
        for (const [at, { waiters }] of batch.entries()) {
          for (const { resolve } of waiters) resolve(result.revisions[at] ?? null);
        }
      } catch (error) {
        for (const { reject } of batch.flatMap(({ waiters }) => waiters)) reject(error);
      } finally {
        this.#isRunning = false;
      }
    }
    if (this.#waiting.size === 0) return;
    const laterMs = node.clusterTimeMs();
    const waits = [...this.#waiting.values()].map(({ report }) =>
      dueInMs(node.state, report, laterMs),
    );
    this.#wake(Math.max(GATHER_MS, Math.min(...waits)));
  }
}

/** Milliseconds until the report may be stored; 0: now. */
function dueInMs(state: ClusterState, report: ProviderReport, nowMs: number): number {
  const known = state.services.get(keyOf(report));
  if (known === null || (report.registration ?? known.registration) !== known.registration) {
    return 0;
  }
  if (report.health !== null && report.health !== known.health) return 0;
  return Math.max(0, known.reportedAtMs + SERVICE_LIMITS.loadIntervalMs - nowMs);
}

function newer(before: ProviderReport, report: ProviderReport): ProviderReport {
  const load = report.load ?? before.load;
  return { ...report, load, health: report.health ?? before.health };
}
