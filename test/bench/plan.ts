// What one run of the benchmark does, from the words on its command line: which cells, which scenes, how often. It also says how long that
// takes on a machine that does nothing else.

import { parseArgs } from 'node:util';
import { SCENES } from './scenes/index.js';
import type { Scene } from './scenes/scene.js';
import { WORKLOADS } from './workloads.js';
import type { Workload } from './workloads.js';

export const USAGE = `usage: npm run bench -- [--quick] [--pairs 9] [--slice 3] [--kills 50] [--only NAME…] [--directory results/bench] [--json] [--list]
  --quick   3 pairs of 1 s at 1 and 64 in flight, 2 kills, everything else small too
  --only    what has one of these in its name; give it again for each
  --list    tells the names and how long each takes, and measures nothing`;

const FAIL_OVER = 'fail-over';
const LIMITS = 'limits';
const QUICK_LEVELS: readonly number[] = [1, 64];
/** Around a slice: finding the leader, counting revisions, starting clients. */
const SLICE_EXTRA_S = 0.6;
/** Before a slice counts. V8 compiles what a kind of load runs through over its first tens of thousands of requests. */
const WARM_UP_S = { first: 12, quick: 4, other: 1.5 };
const KILL_S = 5.5;
const LIMIT_SLICES = 11;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  pairs: { type: 'string' },
  slice: { type: 'string' },
  kills: { type: 'string' },
  only: { type: 'string', multiple: true },
  directory: { type: 'string', default: 'results/bench' },
  json: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
} as const;

export interface Plan {
  readonly isQuick: boolean;
  readonly pairs: number;
  readonly seconds: number;
  /** 0: no fail-overs. */
  readonly kills: number;
  readonly cells: readonly (readonly [Workload, number])[];
  readonly hasLimits: boolean;
  readonly scenes: readonly Scene[];
  readonly directory: string;
  readonly isJson: boolean;
  readonly isListOnly: boolean;
}

/** One thing that is measured, with the seconds that it takes. */
export interface Item {
  readonly name: string;
  readonly seconds: number;
}

/** Null: wrong usage, or there is nothing of that name. */
export function planned(args?: readonly string[]): Plan | null {
  let values;
  try {
    ({ values } = parseArgs({
      options: OPTIONS,
      ...(args === undefined ? {} : { args: [...args] }),
    }));
  } catch {
    return null;
  }
  const { quick: isQuick, only } = values;
  const isWanted = (name: string): boolean => only?.some((part) => name.includes(part)) ?? true;
  const kills = Number(values.kills ?? (isQuick ? 2 : 50));
  const cells = WORKLOADS.filter(({ name, client }) => isWanted(`${name} ${client}`)).flatMap(
    (workload) =>
      workload.inFlight
        .filter((level, at) => !isQuick || QUICK_LEVELS.includes(level) || at === 0)
        .map((level) => [workload, level] as const),
  );
  const plan: Plan = {
    isQuick,
    pairs: Number(values.pairs ?? (isQuick ? 3 : 9)),
    seconds: Number(values.slice ?? (isQuick ? 1 : 3)),
    kills: isWanted(FAIL_OVER) ? kills : 0,
    cells,
    hasLimits: isWanted(LIMITS),
    scenes: SCENES.filter(({ name }) => isWanted(name)),
    directory: values.directory,
    isJson: values.json,
    isListOnly: values.list,
  };
  const isSound =
    Number.isSafeInteger(plan.pairs) &&
    plan.pairs >= 1 &&
    plan.seconds > 0 &&
    Number.isSafeInteger(kills) &&
    kills >= 0;
  return isSound && itemsOf(plan).length > 0 ? plan : null;
}

/** For how long each system is loaded before the slices of this cell; longer when its kind of load comes for the first time. */
export function warmUpSeconds(
  { cells, isQuick }: Plan,
  [workload, level]: Plan['cells'][number],
): number {
  const [, first] = cells.find(([other]) => other === workload) ?? [];
  if (level !== first) return WARM_UP_S.other;
  return isQuick ? WARM_UP_S.quick : WARM_UP_S.first;
}

/** In the order in which they are measured. */
export function itemsOf(plan: Plan): Item[] {
  const { isQuick, pairs, seconds, cells, kills } = plan;
  const items = cells.map((cell): Item => {
    const [{ name, client }, level] = cell;
    const measured = pairs * 2 * (seconds + SLICE_EXTRA_S);
    const warmUp = 2 * (warmUpSeconds(plan, cell) + SLICE_EXTRA_S);
    return { name: `${name}, ${client}, ${level} in flight`, seconds: measured + warmUp };
  });
  if (kills > 0) items.push({ name: FAIL_OVER, seconds: kills * 2 * KILL_S });
  if (plan.hasLimits) items.push({ name: LIMITS, seconds: LIMIT_SLICES * seconds });
  for (const scene of plan.scenes)
    items.push({ name: scene.name, seconds: scene.seconds(isQuick) });
  return items;
}

/** `34 minutes`, `50 seconds`. */
export function duration(seconds: number): string {
  return seconds < 100 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`;
}
