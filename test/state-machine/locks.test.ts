// Locks: what a single request does, the bounds one by one, and any run of requests, ends of sessions and delays against the naive
// model, with snapshots frozen and restored in the middle. QUORATE_TEST_LONG=1 runs many more.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePart } from '../../src/codec/command-codec.js';
import type { FrozenState } from '../../src/state-machine/frozen-state.js';
import { LOCK_LIMITS } from '../../src/state-machine/lock-types.js';
import { Locks } from '../../src/state-machine/locks.js';
import { acquire, anyLockCommand, HOLDERS, LockModel, release } from '../support/lock-words.js';
import { AppliedLog, index, restored, snapshotOf } from '../support/log-words.js';
import { bytes, covered, expire, open, put, remove } from '../support/session-words.js';

const EVERYTHING = { prefix: '', after: '', countMax: 1000 };

/** A log with the sessions a, b and c, of 2 s each; the first command is entry 6. */
function logOfThree(): AppliedLog {
  const log = AppliedLog.started();
  for (const id of ['a', 'b', 'c']) log.command(put(id, { ttlMs: 2000 }));
  return log;
}

const place = (token: number | null, ahead: number, holder: string | null): object => ({
  type: 'lock',
  token,
  ahead,
  holder,
});

describe('a lock', () => {
  it('is granted in the order of asking, each time with a higher token', () => {
    const log = logOfThree();
    expect(log.command(acquire('x', 'a'))).toMatchObject(place(6, 0, 'a'));
    expect(log.command(acquire('x', 'b'))).toMatchObject(place(null, 1, 'a'));
    expect(log.command(acquire('x', 'c'))).toMatchObject(place(null, 2, 'a'));
    expect(log.command(release('x', 'a'))).toEqual({ type: 'lockReleased', had: 'lock' });
    expect(log.state.lock('x')?.holder).toMatchObject({ session: 'b', token: 9 });
    expect(log.command(acquire('x', 'b'))).toMatchObject(place(9, 0, 'b'));
    expect(log.command(release('x', 'b'))).toMatchObject({ had: 'lock' });
    expect(log.command(release('x', 'c'))).toMatchObject({ had: 'lock' });
    expect(log.state.lock('x')).toBeNull();
  });

  it('is refused at once to whoever does not want to wait', () => {
    const log = logOfThree();
    log.command(acquire('x', 'a'));
    const refusal = { reason: 'lockHeld', holder: 'a' };
    const answer = log.command(acquire('x', 'b', { isWaiting: false }));
    expect(answer).toEqual({ type: 'refused', refusal });
    expect(log.state.lock('x')?.waiters).toEqual([]);
  });

  it('belongs to sessions that live', () => {
    const log = logOfThree();
    const refusal = { reason: 'sessionNotFound', id: 'nobody' };
    expect(log.command(acquire('x', 'nobody'))).toEqual({ type: 'refused', refusal });
  });

  it('keeps place and token of whoever asks again, and takes what is new', () => {
    const log = logOfThree();
    log.command(acquire('x', 'a', { value: bytes('one') }));
    const before = log.state.lock('x');
    expect(log.command(acquire('x', 'a', { value: bytes('one') }))).toMatchObject({ token: 6 });
    expect(log.state.lock('x')).toEqual(before);
    expect(log.command(acquire('x', 'a', { value: bytes('two') }))).toMatchObject({ token: 6 });
    expect(log.state.lock('x')).toMatchObject({ holder: { value: bytes('two') }, revision: 8 });
  });

  it('is kept free for its delay after its holder is gone, and not after a release', () => {
    const log = logOfThree();
    log.command(acquire('x', 'a', { delayMs: 3000 }));
    log.command(acquire('x', 'b'));
    log.command(remove('a'));
    const { freeAtMs } = log.state.lock('x') ?? { freeAtMs: 0 };
    expect(freeAtMs).toBe(log.state.clusterTimeMs + 3000);
    expect(log.state.lock('x')).toMatchObject({ holder: null, waiters: [{ session: 'b' }] });
    // Proposed too early, it changes nothing.
    expect(log.command({ kind: 'grantLocks', names: ['x'] })).toMatchObject({ count: 0 });
    expect(log.state.dueLocks(freeAtMs - 1, 10)).toEqual([]);
    log.wait(3000);
    expect(log.state.dueLocks(freeAtMs, 10)).toEqual(['x']);
    expect(log.command({ kind: 'grantLocks', names: ['x', 'y'] })).toMatchObject({ count: 1 });
    expect(log.state.lock('x')?.holder).toMatchObject({ session: 'b' });
  });

  it('passes on at once without a delay when its session expires, and waiters leave with theirs', () => {
    const log = logOfThree();
    log.command(acquire('x', 'a', { delayMs: 0 }));
    log.command(acquire('x', 'b'));
    log.command(acquire('x', 'c'));
    log.command(remove('b'));
    log.wait(2000);
    log.command(expire(['a', 3]));
    expect(log.state.lock('x')).toMatchObject({ holder: { session: 'c' }, waiters: [] });
  });

  it('is not kept free for a waiter whose session ends in the same entry', () => {
    const log = logOfThree();
    log.command(acquire('x', 'a', { delayMs: 0 }));
    log.command(acquire('x', 'b', { delayMs: 3000 }));
    log.command(acquire('x', 'c'));
    log.wait(2000);
    log.command(expire(['a', 3], ['b', 4]));
    expect(log.state.lock('x')).toMatchObject({ holder: { session: 'c' }, waiters: [] });
  });

  it('is granted once by a request that a client session repeats', () => {
    const log = logOfThree();
    const id = '0'.repeat(32);
    log.command(open(id));
    const request = covered(acquire('x', 'a'), id, 1);
    const first = log.command(request);
    log.command(release('x', 'a'));
    log.state = restored(log.meta, snapshotOf(log.state));
    expect(log.command(request)).toMatchObject({ type: 'repeated', first });
    expect(log.state.lock('x')).toBeNull();
  });

  it('is told to those who watch, whoever changed it', () => {
    const log = logOfThree();
    log.command(acquire('x', 'a', { delayMs: 0 }));
    log.command(acquire('x', 'b'));
    const { index: before } = log.state.lastApplied;
    log.command(remove('a'));
    const [revision] = log.state.changes.after(before, 10) ?? [];
    expect(revision?.changes).toMatchObject([
      { fact: 'session', key: 'a', value: null },
      { fact: 'lock', key: 'x', value: { holder: { session: 'b' } } },
    ]);
    log.command(release('x', 'b'));
    const [, last] = log.state.changes.after(before, 10) ?? [];
    expect(last?.changes).toEqual([{ fact: 'lock', key: 'x', value: null }]);
  });
});

