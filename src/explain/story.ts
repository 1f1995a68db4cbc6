// What is known about a fail-over, as plain data: the reigns, what each node noted, who answered. Times are milliseconds before one
// moment of whoever asks, so that nodes with different clocks stand beside each other; the further back, the larger.

import type { Note } from '../notebook/note.js';

export type { NoteKind } from '../notebook/note.js';

/** A note in the asker's time. */
export interface PlacedNote extends Omit<Note, 'atMs' | 'wallMs' | 'bootId'> {
  readonly node: string;
  /** How long ago it was written. */
  readonly agoMs: number;
  /** The same of what it speaks of: a pause is noted when it is over. At least `agoMs`. */
  readonly beganAgoMs: number;
  /** How far the two may be off beside those of another node: half of the time that the answer took, or more. */
  readonly errorMs: number;
}

/** What one member told; `silence`: why it told nothing, null if it did. */
export interface NodeNotes {
  readonly node: string;
  readonly silence: string | null;
  /** Oldest first. */
  readonly notes: readonly PlacedNote[];
}

/** A reign as the cluster's history has it. */
export interface Reign {
  readonly epoch: number;
  readonly term: number;
  readonly node: string;
  readonly beganAgoMs: number;
  readonly cause: string;
  readonly gapMs: number | null;
  /** How it ended by the log; null: it has not. */
  readonly endedBy: string | null;
  readonly endedAgoMs: number | null;
}

/** All that is known of how a reign came about. */
export interface Story {
  readonly reign: Reign;
  /** The reign before; null: there was none, or it is forgotten. */
  readonly before: Reign | null;
  readonly nodes: readonly NodeNotes[];
  readonly electionTimeoutMs: number;
}

/** How long ago the story begins and ends that a reign's cause is looked for in. */
export interface Window {
  readonly fromAgoMs: number;
  readonly toAgoMs: number;
}

/** Election timeouts before the last sign of the old reign that belong to the story. */
const LEAD_TIMEOUTS = 3;
/** Election timeouts that are taken for the gap where nobody measured it. */
const GAP_TIMEOUTS = 4;

/**
 * The window of a story: from shortly before the old primary was heard last, but within its reign, to shortly after the new reign
 * began.
 */
export function windowOf({ reign, before, electionTimeoutMs }: Story): Window {
  const gapMs = reign.gapMs ?? GAP_TIMEOUTS * electionTimeoutMs;
  const leadMs = gapMs + LEAD_TIMEOUTS * electionTimeoutMs;
  return {
    fromAgoMs: Math.min(reign.beganAgoMs + leadMs, before?.beganAgoMs ?? Infinity),
    toAgoMs: reign.beganAgoMs - electionTimeoutMs,
  };
}

/** Whether what a note speaks of touches the window. */
export function isWithin(note: PlacedNote, { fromAgoMs, toAgoMs }: Window): boolean {
  return note.beganAgoMs >= toAgoMs && note.agoMs <= fromAgoMs;
}

/** The first start of a node's daemon after the window began; null: its daemon is the one of then, or did not come back. */
export function restartOf(notes: readonly PlacedNote[], { fromAgoMs }: Window): PlacedNote | null {
  return notes.find(({ kind, agoMs }) => kind === 'started' && agoMs <= fromAgoMs) ?? null;
}
