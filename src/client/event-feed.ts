// What happened, and then what happens: pages of the history up to now, then a watch from there, through whatever members answer.
// Nothing is missed and nothing comes twice, also where a member answers with the whole state because it forgot the changes.

import type { Event__Output as EventMessage } from '../generated/quorate/v1/Event.js';
import type { EventsRequest } from '../generated/quorate/v1/EventsRequest.js';
import type { EventsResponse__Output as EventsResponse } from '../generated/quorate/v1/EventsResponse.js';
import type { WatchOptions } from './watch.js';
import type { WatchUpdate } from './watch-cursor.js';

export interface ClusterEvent {
  readonly revision: number;
  /** Milliseconds of cluster time: only distances mean something. */
  readonly clusterTimeMs: number;
  /** For programs: memberJoined, reignBegan, … */
  readonly kind: string;
  /** For people. */
  readonly text: string;
  /** Id of the request that asked for it; null: nobody did. */
  readonly requestId: string | null;
}

export interface EventFeedOptions extends Pick<WatchOptions, 'signal' | 'onBreak'> {
  /** Only events after this revision. */
  readonly afterRevision: number;
  /** Only of these kinds; none: of all. */
  readonly kinds: readonly string[];
  readonly stale: boolean;
  /** Events asked for at a time, 1 to 1000. */
  readonly pageSize: number;
  /** Whether to go on with what happens from now on. */
  readonly follow: boolean;
}

/** What the feed asks with. */
export interface EventSource {
  page(request: EventsRequest): Promise<EventsResponse>;
  watch(options: WatchOptions): AsyncGenerator<WatchUpdate, void>;
}

/** Events oldest first; ends at the newest unless it follows. */
export async function* eventFeed(
  source: EventSource,
  options: EventFeedOptions,
): AsyncGenerator<ClusterEvent, void, undefined> {
  const { kinds, stale, pageSize, follow, signal, onBreak } = options;
  let toldTo = options.afterRevision;
  for (;;) {
    const request = { afterRevision: toldTo, limit: pageSize, stale, kinds: [...kinds] };
    const { events, header } = await source.page(request);
    yield* events.map(eventOf);
    toldTo = events.at(-1)?.revision ?? toldTo;
    if (events.length >= pageSize) continue;
    toldTo = Math.max(toldTo, header?.revision ?? 0);
    break;
  }
  if (!follow) return;
  const updates = source.watch({
    filters:
      kinds.length === 0
        ? [{ fact: 'FACT_EVENT' }]
        : kinds.map((kind) => ({ fact: 'FACT_EVENT', key: kind })),
    afterRevision: toldTo,
    ...(signal === undefined ? {} : { signal }),
    ...(onBreak === undefined ? {} : { onBreak }),
  });
  for await (const update of updates) {
    for (const event of eventsIn(update)) if (event.revision > toldTo) yield event;
    if (update.type !== 'state' || update.isLast) toldTo = Math.max(toldTo, update.revision);
  }
}

/** An event as programs see it. */
export function eventOf(message: EventMessage): ClusterEvent {
  const { revision, clusterTimeMs, kind, text, requestId } = message;
  return { revision, clusterTimeMs, kind, text, requestId: requestId ?? null };
}

function eventsIn(update: WatchUpdate): ClusterEvent[] {
  if (update.type === 'bookmark') return [];
  const changes =
    update.type === 'state' ? update.rows : update.revisions.flatMap((each) => each.changes);
  return changes.flatMap(({ event }) =>
    event === undefined || event === null ? [] : [eventOf(event)],
  );
}
