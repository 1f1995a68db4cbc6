// What a scenario is: a small cluster that forms in peace, a node that is made leader, clients that write all the time, faults
// in steps, and what is expected of it. Afterwards everything is healed and the cluster must recover; every property
// holds throughout. Times are milliseconds from the moment at which the clients are under way.

import type { FaultAction } from '../fault-action.js';
import type { Parameters } from '../parameters.js';

export interface Scenario {
  readonly name: string;
  /** Where it was published; empty: nowhere. */
  readonly source: string;
  readonly story: string;
  /** What the source says came of it, in a few words. */
  readonly published: string;
  readonly seed: bigint;
  readonly nodes: number;
  readonly electionTimeoutMs: number;
  /** Who leads when the steps begin; null: whoever does. */
  readonly leader: number | null;
  /** How long the faults last before everything is healed. */
  readonly forMs: number;
  /** In place of what a calm run has. */
  readonly parameters: ScenarioParameters;
  readonly steps: readonly Step[];
  readonly expect: Expectation;
}

export interface ScenarioParameters {
  readonly network?: Partial<Parameters['network']>;
  readonly disk?: Partial<Parameters['disk']>;
  readonly workload?: Partial<Parameters['workload']>;
  readonly limits?: Partial<Parameters['limits']>;
}

/** One action; the steps happen in order, each no earlier than the one before. */
export interface Step {
  /** A time; or, after the step before, the moment when this node leads (0: anybody) and the highest term has grown. */
  readonly when: { readonly atMs: number } | { readonly leads: number };
  /** Waits this much longer. */
  readonly afterMs: number;
  readonly action: FaultAction;
}

/** What must be so; what is absent is not asked. While the faults last, unless it says otherwise. */
export interface Expectation {
  /** Longest time without a newly committed entry. */
  readonly downtimeAtMostMs?: number;
  readonly downtimeAtLeastMs?: number;
  readonly electionsAtMost?: number;
  readonly electionsAtLeast?: number;
  /** Who leads when the faults end. */
  readonly leader?: number;
  /** From this moment on there is one leader of a quorum, always the same. */
  readonly leaderFromMs?: number;
  /** From the healing to the next committed entry. */
  readonly recoversWithinMs?: number;
}
