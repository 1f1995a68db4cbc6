// The sentences of the history, for people: what an entry did, and why where the entry says so. Programs read an
// event's kind; a text may change its wording with a feature level only, since every node must write the same.

import { unreachable } from '../raft/assert.js';
import type { Entry, NodeId } from '../raft/types.js';
import type { EventKind } from './events.js';
import type { MemberChange } from './members.js';
import type { ReignRecord } from './primary.js';

interface EventText {
  readonly kind: EventKind;
  readonly text: string;
}

/** Ids of expired sessions that a text names; of more it gives the number. */
const NAMED_SESSIONS_MAX = 3;

/** One event for each member that a configuration changed. */
export function configurationTexts(changes: readonly MemberChange[], cause: string): EventText[] {
  return changes.map((change) => ({
    kind: change.kind,
    text: because(whatChanged(change), cause),
  }));
}

/** The end of one reign and the beginning of another, either of which may be missing. */
export function reignTexts(
  before: ReignRecord | null,
  after: ReignRecord | null,
  entry: Entry,
  nameOf: (id: NodeId) => string,
): EventText[] {
  const texts: EventText[] = [];
  if (before !== null) {
    const what = `the reign of ${nameOf(before.nodeId)} (epoch ${before.epoch}) ended`;
    texts.push({ kind: 'reignEnded', text: because(what, whyEnded(entry, nameOf)) });
  }
  if (after !== null) {
    const what = `${nameOf(after.nodeId)} became primary (epoch ${after.epoch})`;
    texts.push({ kind: 'reignBegan', text: because(what, after.cause) });
  }
  return texts;
}

/** The level from which everybody understands more. */
export function levelText(level: number): string {
  return `the feature level of the cluster rose to ${level}`;
}

/** Names the first few sessions that expired. */
export function expiryText(ids: readonly string[]): string {
  const named = ids.slice(0, NAMED_SESSIONS_MAX).join(', ');
  const others = ids.length - NAMED_SESSIONS_MAX;
  const verb = ids.length === 1 ? 'session expired' : 'sessions expired';
  return `${ids.length} ${verb}: ${named}${others > 0 ? ` and ${others} more` : ''}`;
}

function whatChanged({ kind, name, role }: MemberChange): string {
  switch (kind) {
    case 'memberJoined':
      return `${name} joined as a ${role}`;
    case 'memberPromoted':
      return `${name} was promoted to voter`;
    case 'memberDemoted':
      return `${name} was demoted to learner`;
    case 'memberRemoved':
      return `${name} was removed`;
    default:
      return unreachable(kind);
  }
}

function whyEnded(entry: Entry, nameOf: (id: NodeId) => string): string {
  if (entry.kind === 'activation') return `${nameOf(entry.nodeId)} took over`;
  if (entry.kind === 'proof') return 'its processes were stopped';
  return `term ${entry.term} began`;
}

function because(what: string, cause: string): string {
  return cause === '' ? what : `${what}: ${cause}`;
}
