// The naive model of sessions: a Map and the rules, written as directly as they can be said. It knows no indexes, no
// freezing and no snapshots; limits are left to tables, but for the time to live.

import type { Command, Session } from '../../src/state-machine/command.js';
import { SESSION_LIMITS } from '../../src/state-machine/command.js';
import type { SessionCommand } from '../../src/state-machine/sessions.js';
import { index } from './log-words.js';

type ExpireSessions = Extract<Command, { kind: 'expireSessions' }>;
type RenewSessions = Extract<Command, { kind: 'renewSessions' }>;

export class SessionModel {
  sessions = new Map<string, Session>();

  /** What the entry at `revision` and cluster time `nowMs` should answer. */
  apply(
    command: SessionCommand | ExpireSessions | RenewSessions,
    revision: number,
    nowMs: number,
  ): unknown {
    if (command.kind === 'expireSessions') return this.#expire(command.sessions, nowMs);
    if (command.kind === 'renewSessions') {
      const deadlinesMs = command.ids.map((id) => {
        const session = this.sessions.get(id);
        if (session === undefined) return null;
        this.sessions.set(id, { ...session, deadlineMs: nowMs + session.ttlMs });
        return nowMs + session.ttlMs;
      });
      return { type: 'renewed', deadlinesMs };
    }
    const session = this.sessions.get(command.id);
    if (command.kind === 'touchSession') {
      if (session === undefined) return refused({ reason: 'sessionNotFound', id: command.id });
      return this.#keep({ ...session, deadlineMs: nowMs + session.ttlMs });
    }
    const expected = command.ifRevision;
    const actual = session?.revision ?? 0;
    if (expected !== null && expected !== actual) {
      return refused({ reason: 'revisionMismatch', expected, actual });
    }
    if (command.kind === 'deleteSession') {
      return { type: 'deleted', existed: this.sessions.delete(command.id) };
    }
    const ttlMs = command.ttlMs ?? session?.ttlMs ?? SESSION_LIMITS.ttlDefaultMs;
    if (ttlMs < SESSION_LIMITS.ttlMinMs) return { type: 'refused' };
    const attributes = new Map(session?.attributes);
    for (const name of command.removed) attributes.delete(name);
    for (const [name, value] of command.attributes) attributes.set(name, value);
    return this.#keep({
      id: command.id,
      owner: command.owner ?? session?.owner ?? '',
      nodeId: command.nodeId,
      attributes,
      ttlMs,
      deadlineMs: nowMs + ttlMs,
      createdRevision: session?.createdRevision ?? index(revision),
      revision: index(revision),
    });
  }

  /** All sessions in the order of their ids' bytes. */
  list(): Session[] {
    return [...this.sessions.values()].sort((a, b) =>
      Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)),
    );
  }

  /** Ids of those that are over at `nowMs`. */
  over(nowMs: number): string[] {
    return this.list().flatMap(({ id, deadlineMs }) => (deadlineMs <= nowMs ? [id] : []));
  }

  #keep(session: Session): unknown {
    this.sessions.set(session.id, session);
    return { type: 'session', session };
  }

  #expire(ends: readonly { id: string; revision: number }[], nowMs: number): unknown {
    let count = 0;
    for (const { id, revision } of ends) {
      const session = this.sessions.get(id);
      if (session?.revision !== revision || session.deadlineMs > nowMs) continue;
      this.sessions.delete(id);
      count += 1;
    }
    return { type: 'expired', count };
  }
}

function refused(refusal: object): object {
  return { type: 'refused', refusal };
}
