// Short ways to say commands on locks, how fast-check draws them, and the naive model: one list of claims a lock, the first of which
// holds it. There are few locks and sessions, so that they meet; bounds are left to tables.

import fc from 'fast-check';
import type { Command } from '../../src/state-machine/command.js';
import type { Lock, LockClaim } from '../../src/state-machine/lock-types.js';
import { index } from './log-words.js';
import { bytes } from './session-words.js';

export type AcquireLock = Extract<Command, { kind: 'acquireLock' }>;
type ReleaseLock = Extract<Command, { kind: 'releaseLock' }>;

export function acquire(
  name: string,
  session: string,
  wish: Partial<Omit<AcquireLock, 'kind' | 'name' | 'session'>> = {},
): AcquireLock {
  return {
    kind: 'acquireLock',
    requestId: 'r',
    client: null,
    name,
    session,
    value: bytes(''),
    delayMs: 1000,
    isWaiting: true,
    ...wish,
  };
}

export function release(name: string, session: string): ReleaseLock {
  return { kind: 'releaseLock', requestId: 'r', client: null, name, session };
}

const LOCK_NAMES = ['x', 'xy', 'é'] as const;
export const HOLDERS = ['a', 'b', 'c', 'd'] as const;
const name = fc.constantFrom(...LOCK_NAMES);
const session = fc.constantFrom(...HOLDERS);

export const anyLockCommand: fc.Arbitrary<AcquireLock | ReleaseLock> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        name,
        session,
        value: fc.uint8Array({ maxLength: 1 }),
        delayMs: fc.constantFrom(0, 700, 2500),
        isWaiting: fc.boolean(),
      })
      .map(({ name: of, session: by, ...wish }) => acquire(of, by, wish)),
  },
  { weight: 2, arbitrary: fc.tuple(name, session).map(([of, by]) => release(of, by)) },
);

interface ModelLock {
  /** The first holds it, if `token` is not null. */
  claims: LockClaim[];
  token: number | null;
  freeAtMs: number;
  revision: number;
}

export class LockModel {
  readonly #locks = new Map<string, ModelLock>();

  /** What the entry at `revision` should answer to a client. `isAlive`: there is such a session. */
  apply(command: AcquireLock | ReleaseLock, revision: number, isAlive: boolean): object {
    const { name: of, session: by } = command;
    const lock = this.#locks.get(of);
    const at = lock?.claims.findIndex((claim) => claim.session === by) ?? -1;
    if (command.kind === 'releaseLock') {
      if (lock === undefined || at === -1) return { type: 'lockReleased', had: 'nothing' };
      const had = at === 0 && lock.token !== null ? 'lock' : 'place';
      lock.claims.splice(at, 1);
      lock.revision = revision;
      if (had === 'lock') this.#pass(of, lock, revision);
      return { type: 'lockReleased', had };
    }
    if (!isAlive) return { type: 'refused', refusal: { reason: 'sessionNotFound', id: by } };
    const { value, delayMs } = command;
    const claim = { session: by, value, delayMs };
    if (lock === undefined) {
      this.#locks.set(of, { claims: [claim], token: revision, freeAtMs: 0, revision });
    } else if (at !== -1) {
      const known = lock.claims[at];
      const isNew = known?.delayMs !== delayMs || Buffer.compare(known.value, value) !== 0;
      lock.claims[at] = claim;
      if (isNew) lock.revision = revision;
    } else if (command.isWaiting) {
      lock.claims.push(claim);
      lock.revision = revision;
    } else {
      const holder = lock.token === null ? null : (lock.claims[0]?.session ?? null);
      return { type: 'refused', refusal: { reason: 'lockHeld', holder } };
    }
    const now = this.#locks.get(of);
    const ahead = now?.claims.findIndex((known) => known.session === by) ?? -1;
    const isHeld = ahead === 0 && now?.token !== null;
    return {
      type: 'lock',
      token: isHeld ? now?.token : null,
      ahead,
      holder: now?.token === null ? null : now?.claims[0]?.session,
      revision: now?.revision,
    };
  }

  /** The session is over. */
  end(by: string, revision: number, nowMs: number): void {
    for (const [of, lock] of this.#locks) {
      const at = lock.claims.findIndex((claim) => claim.session === by);
      const claim = lock.claims[at];
      if (claim === undefined) continue;
      lock.claims.splice(at, 1);
      lock.revision = revision;
      if (at !== 0 || lock.token === null) continue;
      if (claim.delayMs === 0) this.#pass(of, lock, revision);
      else Object.assign(lock, { token: null, freeAtMs: nowMs + claim.delayMs });
    }
  }

  /** The leader ends the delays that are over, as it named them. */
  grant(names: readonly string[], revision: number, nowMs: number): void {
    for (const [of, lock] of this.#locks) {
      if (!names.includes(of)) continue;
      if (lock.token === null && lock.freeAtMs <= nowMs) {
        lock.revision = revision;
        this.#pass(of, lock, revision);
      }
    }
  }

  list(): Lock[] {
    return [...this.#locks]
      .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([of, { claims, token, freeAtMs, revision }]) => {
        const [first, ...others] = claims;
        const isHeld = token !== null && first !== undefined;
        return {
          name: of,
          holder: isHeld ? { ...first, token: index(token) } : null,
          waiters: isHeld ? others : claims,
          freeAtMs,
          revision: index(revision),
        };
      });
  }

  #pass(of: string, lock: ModelLock, revision: number): void {
    if (lock.claims.length === 0) this.#locks.delete(of);
    else Object.assign(lock, { token: revision, freeAtMs: 0 });
  }
}
