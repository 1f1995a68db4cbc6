// Whether this node may become primary, as far as it can tell by itself: its health checks, and the hook before promotion
// that refused lately. It votes and may lead the log all the same, since facts need a leader; it campaigns after all others,
// and tells every leader why it is no target. Volatile: a node that restarts looks anew.

import type { AppendEntriesResponse } from './message.js';
import type { RaftState } from './state.js';

/** Longest reason that travels. */
const WHY_LENGTH_MAX = 200;

/** Why this node must not become primary now, one line for people; null: it may. */
export function whyUnfitHere({ health, refused, nowMs }: RaftState): string | null {
  if (health !== null) return health.slice(0, WHY_LENGTH_MAX);
  if (refused === null || nowMs >= refused.untilMs) return null;
  return `hook before promotion: ${refused.why}`.slice(0, WHY_LENGTH_MAX);
}

/** The same as a part of an answer to the leader. */
export function unfitWord(state: RaftState): Pick<AppendEntriesResponse, 'unfit'> {
  const unfit = whyUnfitHere(state);
  return unfit === null ? {} : { unfit };
}
