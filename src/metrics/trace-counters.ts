// What became of the spans of this node, as counters. They are there only where writes are traced.

import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

/** Since the start of the daemon. */
export interface TraceCounts {
  /** Spans that the collector took, and those that were lost on the way to it. */
  readonly exported: number;
  readonly dropped: number;
  /** Traces that were left out because there were too many in one second. */
  readonly leftOut: number;
}

/** Adds them to a registry; answers what brings them up to date. */
export function traceCounters(registry: Registry, counts: () => TraceCounts): () => void {
  const registers = [registry];
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
  const exported = counter('quorate_trace_spans_exported_total', 'Spans that the collector took.');
  const dropped = counter(
    'quorate_trace_spans_dropped_total',
    'Spans that were lost: the collector was down, slow or refused them.',
  );
  const leftOut = counter(
    'quorate_traces_left_out_total',
    'Traces that were not made because there were too many in one second.',
  );
  let told: TraceCounts = { exported: 0, dropped: 0, leftOut: 0 };
  return () => {
    const newest = counts();
    exported.inc(newest.exported - told.exported);
    dropped.inc(newest.dropped - told.dropped);
    leftOut.inc(newest.leftOut - told.leftOut);
    told = { ...newest };
  };
}
