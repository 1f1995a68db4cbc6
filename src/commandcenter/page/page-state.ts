// What the page knows, as a value: what the feed told, when it came, and what is worth saying aloud. Each message of the feed makes
// a new value out of the old one. Pure: the reader's clock comes in as a number.

import type { ClusterMessage, EventsMessage, Hello, ReignsAnswer } from '../feed.js';
import { mergeEvents } from './merge-events.js';
import type { SeenEvent } from './merge-events.js';

/** How the page stands with the members that it may ask. */
export interface LinkState {
  /** `lost`: every known member was asked in turn and none answers; it goes on trying. */
  readonly phase: 'connecting' | 'live' | 'lost';
  /** Origin that is asked, or was last. */
  readonly origin: string;
  /** It is the one that served this page. */
  readonly isHome: boolean;
  /** Origins that did not answer since the last one that did. */
  readonly failed: readonly string[];
}

/** A message and when it came, in ms of the reader's wall clock. */
export interface Seen<Message> {
  readonly message: Message;
  readonly atMs: number;
}

export interface PageState {
  readonly link: LinkState;
  readonly hello: Hello | null;
  readonly cluster: Seen<ClusterMessage> | null;
  /** Newest first. */
  readonly events: readonly SeenEvent[];
  readonly reigns: Seen<ReignsAnswer> | null;
  /** For screen readers: the newest change that matters. */
  readonly announcement: string;
}

export type Happening =
  | { readonly kind: 'link'; readonly link: LinkState }
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'members'; readonly members: Hello['members'] }
  | { readonly kind: 'cluster'; readonly message: ClusterMessage; readonly atMs: number }
  | { readonly kind: 'events'; readonly message: EventsMessage; readonly atMs: number }
  | { readonly kind: 'reigns'; readonly message: ReignsAnswer; readonly atMs: number };

export function firstState(origin: string): PageState {
  return {
    link: { phase: 'connecting', origin, isHome: true, failed: [] },
    hello: null,
    cluster: null,
    events: [],
    reigns: null,
    announcement: '',
  };
}

/** The state after something came. */
export function after(state: PageState, happening: Happening): PageState {
  switch (happening.kind) {
    case 'link':
      return { ...state, link: happening.link, announcement: linkWords(state, happening.link) };
    case 'hello':
      return { ...state, hello: happening.hello };
    case 'members':
      return state.hello === null
        ? state
        : { ...state, hello: { ...state.hello, members: happening.members } };
    case 'cluster': {
      const { message, atMs } = happening;
      const announcement = primaryWords(state.cluster?.message ?? null, message);
      return {
        ...state,
        cluster: { message, atMs },
        announcement: announcement ?? state.announcement,
      };
    }
    case 'events':
      return {
        ...state,
        events: mergeEvents(state.events, happening.message, happening.atMs),
      };
    case 'reigns':
      return { ...state, reigns: { message: happening.message, atMs: happening.atMs } };
  }
}

/** Name of the node at an origin; the origin itself where it is not known. */
export function nameAt(hello: Hello | null, origin: string): string {
  const member = hello?.members.find((each) => each.origin === origin);
  return member?.name ?? origin.replace(/^https?:\/\//, '');
}

/** Null: nothing that a listener must hear. */
function primaryWords(before: ClusterMessage | null, now: ClusterMessage): string | null {
  const was = before === null ? null : before.view.primary;
  const is = now.view.primary;
  if (before !== null && before.isConfirmed && !now.isConfirmed) {
    return 'The quorum is lost. Nobody is primary.';
  }
  if (is === was && (before === null || before.view.epoch === now.view.epoch)) return null;
  if (is === null) return before === null ? null : `${was ?? 'Nobody'} is primary no longer.`;
  return `${is} is primary, epoch ${now.view.epoch}.`;
}

function linkWords(state: PageState, link: LinkState): string {
  const { hello, link: before, announcement } = state;
  if (link.phase === 'lost' && before.phase !== 'lost') return 'No member answers. Trying again.';
  if (link.phase !== 'live' || (before.phase === 'live' && before.origin === link.origin)) {
    return announcement;
  }
  const isFirst = hello === null;
  return isFirst ? announcement : `Watching through ${nameAt(hello, link.origin)}.`;
}
