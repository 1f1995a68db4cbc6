// The properties of locks, jobs, services and policies can fail: each is told of a state that must never be behind an entry, and must
// name itself; told of the same without the fault it must not. So is what clients trust that they hold.

import { describe, expect, test } from 'vitest';

import { Beliefs } from '../../simulations/facts/beliefs.js';
import { claimsIn } from '../../simulations/facts/job-clients.js';
import { LockHistory } from '../../simulations/facts/lock-history.js';
import { History } from '../../simulations/history.js';
import type { Applied, Invariant } from '../../simulations/invariants/invariant.js';
import { jobs } from '../../simulations/invariants/jobs.js';
import { locks } from '../../simulations/invariants/locks.js';
import { policies } from '../../simulations/invariants/policies.js';
import { services } from '../../simulations/invariants/services.js';
import type { Operation } from '../../simulations/operation.js';
import { Violation } from '../../simulations/violation.js';
import type { World } from '../../simulations/world.js';
import { madeUp, worldOf } from './made-up.js';

/** What the state tells after an entry. */
interface Told {
  readonly sessions?: readonly string[];
  readonly members?: readonly number[];
  readonly epoch?: number;
  readonly lock?: object | null;
  readonly job?: object | null;
  readonly providers?: readonly object[];
  readonly policy?: object | null;
}

/** Gives a job at an entry to a worker under an epoch, as the log tells it. */
function give(claims: Invariant, index: number, worker: string, epoch: number): void {
  const result = { type: 'jobClaim', id: 'j', token: index };
  claims.applied?.(entry(index, { kind: 'claimJob', worker, epoch }, result, {}));
}

/** A job is given to one worker, then to another, under these epochs; the first is told of its own before the second, or late. */
function giveTwice(epochs: readonly [number, number], isToldLate: boolean): void {
  const beliefs = new Beliefs(madeUp<World>({ nowUs: 10 }), 'jobs');
  const claims = claimsIn(beliefs);
  const tell = (): void => beliefs.trust('j', { who: 'a', token: 1 }, 20);
  give(claims, 1, 'a', epochs[0]);
  if (!isToldLate) tell();
  give(claims, 2, 'b', epochs[1]);
  if (isToldLate) tell();
}

/** An entry at `index` with cluster time 1000 · index, and the state behind it. */
function entry(index: number, command: object, result: object, told: Told): Applied {
  const { sessions = ['a', 'b'], members = [1, 2, 3], epoch = 1, providers = [] } = told;
  const state = {
    session: (id: string) => (sessions.includes(id) ? { id } : null),
    members: members.map((id) => ({ id })),
    primary: epoch === 0 ? null : { epoch },
    lock: () => told.lock ?? null,
    jobs: { get: () => told.job ?? null },
    services: { of: (name: string) => (name === 'web' ? providers : []) },
    policies: { get: () => told.policy ?? null },
  };
  const at = { index, term: 1, stampMs: 1000 * index };
  return madeUp({ entry: at, command, result, process: { node: { state } } });
}

const acquire = (session: string): object => ({ kind: 'acquireLock', name: 'mutex', session });
const claimOf = (session: string, delayMs = 0): object => ({ session, delayMs, value: '' });
const heldBy = (session: string, token: number, waiters: readonly string[] = []): object => {
  const holder = { ...claimOf(session), token };
  return { name: 'mutex', holder, waiters: waiters.map((each) => claimOf(each)), freeAtMs: 0 };
};
const placed = (token: number | null): object => ({ type: 'lock', token });

function lockTaken(): Invariant {
  const property = locks(worldOf(), new History());
  property.applied?.(entry(1, acquire('a'), placed(1), { lock: heldBy('a', 1) }));
  return property;
}

