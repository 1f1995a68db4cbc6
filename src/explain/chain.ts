// The notes of all nodes as one chain, in causal order: by term first, since whatever happens in a later term follows from its
// election, and within a term by aligned time. Notes of one node keep their order, because its term never falls; of two nodes in
// one term the order is only as good as the alignment of their clocks, which each note says.

import { isWithin, restartOf, windowOf } from './story.js';
import type { PlacedNote, Story } from './story.js';

/** Kinds that tell of every node's everyday life; of nodes that are neither the old nor the new primary they are left out. */
const EVERYDAY: ReadonlySet<PlacedNote['kind']> = new Set(['peerBack', 'healthy', 'leaseBack']);

/** The notes that belong to the story, in causal order. */
export function chainOf(story: Story): PlacedNote[] {
  const window = windowOf(story);
  const old = story.before?.node ?? null;
  const chosen = story.nodes.flatMap(({ node, notes }) => {
    const restart = node === old ? restartOf(notes, window) : null;
    const own = notes.filter((note) => {
      if (note === restart || !isWithin(note, window)) return false;
      return !EVERYDAY.has(note.kind) || node === old || node === story.reign.node;
    });
    // Whoever comes back knows no later term yet than the one it died in; it is part of what came after.
    const term = Math.max(restart?.term ?? 0, story.reign.term);
    return restart === null ? own : [...own, { ...restart, term }];
  });
  return chosen.sort(
    (a, b) =>
      a.term - b.term ||
      b.beganAgoMs - a.beganAgoMs ||
      (a.node === b.node ? a.number - b.number : a.node < b.node ? -1 : 1),
  );
}
