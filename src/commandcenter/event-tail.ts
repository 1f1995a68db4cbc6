// Brings the replicated events to feeds: what a page has not seen yet, in order, each once, whichever member it saw the others at. Their
// revision is the id by which a page goes on. Read from what is applied here; a witness has none.

import type { NodeApi } from '../node/api.js';
import type { LogIndex } from '../raft/types.js';
import { EVENTS_MAX } from '../state-machine/events.js';
import type { ClusterEvent } from '../state-machine/events.js';
import { messageText } from './feeds.js';
import type { Feed } from './feeds.js';

export class EventTail {
  readonly #node: Pick<NodeApi, 'state' | 'clusterTimeMs'>;
  readonly #countMax: number;

  /** `countMax`: of one message. */
  constructor(node: Pick<NodeApi, 'state' | 'clusterTimeMs'>, countMax: number) {
    this.#node = node;
    this.#countMax = countMax;
  }

  /** The first events of a feed, and what was told with them; `after` null: the page has seen none. */
  begin(after: number | null): { readonly text: string; readonly revision: number } {
    const { state } = this.#node;
    const all = state.eventsAfter(0 as LogIndex, EVENTS_MAX);
    const oldest = all[0]?.revision ?? 0;
    // The history was full, or began with a snapshot of one that was: what stood before its oldest is forgotten.
    const isGap = after !== null && after < oldest && all.length >= EVENTS_MAX;
    const events = after === null || isGap ? newest(all, this.#countMax) : this.#after(after);
    const revision = events.at(-1)?.revision ?? after ?? 0;
    return { text: this.#text(events, isGap), revision };
  }

  /** Tells a feed what came since. */
  tell(feed: Feed): void {
    const { state } = this.#node;
    const applied = state.lastApplied.index;
    if (applied <= feed.toldRevision || applied === feed.lookedRevision) return;
    feed.lookedRevision = applied;
    const events = this.#after(feed.toldRevision);
    const last = events.at(-1);
    if (last === undefined) return;
    feed.toldRevision = last.revision;
    // There may be more than one message holds.
    feed.lookedRevision = 0;
    feed.tell(this.#text(events, false));
  }

  #after(revision: number): readonly ClusterEvent[] {
    return this.#node.state.eventsAfter(revision as LogIndex, this.#countMax);
  }

  #text(events: readonly ClusterEvent[], isGap: boolean): string {
    const nowMs = this.#node.clusterTimeMs();
    const views = events.map(({ revision, kind, text, requestId, clusterTimeMs }) => {
      const agoMs = Math.max(0, Math.round(nowMs - clusterTimeMs));
      return { revision, kind, text, requestId, agoMs };
    });
    return messageText('events', { events: views, isGap }, events.at(-1)?.revision ?? null);
  }
}

/** About the newest so many: a revision is never cut in two. */
function newest(events: readonly ClusterEvent[], countMax: number): readonly ClusterEvent[] {
  let from = Math.max(0, events.length - countMax);
  while (from > 0 && events[from]?.revision === events[from - 1]?.revision) from -= 1;
  return events.slice(from);
}