const JOB = { id: 'j', status: 'waiting', readyAtMs: 0, isResumable: true, claim: null, steps: [] };
const CLAIM = { epoch: 1, token: 2, deadlineMs: 5000 };
const CLAIMED = { ...JOB, status: 'claimed', claim: CLAIM };
const STEP = { name: 'one', epoch: 1, revision: 3, result: 'x' };
const reportOf = (claim: object, report: object): object => {
  return { kind: 'reportJob', id: 'j', claim, report };
};
const IS_JOB = { type: 'job', id: 'j' };

function jobClaimed(job: object = CLAIMED): Invariant {
  const property = jobs(worldOf(), new History());
  property.applied?.(entry(1, { kind: 'submitJob', id: 'j' }, IS_JOB, { job: JOB }));
  const claimed = { type: 'jobClaim', id: 'j', token: 2 };
  property.applied?.(entry(2, { kind: 'claimJob' }, claimed, { job }));
  return property;
}

const PROVIDER = { service: 'web', id: 'p', session: 'a', nodeId: 1, registration: 1, load: 1 };

function registered(provider: object = PROVIDER): Invariant {
  const property = services(worldOf(), new History());
  const told = { providers: [{ ...provider, health: 'healthy' }] };
  property.applied?.(entry(1, { kind: 'registerProvider', ...provider }, {}, told));
  return property;
}

const version = (number: number, byte: number): object => {
  const document = new Uint8Array([byte]);
  return { version: number, revision: number, document, restoredFrom: null };
};
const put = (byte: number): object => {
  return { kind: 'putPolicy', name: 'quota', document: new Uint8Array([byte]) };
};
const made = (number: number): object => ({ type: 'policy', version: number, isNew: true });

function policyPut(): Invariant {
  const property = policies(worldOf(), new History());
  const policy = { name: 'quota', versions: [version(1, 7)] };
  property.applied?.(entry(1, put(7), made(1), { policy }));
  return property;
}

