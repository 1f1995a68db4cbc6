// The page's end of the feed: one EventSource at a time, opened at another member when the one that is watched dies, falls silent
// or says goodbye, and back at the one that served the page once that answers again, because only there may somebody act.
// What the messages mean is not known here.

import { BASE_PATH, FEED_PATH } from '../feed.js';
import type { FeedMessages, Hello } from '../feed.js';
import type { LinkState } from './page-state.js';
import { candidates, isOutgrown, nextAfter } from './whom-to-ask.js';

/** From opening to the first message. */
const HELLO_MS = 3_000;

/** The cluster is told of each second; a member that is silent for so long is as good as dead. */
const SILENCE_MS = 5_000;

/** Between two rounds through all members when none answered. */
const ROUND_MS = 1_000;

/** How often the member that served the page is asked whether it is back. */
const HOME_MS = 5_000;

const NAMES = ['hello', 'members', 'cluster', 'figures', 'history', 'events', 'bye'] as const;

/** A message of the feed with its name. */
export type Told = {
  readonly [Name in keyof FeedMessages]: {
    readonly name: Name;
    readonly message: FeedMessages[Name];
  };
}[keyof FeedMessages];

export interface StreamListener {
  readonly onMessage: (told: Told) => void;
  readonly onLink: (link: LinkState) => void;
  /** A member joined that only a page loaded anew can ask; the one that served this page answers. May come again. */
  readonly onOutgrown: () => void;
}

export class Stream {
  readonly #home: string;
  readonly #listener: StreamListener;
  #hello: Hello | null = null;
  #source: EventSource | null = null;
  #origin: string;
  #timer = 0;
  #homeTimer = 0;
  #lastEventId = '';
  #failed: readonly string[] = [];
  /** Whom the policy of this page lets it ask: the members of the first greeting. */
  #allowed: readonly string[] | null = null;

  constructor(home: string, listener: StreamListener) {
    this.#home = home;
    this.#origin = home;
    this.#listener = listener;
  }

  /** Opens the feed at this origin, and closes the one before. */
  open(origin: string = this.#home): void {
    this.#close();
    this.#origin = origin;
    this.#tell('connecting');
    const source = new EventSource(`${origin}${FEED_PATH}${this.#place()}`);
    this.#source = source;
    source.addEventListener('error', () => {
      if (this.#source === source) this.#fail();
    });
    for (const name of NAMES) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        if (this.#source === source) this.#onMessage(name, event);
      });
    }
    this.#expect(HELLO_MS);
  }

  #onMessage(name: keyof FeedMessages, event: MessageEvent<string>): void {
    const told = { name, message: JSON.parse(event.data) as unknown } as Told;
    if (event.lastEventId !== '') this.#lastEventId = event.lastEventId;
    this.#expect(SILENCE_MS);
    this.#listener.onMessage(told);
    if (told.name === 'bye') this.#fail();
    if (told.name === 'members' && this.#hello !== null) {
      this.#hello = { ...this.#hello, ...told.message };
      this.#lookForNewcomers();
    }
    if (told.name !== 'hello') return;
    this.#hello = told.message;
    this.#failed = [];
    this.#allowed ??= candidates(this.#home, told.message);
    this.#tell('live');
    this.#watchHome();
    this.#lookForNewcomers();
  }

  #lookForNewcomers(): void {
    if (this.#origin !== this.#home) return;
    if (isOutgrown(this.#allowed ?? [], this.#home, this.#hello)) this.#listener.onOutgrown();
  }

  /** Whom this page may ask. */
  #candidates(): readonly string[] {
    const all = candidates(this.#home, this.#hello);
    return this.#allowed === null ? all : all.filter((origin) => this.#allowed?.includes(origin));
  }

  /** After which event to go on, and of which cluster. */
  #place(): string {
    if (this.#lastEventId === '') return '';
    const cluster = this.#hello?.clusterId ?? null;
    const query = new URLSearchParams({ after: this.#lastEventId });
    if (cluster !== null) query.set('cluster', cluster);
    return `?${query.toString()}`;
  }

  #expect(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#fail(), ms);
  }

  #fail(): void {
    this.#close();
    const failed = this.#origin;
    this.#failed = [...this.#failed.filter((origin) => origin !== failed), failed];
    const all = this.#candidates();
    const next = nextAfter(all, failed);
    if (!all.every((origin) => this.#failed.includes(origin))) {
      this.open(next);
      return;
    }
    this.#tell('lost');
    this.#timer = window.setTimeout(() => this.open(next), ROUND_MS / all.length);
  }

  /** While another member is watched. */
  #watchHome(): void {
    clearInterval(this.#homeTimer);
    if (this.#origin === this.#home) return;
    this.#homeTimer = window.setInterval(() => {
      fetch(BASE_PATH, { method: 'HEAD', cache: 'no-store' }).then(
        ({ ok }) => {
          if (ok && this.#origin !== this.#home) this.open(this.#home);
        },
        () => undefined,
      );
    }, HOME_MS);
  }

  #close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#homeTimer);
    this.#source?.close();
    this.#source = null;
  }

  #tell(phase: LinkState['phase']): void {
    const isLost = phase === 'connecting' && this.#failed.length > 0 && this.#isEverybodyDown();
    this.#listener.onLink({
      phase: isLost ? 'lost' : phase,
      origin: this.#origin,
      isHome: this.#origin === this.#home,
      failed: this.#failed,
    });
  }

  #isEverybodyDown(): boolean {
    return this.#candidates().every((origin) => this.#failed.includes(origin));
  }
}
