// The open feeds of this node: each a stream of server-sent events. All are told the same, as text that is made once; whoever does not
// read is cut off at a bound rather than waited for. It knows nothing of what is told.

import type { Writable } from 'node:stream';
import type { FeedMessages } from './feed.js';
import type { CommandCenterLimits } from './limits.js';

/** How soon a browser comes again by itself. */
const RETRY = 'retry: 1000\n\n';
/** A comment, which no page sees. */
const HEARTBEAT = ':\n\n';

/** One message as it goes down the stream; `id` is what a page gives back to go on after it. */
export function messageText<Name extends keyof FeedMessages>(
  name: Name,
  message: FeedMessages[Name],
  id: number | null = null,
): string {
  const idLine = id === null ? '' : `id: ${id}\n`;
  return `event: ${name}\n${idLine}data: ${JSON.stringify(message)}\n\n`;
}

export class Feed {
  readonly #out: Writable;
  readonly #bytesMax: number;
  /** Events up to there were told, and there was nothing more to tell up to the other. */
  toldRevision: number;
  lookedRevision = 0;

  constructor(out: Writable, bytesMax: number, toldRevision: number) {
    this.#out = out;
    this.#bytesMax = bytesMax;
    this.toldRevision = toldRevision;
    out.write(RETRY);
  }

  /** Cuts the feed off if its reader has not taken what was told before. */
  tell(text: string): void {
    if (this.#out.destroyed || this.#out.writableEnded) return;
    if (this.#out.writableLength + text.length > this.#bytesMax) this.#out.destroy();
    else this.#out.write(text);
  }

  end(text: string): void {
    if (!this.#out.destroyed && !this.#out.writableEnded) this.#out.end(text);
  }
}

export class Feeds {
  readonly #limits: CommandCenterLimits;
  readonly #feeds = new Set<Feed>();
  readonly #heart: NodeJS.Timeout;
  #hasEnded = false;

  constructor(limits: CommandCenterLimits) {
    this.#limits = limits;
    this.#heart = setInterval(() => this.tellAll(HEARTBEAT), limits.heartbeatMs);
    this.#heart.unref();
  }

  get size(): number {
    return this.#feeds.size;
  }

  [Symbol.iterator](): IterableIterator<Feed> {
    return this.#feeds.values();
  }

  /** Why no feed can be opened now; null: one can. */
  whyNot(): string | null {
    if (this.#hasEnded) return 'this node is stopping';
    const { feedsMax } = this.#limits;
    return this.#feeds.size < feedsMax ? null : `this node has ${feedsMax} open feeds`;
  }

  /** Begins a feed; it goes away with its stream. */
  open(out: Writable, toldRevision: number): Feed {
    const feed = new Feed(out, this.#limits.feedBufferBytesMax, toldRevision);
    this.#feeds.add(feed);
    out.once('close', () => this.#feeds.delete(feed));
    // A reader that went away; the stream closes for it.
    out.on('error', () => {});
    return feed;
  }

  tellAll(text: string): void {
    for (const feed of this.#feeds) feed.tell(text);
  }

  /** Ends all, and opens none any more. */
  end(): void {
    this.#hasEnded = true;
    clearInterval(this.#heart);
    const bye = messageText('bye', { reason: 'stopping', text: 'this node is stopping' });
    for (const feed of this.#feeds) feed.end(bye);
  }
}
