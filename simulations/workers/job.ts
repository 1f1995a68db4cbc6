// One run for a worker, in whatever process it is: what it is told and what it tells, as plain data. It measures how
// long the run really took.

import { performance } from 'node:perf_hooks';

import { reportOf } from '../report.js';
import type { Report } from '../report.js';
import { run } from '../run.js';
import type { Setting } from '../setting.js';

export interface Order {
  /** The run's place among all of them. */
  readonly at: number;
  readonly setting: Setting;
}

export interface Answer {
  readonly at: number;
  readonly report: Report;
}

/** Carries a run out. Throws only if the simulator itself fails. */
export function runReported({ at, setting }: Order): Answer {
  const startMs = performance.now();
  const result = run(setting);
  return { at, report: reportOf(result, performance.now() - startMs) };
}
