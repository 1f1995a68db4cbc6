// What becomes of the lives of a keeper when other processes are defined, as a value: who is new, who ends, who ends and begins again,
// in which order. Whoever still runs keeps the definition that it runs by until nothing of it is left, so that whatever holds
// for it, above all that it is primary-only, goes on to hold.

import { definitionOf, forgiven, newLife, runOf, settled } from './life.js';
import type { Life, Next } from './life.js';
import type { Kept } from './words.js';

export interface Redefined {
  /** In the order in which they start; whoever only ends keeps its place behind the one that it stood behind. */
  readonly lives: readonly Life[];
  /** Who is to end gracefully, and why. */
  readonly ending: ReadonlyMap<string, string>;
}

/** Of those known before: who is defined otherwise, and whose run cannot take that. */
export interface Changes {
  readonly changed: readonly string[];
  readonly restarted: readonly string[];
}

/** Names in `kept` are unique. */
export function redefined(
  before: readonly Life[],
  kept: readonly Kept[],
  { changed, restarted }: Changes,
): Redefined {
  const ending = new Map<string, string>();
  const known = new Map(before.map((life) => [life.kept.name, life]));
  const lives = kept.map((one): Life => {
    const life = known.get(one.name);
    if (life === undefined) return newLife(one);
    // What an operator asked for stays, unless the file itself says otherwise than before.
    const { start } = definitionOf(life);
    const isComingBack = life.next?.type === 'removed';
    const isWanted = isComingBack || one.start !== start ? one.start : life.isWanted;
    const wanted: Life = { ...(changed.includes(one.name) ? forgiven(life) : life), isWanted };
    // What may run where must never change under a run, whatever the caller says.
    const isMoved = one.primaryOnly !== life.kept.primaryOnly;
    const isOther = restarted.includes(one.name) || life.next !== null || isMoved;
    if (!isOther) {
      if (!isWanted && life.isWanted && runOf(life) !== null) ending.set(one.name, UNWANTED);
      return { ...wanted, kept: one };
    }
    return become(wanted, { type: 'redefined', kept: one }, CHANGED, ending) ?? wanted;
  });
  const names = new Set(kept.map(({ name }) => name));
  for (const [at, life] of before.entries()) {
    if (names.has(life.kept.name)) continue;
    const leaving = become({ ...life, isWanted: false }, { type: 'removed' }, REMOVED, ending);
    if (leaving === null) continue;
    const behind = before[at - 1]?.kept.name;
    const place = lives.findIndex((other) => other.kept.name === behind);
    lives.splice(place + 1, 0, leaving);
  }
  return { lives, ending };
}

const CHANGED = 'it is defined otherwise';
const REMOVED = 'it is not configured any more';
const UNWANTED = 'it is configured not to start';

/** At once if nothing of it runs, else once it has ended. */
function become(life: Life, next: Next, why: string, ending: Map<string, string>): Life | null {
  if (runOf(life) === null) return settled(forgiven(life), next);
  ending.set(life.kept.name, why);
  return { ...life, next };
}
