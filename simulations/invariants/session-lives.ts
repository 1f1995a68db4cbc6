// A session never expires before the deadline that was answered last: not in cluster time, and not in true time either,
// allowing for the fastest clock that the rules permit (design section 5). This property writes the history of sessions.

import type { Command, Session } from '../../src/state-machine/command.js';
import { CLOCK_RATE_PPM_MAX } from '../clock.js';
import { digestOf } from '../digest.js';
import type { History } from '../history.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Applied, Invariant } from './invariant.js';

/** Clocks show whole milliseconds; a stamp may be early by one of them at either end. */
const CLOCK_STEP_MS = 2;

export function sessionLives(world: World, history: History): Invariant {
  let applied = 0;

  const checkExpiry = (id: string, { entry, machine }: Applied): void => {
    const fact = history.sessionAt(id, entry.index - 1);
    if (fact === null || fact.digest === null) return;
    hold(entry.stampMs >= fact.deadlineMs, 'session-lives', () => {
      return `node ${machine.id} expired session ${id} at cluster time ${entry.stampMs}, before its deadline ${fact.deadlineMs}`;
    });
    const bornUs = history.entry(entry)?.bornUs ?? world.nowUs;
    const livedMs = (bornUs - fact.bornUs) / 1000;
    const shortestMs = (fact.ttlMs * 1e6) / (1e6 + CLOCK_RATE_PPM_MAX) - CLOCK_STEP_MS;
    hold(livedMs >= shortestMs, 'session-lives', () => {
      return `session ${id} lived ${livedMs} ms, but was promised ${fact.ttlMs} ms`;
    });
  };

  return {
    applied(event) {
      const { entry, process, command } = event;
      if (entry.index !== applied + 1 || command === null) {
        applied = Math.max(applied, entry.index);
        return;
      }
      applied = entry.index;
      for (const id of idsOf(command)) {
        const session = process.node.state.session(id);
        if (command.kind === 'expireSessions' && session === null) checkExpiry(id, event);
        const earlier = history.sessionAt(id, entry.index);
        const digest = digestOfSession(session);
        if (digest === (earlier?.digest ?? null)) continue;
        const bornUs = history.entry(entry)?.bornUs ?? world.nowUs;
        history.noteSession(id, {
          index: entry.index,
          digest,
          deadlineMs: session?.deadlineMs ?? 0,
          ttlMs: session?.ttlMs ?? 0,
          bornUs,
        });
      }
    },
  };
}

/** Digest of a session as read; null: there is none. */
export function digestOfSession(session: Session | null): number | null {
  return session === null ? null : digestOf(session);
}

/** Sessions that the command may change. */
export function idsOf(command: Command): string[] {
  switch (command.kind) {
    case 'renewSessions':
      return [...command.ids];
    case 'expireSessions':
      return command.sessions.map(({ id }) => id);
    case 'putSession':
    case 'touchSession':
    case 'deleteSession':
      return [command.id];
    default:
      return [];
  }
}