/** Name, what must never be, and the same without the fault. */
const TABLE: readonly (readonly [string, string, (isWrong: boolean) => void])[] = [
  [
    'locks',
    'a lock that is given to a second one',
    (isWrong) => {
      const lock = isWrong ? heldBy('b', 2, ['a']) : heldBy('a', 1, ['b']);
      const result = placed(isWrong ? 2 : null);
      lockTaken().applied?.(entry(2, acquire('b'), result, { lock }));
    },
  ],
  [
    'locks',
    'a token that does not grow',
    (isWrong) => {
      const property = lockTaken();
      property.applied?.(entry(2, acquire('b'), placed(null), { lock: heldBy('a', 1, ['b']) }));
      const release = { kind: 'releaseLock', name: 'mutex', session: 'a' };
      const lock = heldBy('b', isWrong ? 1 : 3);
      property.applied?.(entry(3, release, { type: 'lockReleased', had: 'lock' }, { lock }));
    },
  ],
  [
    'locks',
    'a holder whose session is over',
    (isWrong) => {
      const told = { sessions: ['b'], lock: isWrong ? heldBy('a', 1) : null };
      lockTaken().applied?.(entry(2, { kind: 'expireSessions' }, {}, told));
    },
  ],
  [
    'locks',
    'a delay that is not kept',
    (isWrong) => {
      const property = locks(worldOf(), new History());
      const lock = { name: 'mutex', holder: { ...claimOf('a', 500), token: 1 }, waiters: [] };
      property.applied?.(entry(1, acquire('a'), placed(1), { lock }));
      const free = { name: 'mutex', holder: null, waiters: [], freeAtMs: isWrong ? 2000 : 2500 };
      const told = { sessions: ['b'], lock: free };
      property.applied?.(entry(2, { kind: 'expireSessions' }, {}, told));
    },
  ],
  [
    'locks',
    'a client that trusts what another is given',
    (isWrong) => {
      const world = madeUp<World>({ nowUs: 10 });
      const beliefs = new Beliefs(world, 'locks');
      beliefs.grant('mutex', { who: 'a', token: 1 });
      beliefs.trust('mutex', { who: 'a', token: 1 }, 20);
      if (!isWrong) beliefs.giveUp('mutex', 'a');
      beliefs.grant('mutex', { who: 'b', token: 2 });
    },
  ],
  [
    'locks',
    'a client that is told an old grant, and trusts it',
    (isWrong) => {
      const beliefs = new Beliefs(madeUp<World>({ nowUs: 10 }), 'locks');
      beliefs.grant('mutex', { who: 'b', token: 2 });
      beliefs.trust('mutex', { who: 'a', token: 1 }, isWrong ? 20 : 10);
    },
  ],
  [
    'jobs',
    'a worker that is told late of a claim that another has, though its reign runs on',
    (isWrong) => giveTwice([1, isWrong ? 1 : 2], true),
  ],
  [
    'jobs',
    'a worker that is given a job which another trusts that it has, though its reign runs on',
    (isWrong) => giveTwice([1, isWrong ? 1 : 2], false),
  ],
  [
    'jobs',
    'a claim that is taken away though its worker trusts it; not one that a late lapse leaves alone',
    (isWrong) => {
      const beliefs = new Beliefs(madeUp<World>({ nowUs: 10 }), 'jobs');
      const claims = claimsIn(beliefs);
      give(claims, 2, 'a', 1);
      beliefs.trust('j', { who: 'a', token: 2 }, 20);
      const lapse = { kind: 'lapseJobs', claims: [{ id: 'j', token: isWrong ? 2 : 1 }] };
      const job = { claim: isWrong ? null : { token: 2 } };
      claims.applied?.(entry(3, lapse, {}, { job }));
    },
  ],
  [
    'linearizable',
    'two clients that hold a lock at once, by what they were told',
    (isWrong) => {
      const world = { nowUs: 1, oracle: { undecided: 0 } };
      const history = new LockHistory(madeUp(world));
      history.asks('mutex', 'a');
      history.learns('a', 1);
      if (!isWrong) history.ends('a', 2);
      world.nowUs = 3;
      history.asks('mutex', 'b');
      world.nowUs = 4;
      history.learns('b', 3);
      history.over();
    },
  ],
  [
    'jobs',
    'a claim of another reign than the one that runs',
    (isWrong) =>
      void jobClaimed({ ...JOB, status: 'claimed', claim: { ...CLAIM, epoch: isWrong ? 9 : 1 } }),
  ],
  [
    'jobs',
    'a job that is gone',
    (isWrong) => {
      const command = { kind: 'cancelJob', id: 'j' };
      const job = isWrong ? null : { ...CLAIMED, cancelReason: 'because' };
      jobClaimed().applied?.(entry(3, command, IS_JOB, { job }));
    },
  ],
  [
    'jobs',
    'a step recorded under an old claim',
    (isWrong) => {
      const claim = { epoch: 1, token: isWrong ? 1 : 2 };
      const command = reportOf(claim, { type: 'step', name: 'one' });
      jobClaimed().applied?.(entry(3, command, IS_JOB, { job: { ...CLAIMED, steps: [STEP] } }));
    },
  ],
  [
    'jobs',
    'a recorded step that changes',
    (isWrong) => {
      const property = jobClaimed();
      const first = reportOf(CLAIM, { type: 'step', name: 'one' });
      property.applied?.(entry(3, first, IS_JOB, { job: { ...CLAIMED, steps: [STEP] } }));
      const steps = [{ ...STEP, result: isWrong ? 'y' : 'x' }];
      const beat = reportOf(CLAIM, { type: 'heartbeat' });
      property.applied?.(entry(4, beat, IS_JOB, { job: { ...CLAIMED, steps } }));
    },
  ],
  [
    'jobs',
    'a claim that lapses early',
    (isWrong) => {
      const lapse = { kind: 'lapseJobs', claims: [{ id: 'j', token: 2 }] };
      jobClaimed().applied?.(entry(isWrong ? 4 : 5, lapse, {}, { job: JOB }));
    },
  ],
  [
    'jobs',
    'a job that was done and waits again',
    (isWrong) => {
      const property = jobClaimed();
      const job = { ...JOB, status: isWrong ? 'done' : 'failed' };
      property.applied?.(entry(3, reportOf(CLAIM, { type: 'done' }), IS_JOB, { job }));
      property.applied?.(entry(4, { kind: 'retryJob', id: 'j' }, IS_JOB, { job: JOB }));
    },
  ],
  [
    'services',
    'a provider that outlives its session',
    (isWrong) => {
      const providers = isWrong ? [{ ...PROVIDER, health: 'healthy' }] : [];
      const told = { sessions: ['b'], providers };
      registered().applied?.(entry(2, { kind: 'expireSessions' }, {}, told));
    },
  ],
  [
    'services',
    'a provider that outlives its member',
    (isWrong) => {
      const own = { ...PROVIDER, session: null };
      const told = { members: [2, 3], providers: isWrong ? [{ ...own, health: 'healthy' }] : [] };
      registered(own).applied?.(entry(2, { kind: 'configuration' }, {}, told));
    },
  ],
  [
    'services',
    'a provider that is gone for no reason',
    (isWrong) => {
      const command = { kind: 'deregisterProvider', service: 'web', id: isWrong ? 'q' : 'p' };
      registered().applied?.(entry(2, command, {}, { providers: [] }));
    },
  ],
  [
    'services',
    'a report of an earlier registration that counts',
    (isWrong) => {
      const report = {
        service: 'web',
        id: 'p',
        registration: isWrong ? 9 : 1,
        load: 5,
        health: null,
      };
      const providers = [{ ...PROVIDER, load: 5, health: 'healthy' }];
      const command = { kind: 'reportProviders', reports: [report] };
      registered().applied?.(entry(2, command, {}, { providers }));
    },
  ],
  [
    'services',
    'a caller that is sent where nobody is well',
    (isWrong) => {
      const picked = { ...PROVIDER, health: isWrong ? 'draining' : 'healthy' };
      const read = { kind: 'read', id: 'r', of: 'service', sessionId: 'web', answer: { picked } };
      registered().ended?.(madeUp<Operation>(read));
    },
  ],
  [
    'policies',
    'a version that is skipped',
    (isWrong) => {
      const versions = [version(1, 7), { ...version(2, 8), version: isWrong ? 3 : 2 }];
      const result = made(isWrong ? 3 : 2);
      policyPut().applied?.(entry(2, put(8), result, { policy: { name: 'quota', versions } }));
    },
  ],
  [
    'policies',
    'a past that changes',
    (isWrong) => {
      const versions = [version(1, isWrong ? 9 : 7), version(2, 8)];
      policyPut().applied?.(entry(2, put(8), made(2), { policy: { name: 'quota', versions } }));
    },
  ],
  [
    'policies',
    'a roll-back to another document',
    (isWrong) => {
      const property = policyPut();
      const versions = [version(1, 7), version(2, 8)];
      property.applied?.(entry(2, put(8), made(2), { policy: { name: 'quota', versions } }));
      const command = { kind: 'rollBackPolicy', name: 'quota', version: 1 };
      const back = { ...version(3, isWrong ? 8 : 7), restoredFrom: 1 };
      const policy = { name: 'quota', versions: [...versions, back] };
      property.applied?.(entry(3, command, made(3), { policy }));
    },
  ],
];

describe('a property', () => {
  test.each(TABLE)('%s finds %s', (name, _what, judge) => {
    const found = (): string => {
      try {
        judge(true);
        return 'nothing';
      } catch (error) {
        return error instanceof Violation ? error.property : String(error);
      }
    };
    expect(found()).toBe(name);
  });

  test.each(TABLE)('%s is content without %s', (_name, _what, judge) => {
    expect(() => judge(false)).not.toThrow();
  });
});
