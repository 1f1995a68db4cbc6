// The sentences of the history, for people: what an entry did, and why where the entry says so. Programs read an
// event's kind; a text may change its wording with a feature level only, since every node must write the same.

import { unreachable } from '../raft/assert.js';
import type { Entry, MemberTags, NodeId, ReignRules } from '../raft/types.js';
import type { Cause } from './cause.js';
import { readCause } from './cause.js';
import type { ClientCommand, FirstResult } from './command.js';
import type { EventKind } from './events.js';
import type { MemberChange, MemberUpdates } from './members.js';
import type { PolicyCommand } from './policy-types.js';
import type { ReignRecord } from './primary.js';

/** An event before it has a place in the history. */
export interface EventText {
  readonly kind: EventKind;
  readonly text: string;
  /** Null: nobody asked for it. */
  readonly requestId: string | null;
}

/** Ids of expired sessions that a text names; of more it gives the number. */
const NAMED_SESSIONS_MAX = 3;

/** One event for each member that a configuration changed. */
export function configurationTexts(changes: readonly MemberChange[], line: string): EventText[] {
  const cause = readCause(line);
  return changes.map((change) => {
    // What the core sees by itself of a member needs no second sentence.
    const isSaid = change.kind === 'memberUpdated' && cause.requestId === null;
    const text = isSaid ? whatChanged(change) : because(whatChanged(change), cause);
    return { kind: change.kind, text, requestId: cause.requestId };
  });
}

/**
 * The end of one reign and the beginning of another, either of which may be missing. For how long nobody was primary in between
 * is told where it is known.
 */
export function reignTexts(
  before: ReignRecord | null,
  after: ReignRecord | null,
  entry: Entry,
  nameOf: (id: NodeId) => string,
): EventText[] {
  const texts: EventText[] = [];
  const cause = readCause(entry.kind === 'activation' ? entry.cause : '');
  const { requestId } = cause;
  if (before !== null) {
    const what = `the reign of ${nameOf(before.nodeId)} (epoch ${before.epoch}) ended`;
    const text = `${what}: ${whyEnded(entry, nameOf)}`;
    texts.push({ kind: 'reignEnded', text, requestId });
  }
  if (after !== null) {
    const gap = after.gapMs === null ? '' : ` after ${after.gapMs} ms without one`;
    const what = `${nameOf(after.nodeId)} became primary (epoch ${after.epoch})${gap}`;
    texts.push({ kind: 'reignBegan', text: because(what, cause), requestId });
  }
  return texts;
}

/** The level from which everybody understands more. */
export function levelText(level: number): string {
  return `the feature level of the cluster rose to ${level}`;
}

/** After how long dead voters may be removed from now on. */
export function autoRemoveText(
  beforeMs: number | null,
  afterMs: number | null,
  line: string,
): EventText {
  const cause = readCause(line);
  const shown = (ms: number | null): string => (ms === null ? 'off' : `${ms} ms`);
  const what = `autoRemoveAfter was set to ${shown(afterMs)}, ${shown(beforeMs)} before`;
  return { kind: 'settingChanged', text: because(what, cause), requestId: cause.requestId };
}

/** When new leaders make themselves primary from now on; nothing where that is as before. */
export function reignRuleTexts(before: ReignRules, after: ReignRules, line: string): EventText[] {
  const cause = readCause(line);
  const { requestId } = cause;
  const texts: EventText[] = [];
  if (after.isManual !== before.isManual) {
    const shown = ({ isManual }: ReignRules): string => (isManual ? 'manual' : 'automatic');
    const what = `failover was set to ${shown(after)}, ${shown(before)} before`;
    texts.push({ kind: 'settingChanged', text: because(what, cause), requestId });
  }
  if (after.pausedBy !== null && after.pausedBy !== before.pausedBy) {
    const text = because('automatic reigns were paused', cause);
    texts.push({ kind: 'reignsPaused', text, requestId });
  }
  if (after.pausedBy === null && before.pausedBy !== null) {
    const text = because('automatic reigns were resumed', cause);
    texts.push({ kind: 'reignsResumed', text, requestId });
  }
  return texts;
}

