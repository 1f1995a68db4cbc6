// The replicated events as the page keeps them: newest first, each once, however often the feed begins again, and bounded.
// Pure.

import type { EventsMessage, EventView } from '../feed.js';

export interface SeenEvent extends EventView {
  /** By the reader's wall clock. */
  readonly atMs: number;
  /** Stays the same for as long as the event is shown. */
  readonly key: string;
}

/** Events kept. */
export const EVENTS_MAX = 300;

/**
 * Puts what came on top. All events of one revision come in one message, so that what is not newer than the newest known
 * was told before; after a gap, and from another cluster, everything begins anew.
 */
export function mergeEvents(
  known: readonly SeenEvent[],
  { events, isGap }: EventsMessage,
  nowMs: number,
): readonly SeenEvent[] {
  const kept = isGap ? [] : known;
  const newest = kept[0]?.revision ?? -1;
  const fresh = events
    .filter(({ revision }) => revision > newest)
    .map((event, at) => ({
      ...event,
      atMs: nowMs - event.agoMs,
      key: `${event.revision}.${at}`,
    }));
  if (fresh.length === 0 && kept === known) return known;
  return [...fresh.reverse(), ...kept].slice(0, EVENTS_MAX);
}

/** What an event looks like. */
export type EventTone = 'crown' | 'good' | 'bad' | 'warn' | 'plain';

/** More kinds may come: they are plain. */
export function toneOf(kind: string): EventTone {
  switch (kind) {
    case 'reignBegan':
      return 'crown';
    case 'reignEnded':
    case 'reignsPaused':
      return 'warn';
    case 'memberRemoved':
    case 'memberDemoted':
      return 'bad';
    case 'clusterStarted':
    case 'memberJoined':
    case 'memberPromoted':
    case 'reignsResumed':
    case 'featureLevelRaised':
      return 'good';
    default:
      return 'plain';
  }
}
