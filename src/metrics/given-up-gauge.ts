// Processes that only the primary runs and that stay up nowhere, as a gauge of the node that is primary. Where all is well there is
// no figure at all, so that an alert needs no threshold.

import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** Adds it to a registry; answers what brings it up to date. */
export function givenUpGauge(registry: Registry, givenUp: () => readonly string[]): () => void {
  const gauge = new Gauge({
    name: 'quorate_process_given_up',
    help: '1: only the primary runs it, it was given up here, and nobody takes over; else absent.',
    labelNames: ['process'],
    registers: [registry],
  });
  return () => {
    gauge.reset();
    for (const process of givenUp()) gauge.set({ process }, 1);
  };
}
