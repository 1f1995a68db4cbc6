// Whether a node is well, judged from the results of its checks as a value: results with their time in, a verdict out. Thresholds
// keep single failures from counting, and what has failed again and again has to be well for longer each time, so that a check
// that flaps moves the primacy ever more rarely. It runs no check and reads no clock.

import type { CheckDefinition } from './definition.js';

/** What the judge needs to know of a check. */
export type Judged = Pick<CheckDefinition, 'name' | 'rise' | 'fall' | 'process'>;

/** Falls are remembered for so long; each further one doubles how long a check must be well before it counts as well. */
const FLAP_WINDOW_MS = 10 * 60_000;
const HOLD_MIN_MS = 10_000;
const HOLD_MAX_MS = 5 * 60_000;

interface Standing {
  readonly judged: Judged;
  /** Null: a check of the node that has no result yet. */
  isWell: boolean | null;
  /** While it has no result it counts as failed. */
  readonly isAwaited: boolean;
  /** Results like the newest, in a row. */
  streak: number;
  wasOk: boolean;
  /** Of the newest failure. */
  why: string;
  /** Since when every result was a success; null: the newest was none. */
  wellSinceMs: number | null;
  fallsMs: readonly number[];
}

export class HealthJudge {
  readonly #standings = new Map<string, Standing>();

  constructor(checks: readonly Judged[]) {
    for (const judged of checks) this.#standings.set(judged.name, unknown(judged, true));
  }

  /** Judges by these from now on; what was found of the `going` stays. A new one takes nothing from a node before its first result. */
  define(checks: readonly Judged[], going: ReadonlySet<string>): void {
    for (const name of this.#standings.keys()) if (!going.has(name)) this.#standings.delete(name);
    for (const judged of checks) {
      if (!going.has(judged.name)) this.#standings.set(judged.name, unknown(judged, false));
    }
  }

  /** Takes a result; `why` null: all is well. `nowMs` never falls. */
  noted(name: string, why: string | null, nowMs: number): void {
    const standing = this.#standings.get(name);
    if (standing === undefined) return;
    const isOk = why === null;
    standing.streak = isOk === standing.wasOk ? standing.streak + 1 : 1;
    standing.wasOk = isOk;
    if (why === null) standing.wellSinceMs ??= nowMs;
    else standing.wellSinceMs = null;
    if (why !== null) standing.why = why;
    const { judged } = standing;
    if (standing.isWell === null) standing.isWell = isOk;
    else if (standing.isWell && !isOk && standing.streak >= judged.fall) fell(standing, nowMs);
    else if (!standing.isWell && isOk && isHeld(standing, nowMs)) standing.isWell = true;
  }

  /** The process of this check does not run here: what it said last counts until it has been quiet for its hold. */
  rested(name: string, nowMs: number): void {
    const standing = this.#standings.get(name);
    if (standing === undefined || standing.isWell !== false) return;
    standing.wellSinceMs ??= nowMs;
    if (nowMs - standing.wellSinceMs >= holdOf(standing, nowMs)) standing.isWell = true;
  }

  /** Why this node must not be primary, one line for people; null: nothing is against it. */
  get why(): string | null {
    const bad = [...this.#standings.values()].filter(
      ({ isWell, isAwaited }) => isWell === false || (isWell === null && isAwaited),
    );
    if (bad.length === 0) return null;
    return bad
      .map(({ judged, isWell, why }) => `${judged.name}: ${isWell === null ? NOT_YET : why}`)
      .join('; ');
  }
}

function unknown(judged: Judged, isAwaited: boolean): Standing {
  return {
    judged,
    // A node that does not know yet must not become primary; a process that has just started is given its time.
    isWell: judged.process === null ? null : true,
    isAwaited,
    streak: 0,
    wasOk: true,
    why: '',
    wellSinceMs: null,
    fallsMs: [],
  };
}

const NOT_YET = 'not checked yet';

function fell(standing: Standing, nowMs: number): void {
  standing.isWell = false;
  standing.fallsMs = [...recent(standing, nowMs), nowMs];
}

function isHeld(standing: Standing, nowMs: number): boolean {
  if (standing.streak < standing.judged.rise || standing.wellSinceMs === null) return false;
  return nowMs - standing.wellSinceMs >= holdOf(standing, nowMs);
}

/** How long it must be well: the first fall costs nothing beyond the threshold, unless its process moves with the primacy. */
function holdOf(standing: Standing, nowMs: number): number {
  const falls = recent(standing, nowMs).length;
  const isMoving = standing.judged.process !== null;
  if (falls <= 1 && !isMoving) return 0;
  return Math.min(HOLD_MAX_MS, HOLD_MIN_MS * 2 ** Math.max(0, falls - 1));
}

function recent({ fallsMs }: Standing, nowMs: number): readonly number[] {
  return fallsMs.filter((atMs) => nowMs - atMs < FLAP_WINDOW_MS);
}
