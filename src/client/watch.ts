// A watch that goes on: it asks one member, and when that one stops, falls silent or cuts it off, the next, from where it was. What to ask
// next is decided in watch-cursor.ts; this file asks. It ends when its consumer leaves, its signal ends it, or no member may answer.

import { setTimeout as pause } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { QuorateError } from '../errors.js';
import type { NodeLinks } from './node-links.js';
import { CLUSTER } from './protos.js';
import { goesOn, WatchCursor } from './watch-cursor.js';
import type { WatchUpdate, WatchWish } from './watch-cursor.js';

export interface WatchOptions extends WatchWish {
  /** Ends the watch; the iteration then ends too. */
  readonly signal?: AbortSignal;
  /** Told whenever the watch goes on elsewhere, with why. */
  readonly onBreak?: (error: QuorateError) => void;
}

const PAUSE_FIRST_MS = 50;
const PAUSE_MAX_MS = 2000;

/**
 * What the watch tells, without a gap and without a repeat, whoever of the members tells it. `next` answers the API address
 * to ask, anew each time. Throws a QuorateError if going on cannot help, such as PERMISSION_DENIED.
 */
export async function* watch(
  links: NodeLinks,
  next: () => string,
  options: WatchOptions,
): AsyncGenerator<WatchUpdate, void> {
  const cursor = new WatchCursor(options);
  const signal = options.signal ?? new AbortController().signal;
  let pauseMs = PAUSE_FIRST_MS;
  while (!signal.aborted) {
    cursor.begin();
    try {
      const about = { metadata: new Metadata(), signal, silenceMaxMs: cursor.silenceMaxMs };
      for await (const response of links.stream(next(), CLUSTER.Watch, cursor.request, about)) {
        pauseMs = PAUSE_FIRST_MS;
        const update = cursor.take(response);
        if (update !== null) yield update;
      }
    } catch (error) {
      if (!(error instanceof QuorateError) || !goesOn(error)) throw error;
      options.onBreak?.(error);
    }
    await pause(pauseMs, undefined, { signal }).catch(() => {});
    pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS);
  }
}
