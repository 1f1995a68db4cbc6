// Locks as the log leaves them (design section 5): at most one session holds one, under a token that is the index of the entry that granted it
// and above all before; those who wait are granted it in the order in which they asked; a session that ended holds nothing and waits
// for nothing; and what a holder leaves that is gone stays free for the delay it asked for. Found from the state before and after each entry.

import type { Command } from '../../src/state-machine/command.js';
import type { Lock } from '../../src/state-machine/lock-types.js';
import { digestOf } from '../digest.js';
import type { History } from '../history.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import { firstApplied } from './first-applied.js';
import type { Applied, Invariant } from './invariant.js';

/** How a lock was given the last time, and how it was lost. */
interface Past {
  /** Null: it is held, or its last holder released it. */
  readonly expired: { readonly grantTerm: number } | null;
  readonly token: number;
  readonly grantTerm: number;
}

const NO_PAST: Past = { expired: null, token: 0, grantTerm: 0 };

export function locks(world: World, history: History): Invariant {
  const known = new Map<string, Lock>();
  const pasts = new Map<string, Past>();

  const judgeToken = ({ entry }: Applied, name: string, before: Lock | null, after: Lock): void => {
    const { holder } = after;
    if (holder === null) return;
    const isSame = before?.holder?.session === holder.session;
    const due = isSame ? before?.holder?.token : entry.index;
    hold(holder.token === due, 'locks', () => {
      return `after entry ${entry.index} ${holder.session} holds lock ${name} under ${holder.token}, not ${due}`;
    });
    if (isSame) return;
    const past = pasts.get(name) ?? NO_PAST;
    hold(holder.token > past.token, 'locks', () => {
      return `lock ${name} is given under ${holder.token}, after ${past.token}`;
    });
    world.count('locksGranted');
    if (before !== null) world.count('locksPassed');
    if (past.expired !== null) world.count('locksPassedByExpiry');
    if (past.expired !== null && past.expired.grantTerm < entry.term) {
      world.count('locksPassedOverTerms');
    }
    pasts.set(name, { expired: null, token: holder.token, grantTerm: entry.term });
  };

  const judge = (applied: Applied, name: string, before: Lock | null, after: Lock | null): void => {
    const { entry, command } = applied;
    const due = dueAfter(applied, before);
    const order = after === null ? [] : sessionsOf(after);
    const freeAtMs = after?.holder === null ? after.freeAtMs : null;
    hold(order.join() === due.order.join() && freeAtMs === due.freeAtMs, 'locks', () => {
      const free = (ms: number | null): string => (ms === null ? '' : `, kept free until ${ms}`);
      return `after entry ${entry.index} lock ${name} has [${order.join()}]${free(freeAtMs)}, not [${due.order.join()}]${free(due.freeAtMs)}`;
    });
    if (before?.holder && command?.kind === 'expireSessions' && !isAlive(applied, before.holder)) {
      const past = pasts.get(name) ?? NO_PAST;
      pasts.set(name, { ...past, expired: { grantTerm: past.grantTerm } });
    }
    if (after !== null) judgeToken(applied, name, before, after);
  };

  return {
    applied: firstApplied((applied) => {
      const { entry, command, process } = applied;
      if (command === null) return;
      for (const name of namesIn(command, known)) {
        const after = process.node.state.lock(name);
        judge(applied, name, known.get(name) ?? null, after);
        if (after === null) known.delete(name);
        else known.set(name, after);
        const digest = after === null ? null : digestOf(after);
        history.noteFact('lock', name, { index: entry.index, digest });
      }
      judgeAnswer(applied);
    }),
  };
}

/** Who has a claim after the entry, in the order in which they are granted it, and until when nobody is; null: somebody may. */
function dueAfter(
  applied: Applied,
  before: Lock | null,
): { readonly order: readonly string[]; readonly freeAtMs: number | null } {
  const { command, result, entry } = applied;
  const claims =
    before === null ? [] : [...(before.holder ? [before.holder] : []), ...before.waiters];
  const left = command?.kind === 'releaseLock' && result.type === 'lockReleased';
  const isReleased = (session: string): boolean => left && command.session === session;
  const order = claims
    .filter((claim) => isAlive(applied, claim) && !isReleased(claim.session))
    .map(({ session }) => session);
  if (command?.kind === 'acquireLock' && result.type === 'lock') {
    if (!order.includes(command.session)) order.push(command.session);
  }
  if (before === null) return { order, freeAtMs: null };
  const { holder } = before;
  if (holder === null) {
    const isDue = command?.kind === 'grantLocks' && entry.stampMs >= before.freeAtMs;
    return { order, freeAtMs: isDue ? null : before.freeAtMs };
  }
  const isGone = !isAlive(applied, holder) && holder.delayMs > 0;
  return { order, freeAtMs: isGone ? entry.stampMs + holder.delayMs : null };
}

/** Who was told a token holds the lock under it, and who was told to wait does not hold it. */
function judgeAnswer({ command, result, process, entry }: Applied): void {
  if (command?.kind !== 'acquireLock' || result.type !== 'lock') return;
  const holder = process.node.state.lock(command.name)?.holder ?? null;
  const token = holder?.session === command.session ? holder.token : null;
  hold(result.token === token, 'locks', () => {
    return `entry ${entry.index} answered ${command.session} token ${result.token} of lock ${command.name}, but it has ${token}`;
  });
}

/** Locks that the command may change. */
function namesIn(command: Command, known: ReadonlyMap<string, Lock>): readonly string[] {
  switch (command.kind) {
    case 'acquireLock':
    case 'releaseLock':
      return [command.name];
    case 'grantLocks':
      return command.names;
    case 'expireSessions':
    case 'deleteSession':
      return [...known.keys()];
    default:
      return [];
  }
}

function sessionsOf({ holder, waiters }: Lock): string[] {
  return [...(holder === null ? [] : [holder]), ...waiters].map(({ session }) => session);
}

function isAlive({ process }: Applied, { session }: { readonly session: string }): boolean {
  return process.node.state.session(session) !== null;
}
