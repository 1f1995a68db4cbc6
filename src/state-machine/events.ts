// The bounded history of what happened and why, for people and their tools. An event is written by the entry that
// caused it, so every node tells the same story. Nothing is decided from it.

import type { LogIndex } from '../raft/types.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';

/** What programs may tell events by. */
export const EVENT_KINDS = [
  'clusterStarted',
  'memberJoined',
  'memberPromoted',
  'memberDemoted',
  'memberUpdated',
  'memberRemoved',
  'featureLevelRaised',
  'settingChanged',
  'reignsPaused',
  'reignsResumed',
  'reignBegan',
  'reignEnded',
  'sessionsExpired',
  'jobsMoved',
  'policyChanged',
  'providersLost',
  'processGivenUp',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

export interface ClusterEvent {
  /** Index of the entry that caused it; several events may share one. */
  readonly revision: LogIndex;
  /** Cluster time at that entry: only distances mean something. */
  readonly clusterTimeMs: number;
  readonly kind: EventKind;
  /** For people. */
  readonly text: string;
  /** Id of the request that asked for it; null: nobody did, such as when a session expires. */
  readonly requestId: string | null;
}

/** Events, oldest first. Invariant: at most `EVENTS_MAX`, of them `EXPIRY_EVENTS_MAX` expiries; revisions never fall. */
export type Events = readonly ClusterEvent[];

/** Events kept; the oldest are forgotten first. */
export const EVENTS_MAX = 1000;

/** Of them, expiries and changes of policies: a day of ended sessions must not push out who was primary and why. */
export const EXPIRY_EVENTS_MAX = 200;

/** The newest changes of settings are kept whatever else happens: they are the history of what the cluster is set to. */
export const SETTING_EVENTS_MAX = 100;

export const EVENTS_FACT = 'events';

/** The history with these added. A copy: a frozen history must not change, and events are rare. */
export function addEvents(events: Events, added: readonly ClusterEvent[]): Events {
  if (added.length === 0) return events;
  const all = [...events, ...added];
  let surplus = Math.max(0, all.filter(isExpiry).length - EXPIRY_EVENTS_MAX);
  const kept = all.filter((event) => {
    if (surplus === 0 || !isExpiry(event)) return true;
    surplus -= 1;
    return false;
  });
  return withinBounds(kept);
}

/** Forgets the oldest beyond the bound, but for the newest changes of settings. */
function withinBounds(events: Events): Events {
  let surplus = events.length - EVENTS_MAX;
  if (surplus <= 0) return events;
  let unsafe = events.filter(isSetting).length - SETTING_EVENTS_MAX;
  return events.filter((event) => {
    const isSafe = isSetting(event) && (unsafe -= 1) < 0;
    if (surplus <= 0 || isSafe) return true;
    surplus -= 1;
    return false;
  });
}

function isSetting({ kind }: ClusterEvent): boolean {
  return kind === 'settingChanged' || kind === 'reignsPaused' || kind === 'reignsResumed';
}

function isExpiry({ kind }: ClusterEvent): boolean {
  return kind === 'sessionsExpired' || kind === 'providersLost' || kind === 'policyChanged';
}

/**
 * Events after `revision`, oldest first, about `countMax` of them: a revision is never cut in two, so that a reader
 * who continues after the last one's revision misses nothing. `kinds`: only these; none: all.
 */
export function eventsAfter(
  events: Events,
  revision: LogIndex,
  countMax: number,
  kinds: readonly EventKind[] = [],
): readonly ClusterEvent[] {
  const later = events.filter(
    (event) => event.revision > revision && (kinds.length === 0 || kinds.includes(event.kind)),
  );
  let end = Math.min(later.length, countMax);
  while (end < later.length && later[end]?.revision === later[end - 1]?.revision) end += 1;
  return later.slice(0, end);
}

/** One row for each event. */
export function eventRows(events: Events): FactRows {
  const rows = events.map(({ revision, clusterTimeMs, kind, text, requestId }) => [
    revision,
    clusterTimeMs,
    kind,
    text,
    requestId,
  ]);
  return { fact: EVENTS_FACT, version: 1, rows };
}

/** Reads one row of `eventRows`. */
export function restoreEvent(row: Row): ClusterEvent {
  const reader = readRow(EVENTS_FACT, row);
  return {
    revision: reader.index('revision'),
    clusterTimeMs: reader.integer('clusterTimeMs'),
    kind: reader.oneOf('kind', EVENT_KINDS),
    text: reader.string('text'),
    requestId: reader.nullable((field) => field.string('requestId')),
  };
}
