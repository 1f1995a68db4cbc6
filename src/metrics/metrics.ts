// Everything that `/metrics` answers, on prom-client: what the parts tell as it happens, and what the node knows when it is
// asked. Names and units follow Prometheus' rules and, for gRPC and the process, the names that dashboards already know.
// One registry a daemon, so that several in one process do not mix.

import { performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { NodeApi } from '../node/api.js';
import { givenUpGauge } from './given-up-gauge.js';
import { factGauges } from './fact-gauges.js';
import type { CallKind, MethodMeter } from './meters.js';
import { nodeGauges } from './node-gauges.js';
import { Reigning } from './reigning.js';
import { Recent } from './recent.js';
import type { RecentFigures } from './recent.js';
import { statusName } from './status-name.js';
import { tallyCounter, TallyHistogram } from './tallies.js';
import type { CounterCell, HistogramCell } from './tallies.js';
import { traceCounters } from './trace-counters.js';
import type { TraceCounts } from './trace-counters.js';

/** Seconds; a write on an idle disk takes about a millisecond, a forwarded one behind an election some seconds. */
const CALL_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const SYNC_BUCKETS = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.512, 2, 8];
const COMMIT_BUCKETS = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 2, 8];
const LATE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Gauges of prom-client with the suffix of counters, which Prometheus' own check refuses. */
const MISNAMED = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

export interface MetricsFacts {
  readonly name: string;
  readonly version: string;
}

/** What the gauges read; made once there is a node. */
export interface MetricsModules {
  readonly node: NodeApi;
  /** Watches that are open on this node. */
  readonly watchers: () => number;
  /** Names of processes that only the primary runs, were given up here, and that nobody takes over. */
  readonly givenUp: () => readonly string[];
  /** Null: nothing is traced. */
  readonly traces: (() => TraceCounts) | null;
}

/** What was measured since it was asked for last, times in milliseconds. */
export interface RecentWork {
  /** From the proposal of a write to its application. */
  readonly commit: RecentFigures;
  readonly sync: RecentFigures;
  readonly writtenBytes: number;
  /** Times at which this node learned of another leader, since its start. */
  readonly leaderChanges: number;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #started: ReturnType<typeof tallyCounter>;
  readonly #handled: ReturnType<typeof tallyCounter>;
  readonly #handling: TallyHistogram;
  readonly #sync: HistogramCell;
  readonly #written: CounterCell;
  readonly #commit: HistogramCell;
  readonly #recentSync = new Recent();
  readonly #recentCommit = new Recent();
  #recentBytes = 0;
  readonly #late: HistogramCell;
  #reigning: Reigning | null = null;
  /** Brings what is only read when somebody asks up to date. */
  #refresh: readonly (() => void)[] = [];

  constructor({ name, version }: MetricsFacts) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED) this.#registry.removeSingleMetric(name);
    const info = { name: 'quorate_build_info', help: 'Always 1; what runs, in its labels.' };
    new Gauge({ ...info, labelNames: ['node', 'version'], registers })
      .labels({ node: name, version })
      .set(1);
    const method = ['grpc_type', 'grpc_service', 'grpc_method'];
    this.#started = tallyCounter({
      name: 'grpc_server_started_total',
      help: 'Calls that came, by method.',
      labelNames: method,
      registers,
    });
    this.#handled = tallyCounter({
      name: 'grpc_server_handled_total',
      help: 'Calls that were answered, by method and status.',
      labelNames: [...method, 'grpc_code'],
      registers,
    });
    this.#handling = new TallyHistogram({
      name: 'grpc_server_handling_seconds',
      help: 'How long unary calls took until they were answered, forwarding included.',
      labelNames: method,
      buckets: CALL_BUCKETS,
      registers,
    });
    this.#sync = new TallyHistogram({
      name: 'quorate_disk_sync_seconds',
      help: 'How long the disk took for an atomic synced batch.',
      buckets: SYNC_BUCKETS,
      registers,
    }).cell();
    this.#written = tallyCounter({
      name: 'quorate_disk_written_bytes_total',
      help: 'Bytes of values in synced batches, without the overhead of the disk.',
      registers,
    })({});
    this.#commit = new TallyHistogram({
      name: 'quorate_commit_seconds',
      help: 'From the proposal of a write at this node, as leader, until it was applied.',
      buckets: COMMIT_BUCKETS,
      registers,
    }).cell();
    this.#late = new TallyHistogram({
      name: 'quorate_tick_late_seconds',
      help: 'How late the ticks of the node came: a busy event loop, or a machine that stood still.',
      buckets: LATE_BUCKETS,
      registers,
    }).cell();
  }

  /** Begins to count the calls of a method. */
  meterOf(path: string, kind: CallKind): MethodMeter {
    const [, service = '', method = ''] = path.split('/');
    const labels = { grpc_type: kind, grpc_service: service, grpc_method: method };
    // Shown from the start: a rate over what first appears with its first call would miss that call.
    const started = this.#started(labels);
    const handling = kind === 'unary' ? this.#handling.cell(labels) : null;
    const handled: CounterCell[] = [];
    return {
      began: () => {
        started.count += 1;
        return performance.now();
      },
      ended: (began, status) => {
        const cell = (handled[status] ??= this.#handled({
          ...labels,
          grpc_code: statusName(status),
        }));
        cell.count += 1;
        handling?.observe((performance.now() - began) / 1000);
      },
    };
  }

  /** A batch is durable. */
  synced(tookMs: number, bytes: number): void {
    this.#sync.observe(tookMs / 1000);
    this.#written.count += bytes;
    this.#recentSync.add(tookMs);
    this.#recentBytes += bytes;
  }

  /** Measures the writes of a node from here on: answers what takes the place of its `propose`. */
  measured(propose: NodeApi['propose']): NodeApi['propose'] {
    return (command, deadlineMs, done) => {
      const beganMs = performance.now();
      propose(command, deadlineMs, (outcome) => {
        if (outcome.type === 'applied') this.#committed(performance.now() - beganMs);
        done(outcome);
      });
    };
  }

  /** For whoever watches this node; one at a time, since each look begins anew. */
  recentWork(): RecentWork {
    const writtenBytes = this.#recentBytes;
    this.#recentBytes = 0;
    return {
      commit: this.#recentCommit.take(),
      sync: this.#recentSync.take(),
      writtenBytes,
      leaderChanges: this.#reigning?.leaderChanges ?? 0,
    };
  }

  #committed(tookMs: number): void {
    this.#commit.observe(tookMs / 1000);
    this.#recentCommit.add(tookMs);
  }

  /** The node was told of time; also notices when nobody is primary. */
  ticked(lateMs: number): void {
    this.#late.observe(lateMs / 1000);
    this.#reigning?.look(performance.now());
  }

  /** From here on the node's own figures are shown. Called once. */
  show({ node, watchers, givenUp, traces }: MetricsModules): void {
    const reigning = new Reigning(this.#registry, node);
    this.#reigning = reigning;
    this.#refresh = [
      nodeGauges(this.#registry, node),
      factGauges(this.#registry, () => node.state, watchers),
      () => reigning.refresh(),
      givenUpGauge(this.#registry, givenUp),
      ...(traces === null ? [] : [traceCounters(this.#registry, traces)]),
    ];
  }

  /** The figures in the text format of Prometheus, and its media type. */
  async text(): Promise<{ readonly type: string; readonly text: string }> {
    for (const refresh of this.#refresh) refresh();
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
