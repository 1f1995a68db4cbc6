// End users' sessions: data with a time to live, changed by commands of the log. Time is cluster time at the entry, so
// every node counts a life alike. Nothing expires by itself: the leader finds what is over and proposes its end, which
// is ignored where a session was renewed or rewritten meanwhile.

import { invariant, unreachable } from '../raft/assert.js';
import { INDEX_ZERO } from '../raft/types.js';
import type { LogIndex } from '../raft/types.js';
import { SESSION_LIMITS } from './command.js';
import type { Attributes, Command, FactRefusal, FirstResult, Session } from './command.js';
import { pageOf } from './page.js';
import type { KeyRange } from './page.js';
import { attributesBytes, whyTooLarge } from './session-limits.js';
import { SortedMap } from './sorted-map.js';
import { TextMap } from './text-map.js';
import { compareUtf8 } from './utf8-order.js';

type PutSession = Extract<Command, { kind: 'putSession' }>;
type DeleteSession = Extract<Command, { kind: 'deleteSession' }>;
type RenewSessions = Extract<Command, { kind: 'renewSessions' }>;
type ExpireSessions = Extract<Command, { kind: 'expireSessions' }>;
/** What clients do to sessions. */
export type SessionCommand = Extract<Command, { kind: `${string}Session`; client: unknown }>;

/** The session that an `expireSessions` command names. */
export type SessionEnd = ExpireSessions['sessions'][number];

/** Which sessions a page holds; keys are their ids. */
export type PageWish = KeyRange;

export interface SessionPage {
  /** In the order of their ids' UTF-8 bytes. */
  readonly sessions: readonly Session[];
  /** There is at least one more behind the last. */
  readonly isMore: boolean;
}

/** Sessions by id, in the order of their UTF-8 bytes. */
export type SessionMap = TextMap<Session>;

export class Sessions {
  readonly #byId: SessionMap = new TextMap();
  /** The same sessions, first the one whose life ends first; equal ends in the order of ids. */
  readonly #byDeadline = new SortedMap<Session, Session>(compareDeadlines);

  get size(): number {
    return this.#byId.size;
  }

  /** Null if there is none; one whose life is over is there until its expiry is applied. */
  get(id: string): Session | null {
    return this.#byId.get(id);
  }

