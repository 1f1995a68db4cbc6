// A sample that is the same for the same seed, so that an interrupted run goes on with it. Every place of the list is as
// likely as any other.

import { Random } from '../../../src/raft/random.js';

/** At most `count` of the items, in their order. */
export function drawSample<T>(items: readonly T[], count: number, seed: number): T[] {
  const random = new Random(seed);
  const keyed = items.map((item, at) => ({ item, at, key: random.between(0, 2 ** 31) }));
  const drawn = keyed.sort((a, b) => a.key - b.key || a.at - b.at).slice(0, count);
  return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
