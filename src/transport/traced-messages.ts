// Which entries of an encoded message belong to a trace, kept beside its bytes while they wait to be sent. It goes beside the message on the
// wire too: who knows nothing of traces reads the same message. Without tracing nothing is kept here.

import type { TracedEntry } from '../tracing/port.js';

const kept = new WeakMap<Uint8Array, readonly TracedEntry[]>();

/** Notes the traced entries of an encoded message. */
export function noteTraced(bytes: Uint8Array, entries: readonly TracedEntry[]): void {
  kept.set(bytes, entries);
}

/** Answers the traced entries of an encoded message; undefined: there are none. */
export function tracedIn(bytes: Uint8Array): TracedEntry[] | undefined {
  return kept.get(bytes)?.slice();
}
