// Words for the tests of explanations: notes, nodes and stories with defaults, so that a row says only what it is about. Times are
// as people tell them: milliseconds from the beginning of the reign, before it negative.

import type { NodeNotes, PlacedNote, Reign, Story } from '../../src/explain/story.js';

/** When the reign began, before the asker's moment. */
const BEGAN_AGO_MS = 100_000;

/** A note `at` so many ms from the beginning of the reign; what lasted began that much earlier. */
export function note(
  node: string,
  at: number,
  kind: PlacedNote['kind'],
  more: Partial<PlacedNote> = {},
): PlacedNote {
  const agoMs = BEGAN_AGO_MS - at;
  const lasted = ['paused', 'stalled', 'syncDone', 'syncOverdue'].includes(kind) ? more.ms : 0;
  const rest = { epoch: null, ms: null, peer: null, why: '', errorMs: 1, term: 1 };
  const beganAgoMs = agoMs + (lasted ?? 0);
  return { ...rest, node, number: 1000 + at, agoMs, beganAgoMs, kind, ...more };
}

/** A member that tells these notes; a text: why it tells nothing. */
export function told(node: string, notes: readonly PlacedNote[] | string): NodeNotes {
  return typeof notes === 'string'
    ? { node, silence: notes, notes: [] }
    : { node, silence: null, notes: [...notes].sort((a, b) => b.agoMs - a.agoMs) };
}

export function reign(more: Partial<Reign> = {}): Reign {
  const place = { epoch: 8, term: 2, node: 'n2', beganAgoMs: BEGAN_AGO_MS };
  const how = { cause: 'heard no leader in time', gapMs: 2000, endedBy: null, endedAgoMs: null };
  return { ...place, ...how, ...more };
}

/** The reign of n1, ended by n2's election. */
export const BEFORE = reign({
  epoch: 4,
  term: 1,
  node: 'n1',
  beganAgoMs: BEGAN_AGO_MS + 60_000,
  gapMs: null,
  endedBy: 'laterTerm',
});

export function story(nodes: readonly NodeNotes[], more: Partial<Story> = {}): Story {
  return { reign: reign(), before: BEFORE, nodes, electionTimeoutMs: 1000, ...more };
}