/** What a request made of a policy; none for any other request, or if nothing changed. */
export function policyTexts(command: ClientCommand, result: FirstResult): EventText[] {
  if (result.type !== 'policy' || !result.isNew || !('ifVersion' in command)) return [];
  const { name, who, node, reason, requestId } = command;
  const done = policyVerb(command, result.version);
  const text = because(`policy ${name} ${done}: ${node} asked by ${who}`, { text: reason });
  return [{ kind: 'policyChanged', text, requestId }];
}

function policyVerb(command: PolicyCommand, version: number): string {
  switch (command.kind) {
    case 'putPolicy':
      return `has version ${version}`;
    case 'rollBackPolicy':
      return `has version ${version}, which is version ${command.version} again`;
    case 'deletePolicy':
      return 'was deleted';
    default:
      return unreachable(command);
  }
}

/** Says what became of the jobs of a reign that is over. */
export function jobsMovedText(waiting: number, ended: number): string {
  const again = `${waiting} of its jobs wait to go on`;
  return ended === 0 ? again : `${again}, ${ended} ended since they cannot be resumed`;
}

/** Of a process that only the primary runs, and that nobody takes over. */
export function givenUpText(name: string, where: string, why: string): string {
  return `${name}, which only the primary runs, was given up on ${where}, and nobody takes over: ${why}`;
}

/** Names the first few sessions that expired. */
export function expiryText(ids: readonly string[]): string {
  const named = ids.slice(0, NAMED_SESSIONS_MAX).join(', ');
  const others = ids.length - NAMED_SESSIONS_MAX;
  const verb = ids.length === 1 ? 'session expired' : 'sessions expired';
  return `${ids.length} ${verb}: ${named}${others > 0 ? ` and ${others} more` : ''}`;
}

/** Names the first few providers of services that vanished with their sessions or members. */
export function providersLostText(keys: readonly string[], why: 'expired' | 'left'): string {
  const named = keys.slice(0, NAMED_SESSIONS_MAX).join(', ');
  const others = keys.length - NAMED_SESSIONS_MAX;
  const what = keys.length === 1 ? 'provider of a service is' : 'providers of services are';
  const whose = why === 'expired' ? 'session expired' : 'member left';
  return `${keys.length} ${what} gone, whose ${whose}: ${named}${others > 0 ? ` and ${others} more` : ''}`;
}

function whatChanged(change: MemberChange): string {
  const { kind, name, role } = change;
  switch (kind) {
    case 'memberJoined':
      return `${name} joined as a ${role}`;
    case 'memberPromoted':
      return `${name} was promoted to voter`;
    case 'memberDemoted':
      return `${name} was demoted to learner`;
    case 'memberRemoved':
      return `${name} was removed`;
    case 'memberUpdated':
      return `${name} has ${updatesOf(change.updates).join(', ')}`;
    default:
      return unreachable(kind);
  }
}

function whyEnded(entry: Entry, nameOf: (id: NodeId) => string): string {
  if (entry.kind === 'activation') return `${nameOf(entry.nodeId)} took over`;
  if (entry.kind === 'proof') return 'its processes were stopped';
  return `term ${entry.term} began`;
}

function updatesOf({ address, api, version, priority, tags }: MemberUpdates): string[] {
  return [
    ...(address === undefined ? [] : [`address ${address}`]),
    ...(api === undefined ? [] : [`API address ${api}`]),
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(priority === undefined ? [] : [`priority ${priority}`]),
    ...(tags === undefined ? [] : [tagsText(tags)]),
  ];
}

function tagsText(tags: MemberTags): string {
  if (tags.length === 0) return 'no tags';
  return `tags ${tags.map(([name, value]) => `${name}=${value}`).join(' ')}`;
}

function because(what: string, { text }: Pick<Cause, 'text'>): string {
  return text === '' ? what : `${what}: ${text}`;
}
