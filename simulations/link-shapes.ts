// Which links a partition cuts: those between two sides, with or without a node that reaches both, or of one node alone, deaf or
// mute, or any links at all. Or it leaves no others than those of a star, a ring or a chain.

import type { NodeId } from '../src/raft/types.js';
import type { Link } from './fault-action.js';
import type { Stream } from './random.js';

const SHAPES = [
  ...(['sides', 'sides', 'alone', 'bridge', 'bridge', 'deaf', 'mute'] as const),
  ...(['links', 'star', 'ring', 'chain'] as const),
];

/** The links to cut; `one` is the node that the fault is aimed at, if any. */
export function drawCuts(draw: Stream, ids: readonly NodeId[], one: NodeId | null): Link[] {
  const all = linksAmong(ids);
  switch (draw.pick(SHAPES)) {
    case 'sides': {
      const side = new Set(ids.filter(() => draw.chance(500_000)));
      return all.filter(([from, to]) => side.has(from) !== side.has(to));
    }
    case 'bridge': {
      const bridge = draw.pick(ids);
      const side = new Set(ids.filter((id) => id === one || draw.chance(400_000)));
      return all.filter((cut) => side.has(cut[0]) !== side.has(cut[1]) && !cut.includes(bridge));
    }
    case 'alone':
      return all.filter(([from, to]) => from === one || to === one);
    case 'deaf':
      return all.filter(([, to]) => to === one);
    case 'mute':
      return all.filter(([from]) => from === one);
    case 'links':
      return all.filter(() => draw.chance(300_000));
    case 'star': {
      const center = draw.pick(ids);
      return all.filter((link) => !link.includes(center));
    }
    case 'ring':
      return allButNext(all, shuffled(draw, ids), true);
    case 'chain':
      return allButNext(all, shuffled(draw, ids), false);
  }
}

/** Every link in both directions. */
export function linksAmong(ids: readonly NodeId[]): Link[] {
  return ids.flatMap((from) => ids.filter((to) => to !== from).map((to): Link => [from, to]));
}

/** In another order. */
export function shuffled<T>(draw: Stream, list: readonly T[]): T[] {
  const left = [...list];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(draw.between(0, left.length - 1), 1));
  return order;
}

/** Whoever stands next to another in `order` reaches it both ways, and nobody else. */
function allButNext(all: readonly Link[], order: readonly NodeId[], isClosed: boolean): Link[] {
  return all.filter(([from, to]) => {
    const distance = Math.abs(order.indexOf(from) - order.indexOf(to));
    return distance !== 1 && !(isClosed && distance === order.length - 1);
  });
}