  /** One page of a list. */
  list(wish: PageWish): SessionPage {
    const bytesOf = ({ id, owner, attributes }: Session): number =>
      id.length + owner.length + attributesBytes(attributes);
    const { values, isMore } = pageOf(this.#byId, wish, ({ id }) => id, bytesOf);
    return { sessions: values, isMore };
  }

  /** Sessions whose life is over at this cluster time, longest over first, at most `countMax`. Costs what it finds. */
  expired(clusterTimeMs: number, countMax: number): SessionEnd[] {
    const ends: SessionEnd[] = [];
    for (const { id, revision, deadlineMs } of this.#byDeadline.values(null)) {
      if (deadlineMs > clusterTimeMs || ends.length >= countMax) break;
      ends.push({ id, revision });
    }
    return ends;
  }

  /** Carries out the command of the entry at `revision`; `nowMs` is the cluster time there. */
  apply(command: SessionCommand, revision: LogIndex, nowMs: number): FirstResult {
    switch (command.kind) {
      case 'putSession':
        return this.#put(command, revision, nowMs);
      case 'touchSession':
        return this.#touch(command.id, nowMs);
      case 'deleteSession':
        return this.#delete(command);
      default:
        return unreachable(command);
    }
  }

  /** Ends those that the command names and that still fit; answers their ids, in the order of the command. */
  expire({ sessions }: ExpireSessions, nowMs: number): string[] {
    const expiredIds: string[] = [];
    for (const { id, revision } of sessions) {
      const existing = this.get(id);
      if (existing === null || existing.revision !== revision || existing.deadlineMs > nowMs) {
        continue;
      }
      this.#remove(existing);
      expiredIds.push(id);
    }
    return expiredIds;
  }

  /** Starts the lives of those that exist again; answers their deadlines, in the order of the command. */
  renew({ ids }: RenewSessions, nowMs: number): (number | null)[] {
    return ids.map((id) => {
      const existing = this.get(id);
      if (existing === null) return null;
      const deadlineMs = nowMs + existing.ttlMs;
      if (deadlineMs > existing.deadlineMs) this.#store({ ...existing, deadlineMs });
      return deadlineMs;
    });
  }

  /** Takes in a session of a snapshot; they come in the order of ids. */
  restore(session: Session): void {
    invariant(this.get(session.id) === null, 'a snapshot holds a session once');
    this.#store(session);
  }

  /** The sessions as they are at this moment, whatever is applied later; constant time. */
  freeze(): SessionMap {
    return this.#byId.clone();
  }

  #put(command: PutSession, revision: LogIndex, nowMs: number): FirstResult {
    const existing = this.get(command.id);
    const refusal = mismatch(command.ifRevision, existing);
    if (refusal !== null) return refused(refusal);
    const ttlMs = command.ttlMs ?? existing?.ttlMs ?? SESSION_LIMITS.ttlDefaultMs;
    const session: Session = {
      id: command.id,
      owner: command.owner ?? existing?.owner ?? '',
      nodeId: command.nodeId,
      attributes: merged(existing?.attributes ?? new Map(), command),
      ttlMs,
      deadlineMs: nowMs + ttlMs,
      createdRevision: existing?.createdRevision ?? revision,
      revision,
    };
    const detail = whyTooLarge(session);
    if (detail !== null) return refused({ reason: 'limitExceeded', detail });
    this.#store(session);
    return { type: 'session', session };
  }

  #touch(id: string, nowMs: number): FirstResult {
    const existing = this.get(id);
    if (existing === null) return refused({ reason: 'sessionNotFound', id });
    const session = { ...existing, deadlineMs: nowMs + existing.ttlMs };
    this.#store(session);
    return { type: 'session', session };
  }

  #delete({ id, ifRevision }: DeleteSession): FirstResult {
    const existing = this.get(id);
    const refusal = mismatch(ifRevision, existing);
    if (refusal !== null) return refused(refusal);
    if (existing !== null) this.#remove(existing);
    return { type: 'deleted', existed: existing !== null };
  }

  #store(session: Session): void {
    const existing = this.get(session.id);
    if (existing !== null) this.#byDeadline.delete(existing);
    this.#byId.set(session.id, session);
    this.#byDeadline.set(session, session);
    invariant(this.#byDeadline.size === this.#byId.size, 'every session has one deadline');
  }

  #remove(session: Session): void {
    this.#byId.delete(session.id);
    this.#byDeadline.delete(session);
    invariant(this.#byDeadline.size === this.#byId.size, 'every session has one deadline');
  }
}

function compareDeadlines(a: Session, b: Session): number {
  return a.deadlineMs - b.deadlineMs || compareUtf8(a.id, b.id);
}

function refused(refusal: FactRefusal): FirstResult {
  return { type: 'refused', refusal };
}

/** Compare-and-set: null if the session is as expected; a session that does not exist has revision 0. */
function mismatch(expected: LogIndex | null, existing: Session | null): FactRefusal | null {
  const actual = existing?.revision ?? INDEX_ZERO;
  if (expected === null || expected === actual) return null;
  return { reason: 'revisionMismatch', expected, actual };
}

/** Removes first, then adds or replaces; sorted by name, so that equal sessions are equal in every order. */
function merged(existing: Attributes, { attributes, removed }: PutSession): Attributes {
  const all = new Map(existing);
  for (const name of removed) all.delete(name);
  for (const [name, value] of attributes) all.set(name, value);
  return new Map([...all].sort(([a], [b]) => compareUtf8(a, b)));
}