describe('bounds', () => {
  const always = (): boolean => true;
  const full = (detail: string): object => ({
    type: 'refused',
    refusal: { reason: 'lockLimit', detail },
  });

  it('hold for those who wait, for the claims of a session and for all locks', () => {
    const locks = new Locks();
    const ask = (name: string, session: string): object =>
      locks.apply(acquire(name, session), index(7), always);
    for (let at = 0; at <= LOCK_LIMITS.waitersMax; at += 1) ask('x', String(at));
    expect(ask('x', 'late')).toEqual(
      full(`${LOCK_LIMITS.waitersMax} sessions wait for the lock already`),
    );
    for (let at = 0; at < LOCK_LIMITS.claimsOfSessionMax; at += 1) ask(`own/${at}`, 'greedy');
    expect(ask('one more', 'greedy')).toEqual(
      full(`the session holds or waits for ${LOCK_LIMITS.claimsOfSessionMax} locks already`),
    );
    for (let at = locks.size; at < LOCK_LIMITS.locksMax; at += 1) ask(`many/${at}`, `s${at}`);
    expect(ask('last', 'z')).toEqual(full(`there are ${LOCK_LIMITS.locksMax} locks already`));
  });
});

const anyStep = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('apply' as const), command: anyLockCommand }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('end' as const), id: fc.constantFrom(...HOLDERS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('begin' as const), id: fc.constantFrom(...HOLDERS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 2000 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'grant' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'freeze' as const }) },
);
const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 150;

describe('any run', () => {
  it('does what the model does, across snapshots; tokens only grow; a frozen state stays as it was', () => {
    let granted = 0;
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        const log = AppliedLog.started();
        const model = new LockModel();
        const frozen: { state: FrozenState; expected: Uint8Array[] }[] = [];
        const tokens = new Map<string, number>();
        for (const id of HOLDERS) log.command(put(id));
        for (const step of steps) {
          const revision = log.entries.length + 1;
          if (step.do === 'wait') log.wait(step.ms);
          if (step.do === 'begin') log.command(put(step.id));
          if (step.do === 'restore') log.state = restored(log.meta, snapshotOf(log.state));
          if (step.do === 'freeze') {
            frozen.push({ state: log.state.freeze(), expected: snapshotOf(log.state) });
          }
          if (step.do === 'end') {
            log.command(remove(step.id));
            model.end(step.id, revision, log.state.clusterTimeMs);
          }
          if (step.do === 'grant') {
            // Whoever leads sees a time that is not behind; what is due is due at the entry as well.
            const names = log.state.dueLocks(log.state.clusterTimeMs, 100);
            log.command({ kind: 'grantLocks', names });
            model.grant(names, revision, log.state.clusterTimeMs);
          }
          const answers: { expected?: object; actual?: object } = {};
          if (step.do === 'apply') {
            const isAlive = log.state.session(step.command.session) !== null;
            answers.expected = model.apply(step.command, revision, isAlive);
            answers.actual = log.command(step.command);
          }
          expect(answers.actual).toEqual(answers.expected);
          const { locks } = log.state.listLocks(EVERYTHING);
          expect(locks).toEqual(model.list());
          for (const { name, holder } of locks) {
            if (holder === null) continue;
            expect(holder.token).toBeGreaterThanOrEqual(tokens.get(name) ?? 0);
            if (holder.token !== tokens.get(name)) granted += 1;
            tokens.set(name, holder.token);
          }
        }
        for (const { state, expected } of frozen) {
          expect([...state.parts(3)].map(encodePart)).toEqual(expected);
        }
      }),
      { numRuns: RUNS },
    );
    expect(granted).toBeGreaterThan(RUNS);
  });

  it('gives the same page by page as at once', () => {
    const log = logOfThree();
    for (const name of ['p/1', 'p/2', 'p/3', 'q']) log.command(acquire(name, 'a'));
    const names: string[] = [];
    for (let after = ''; ;) {
      const { locks, isMore } = log.state.listLocks({ prefix: 'p/', after, countMax: 2 });
      names.push(...locks.map(({ name }) => name));
      after = names.at(-1) ?? '';
      if (!isMore) break;
    }
    expect(names).toEqual(['p/1', 'p/2', 'p/3']);
  });
});
