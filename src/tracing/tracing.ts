// Traces of one daemon: puts OpenTelemetry, its exporter and our spans together. This file is imported only where an endpoint is configured, so
// that without one no line of OpenTelemetry is loaded. What it sends goes to an OTLP collector over HTTP, as JSON.

import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { LoggerPort } from '../node/ports.js';
import type { NodeId } from '../raft/types.js';
import { CallTraces } from './call-traces.js';
import { SpanQueue } from './span-queue.js';
import { Spans } from './spans.js';
import { WriteTraces } from './write-traces.js';

/** A collector that takes longer for a batch has not taken it. */
const EXPORT_TIMEOUT_MS = 3000;
const SWEEP_MS = 5000;

export interface TracingOptions {
  /** Whole URL of an OTLP collector over HTTP, such as `http://127.0.0.1:4318/v1/traces`. */
  readonly endpoint: string;
  /** Share of traces that are kept, 0 to 1. */
  readonly sample: number;
  readonly node: string;
  readonly version: string;
}

export class Tracing {
  readonly calls: CallTraces;
  readonly writes: WriteTraces;
  readonly #spans: Spans;
  readonly #queue: SpanQueue;
  readonly #sweep: NodeJS.Timeout;

  /** `nameOf` answers the name of a member. */
  constructor(options: TracingOptions, nameOf: (id: NodeId) => string, log: LoggerPort) {
    const url = options.endpoint;
    this.#queue = new SpanQueue(
      new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }),
      log,
    );
    this.#spans = new Spans(options, this.#queue);
    const { calls, spans } = { calls: new CallTraces(this.#spans), spans: this.#spans };
    this.calls = calls;
    this.writes = new WriteTraces({ spans, nameOf, spanOf: (id) => calls.spanOf(id) });
    this.#sweep = setInterval(() => this.writes.sweep(), SWEEP_MS).unref();
  }

  /** Spans that the collector took, and those that were lost; since the start. */
  get counts(): { readonly exported: number; readonly dropped: number; readonly leftOut: number } {
    const { exportedCount: exported, droppedCount: dropped } = this.#queue;
    return { exported, dropped, leftOut: this.#spans.leftOutCount };
  }

  /** Sends what waits, within a second. */
  async stop(): Promise<void> {
    clearInterval(this.#sweep);
    await this.#queue.shutdown();
  }
}
