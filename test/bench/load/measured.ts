// What one slice of load measured, and how latencies become percentiles. Every slice of every client has this shape.

export interface Measured {
  /** Requests that were answered with success. */
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  /** In milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Of latencies in microseconds, which are sorted in place. */
export function measuredFrom(
  latenciesUs: Float64Array,
  failures: number,
  seconds: number,
): Measured {
  latenciesUs.sort();
  const at = (share: number): number => {
    const place = Math.min(latenciesUs.length - 1, Math.floor(share * latenciesUs.length));
    return (latenciesUs[place] ?? NaN) / 1000;
  };
  return {
    requests: latenciesUs.length,
    failures,
    seconds,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
  };
}
