// Policies by tables, and any run against the naive model under small bounds, across snapshots. What each request makes and refuses is said one
// by one; the model says it of all together, with what is forgotten.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePart, encodePart } from '../../src/codec/command-codec.js';
import { Policies } from '../../src/state-machine/policies.js';
import {
  forgottenPolicyRows,
  policyRows,
  restoreForgottenPolicies,
  restorePolicyVersion,
} from '../../src/state-machine/policy-rows.js';
import { isPolicyName, POLICY_LIMITS } from '../../src/state-machine/policy-types.js';
import type { PolicyCommand, PolicyLimits } from '../../src/state-machine/policy-types.js';
import { partsOf } from '../../src/state-machine/rows.js';
import { AppliedLog, index, restored, snapshotOf } from '../support/log-words.js';
import {
  anyPolicyCommand,
  deletePolicy,
  PolicyModel,
  putPolicy,
  rollBack,
  TOO_MUCH,
} from '../support/policy-words.js';
import { bytes, covered, open } from '../support/session-words.js';

const ALL = { prefix: '', after: '', countMax: 100, withDeleted: true } as const;
const CLIENT = '0123456789abcdef0123456789abcdef';

describe('a policy', () => {
  it('has a version more with each change, and none where nothing changes', () => {
    const log = AppliedLog.started();
    expect(log.command(putPolicy('p', 'one'))).toEqual({
      type: 'policy',
      version: 1,
      isNew: true,
    });
    expect(log.command(putPolicy('p', 'one'))).toMatchObject({ version: 1, isNew: false });
    log.wait(5);
    expect(log.command(putPolicy('p', 'two', { reason: 'why', who: 'bob' }))).toMatchObject({
      version: 2,
    });
    expect(log.state.policies.now('p')).toEqual({
      name: 'p',
      version: 2,
      document: bytes('two'),
      revision: log.state.lastApplied.index,
      atMs: 5,
      who: 'bob',
      node: 'A',
      reason: 'why',
      requestId: 'r',
      restoredFrom: null,
    });
    expect(log.state.policies.get('p')?.versions.map(({ version }) => version)).toEqual([1, 2]);
  });

  it('is rolled back by a new version, also out of its deletion, which its history survives', () => {
    const log = AppliedLog.started();
    log.command(putPolicy('p', 'one'));
    log.command(putPolicy('p', 'two'));
    expect(log.command(rollBack('p', 1))).toMatchObject({ version: 3, isNew: true });
    expect(log.state.policies.now('p')).toMatchObject({ document: bytes('one'), restoredFrom: 1 });
    expect(log.command(rollBack('p', 3))).toMatchObject({ version: 3, isNew: false });
    expect(log.command(deletePolicy('p'))).toMatchObject({ version: 4, isNew: true });
    expect(log.command(deletePolicy('p'))).toMatchObject({ version: 0, isNew: false });
    expect(log.state.policies.now('p')).toBeNull();
    expect(log.state.policies.size).toBe(0);
    expect(log.command(rollBack('p', 4))).toMatchObject({
      refusal: { reason: 'policyVersionNotFound', version: 4, oldest: 1, newest: 4 },
    });
    expect(log.command(rollBack('p', 2))).toMatchObject({ version: 5, isNew: true });
    expect(log.command(rollBack('q', 2))).toMatchObject({ refusal: { reason: 'policyNotFound' } });
    const texts = log.state.eventsAfter(index(0), 100, ['policyChanged']).map(({ text }) => text);
    expect(texts).toEqual([
      'policy p has version 1: A asked by ann',
      'policy p has version 2: A asked by ann',
      'policy p has version 3, which is version 1 again: A asked by ann',
      'policy p was deleted: A asked by ann',
      'policy p has version 5, which is version 2 again: A asked by ann',
    ]);
  });

  it('changes only where the version is the expected one; 0 is that of one that is not there', () => {
    const log = AppliedLog.started();
    const mismatch = (expected: number, actual: number): object => ({
      refusal: { reason: 'policyVersionMismatch', name: 'p', expected, actual },
    });
    expect(log.command(putPolicy('p', 'x', { ifVersion: 1 }))).toMatchObject(mismatch(1, 0));
    expect(log.command(putPolicy('p', 'x', { ifVersion: 0 }))).toMatchObject({ version: 1 });
    expect(log.command(putPolicy('p', 'y', { ifVersion: 0 }))).toMatchObject(mismatch(0, 1));
    expect(log.command(rollBack('p', 1, { ifVersion: 2 }))).toMatchObject(mismatch(2, 1));
    expect(log.command(deletePolicy('p', { ifVersion: 2 }))).toMatchObject(mismatch(2, 1));
    expect(log.command(deletePolicy('p', { ifVersion: 1 }))).toMatchObject({ version: 2 });
    expect(log.command(putPolicy('p', 'z', { ifVersion: 2 }))).toMatchObject(mismatch(2, 0));
    expect(log.command(putPolicy('p', 'z', { ifVersion: 0 }))).toMatchObject({ version: 3 });
  });

  it('has the same answer once more for the same request of a client session, also from a snapshot', () => {
    const log = AppliedLog.started();
    log.command(open(CLIENT));
    const requests = [
      putPolicy('p', 'one'),
      putPolicy('p', 'two', { ifVersion: 7 }),
      rollBack('q', 1),
      rollBack('p', 9),
      putPolicy('.p', 'no such name'),
    ].map((request, at) => covered(request, CLIENT, at + 1));
    const first = requests.map((request) => log.command(request));
    log.state = restored(log.meta, snapshotOf(log.state));
    expect(requests.map((request) => log.command(request))).toEqual(
      first.map((result) => expect.objectContaining({ type: 'repeated', first: result }) as object),
    );
  });

  it('can be named by what can be a file, which is not hidden', () => {
    const names = ['a', 'route.yaml', 'A_b-9', '', '.', '..', '.a', 'a/b', 'ä', 'x'.repeat(64)];
    expect(names.filter(isPolicyName)).toEqual(['a', 'route.yaml', 'A_b-9']);
  });
});

describe('policies', () => {
  it('are listed in the order of their names, deleted ones only where they are asked for', () => {
    const log = AppliedLog.started();
    for (const name of ['b', 'a1', 'c', 'a2', 'a3']) log.command(putPolicy(name, name));
    for (const name of ['a1', 'a2', 'b']) log.command(deletePolicy(name));
    const list = (wish: object): readonly [string[], boolean] => {
      const { policies, isMore } = log.state.policies.list({ ...ALL, ...wish });
      return [policies.map(({ name }) => name), isMore];
    };
    expect(list({})).toEqual([['a1', 'a2', 'a3', 'b', 'c'], false]);
    expect(list({ withDeleted: false })).toEqual([['a3', 'c'], false]);
    expect(list({ withDeleted: false, countMax: 1 })).toEqual([['a3'], true]);
    expect(list({ withDeleted: false, countMax: 1, after: 'a3' })).toEqual([['c'], false]);
    expect(list({ prefix: 'a', withDeleted: false })).toEqual([['a3'], false]);
    expect(log.state.policies.size).toBe(2);
  });

  it('have bounds, and say which one is reached', () => {
    const policies = new Policies({ ...POLICY_LIMITS, policiesMax: 2, documentsBytesMax: 6 });
    let revision = 0;
    const told = (command: PolicyCommand): object => {
      revision += 1;
      return policies.apply(command, { revision: index(revision), nowMs: 0 });
    };
    const full = (detail: RegExp): object => ({
      refusal: { reason: 'policyLimit', detail: expect.stringMatching(detail) as string },
    });
    const large = 'x'.repeat(POLICY_LIMITS.documentBytesMax + 1);
    expect(told(putPolicy('a', large))).toMatchObject(full(/has 262145 bytes, expected at most/));
    expect(told(putPolicy('a', 'aaaa'))).toMatchObject({ isNew: true });
    expect(told(putPolicy('b', 'bbb'))).toMatchObject(full(/more than 6 bytes$/));
    expect(told(putPolicy('b', 'bb'))).toMatchObject({ isNew: true });
    expect(told(putPolicy('c', ''))).toMatchObject(full(/^there are 2 policies already$/));
    expect(told(putPolicy('a', 'aaa'))).toMatchObject({ isNew: true });
    expect(told(putPolicy('b', 'bbb'))).toMatchObject({ isNew: true });
  });

  it('that were forgotten go on above their old versions', () => {
    const policies = new Policies({ ...POLICY_LIMITS, deletedMax: 1 });
    let revision = 0;
    const told = (command: PolicyCommand): object => {
      revision += 1;
      return policies.apply(command, { revision: index(revision), nowMs: 0 });
    };
    told(putPolicy('a', '1'));
    told(putPolicy('a', '2'));
    told(deletePolicy('a'));
    told(putPolicy('b', '1'));
    told(deletePolicy('b'));
    expect(policies.get('a')).toBeNull();
    expect(told(putPolicy('a', '1'))).toMatchObject({ version: 4 });
  });
});

const SMALL: PolicyLimits = {
  ...POLICY_LIMITS,
  documentBytesMax: 2,
  policiesMax: 2,
  documentsBytesMax: 3,
  versionsMax: 3,
  historyBytesMax: 6,
  deletedMax: 1,
};

/** The same policies out of the bytes of their snapshot. */
function again(policies: Policies): Policies {
  const frozen = policies.freeze();
  const copy = new Policies(SMALL);
  for (const part of partsOf(policyRows(frozen), 3)) {
    for (const row of decodePart(encodePart(part)).rows) {
      const { name, version } = restorePolicyVersion(row);
      copy.restore(name, version);
    }
  }
  for (const part of partsOf(forgottenPolicyRows(frozen), 3)) {
    for (const row of part.rows) copy.restoreForgotten(restoreForgottenPolicies(row));
  }
  return copy;
}

const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 25;
const anyStep = fc.oneof(
  { weight: 10, arbitrary: anyPolicyCommand },
  { weight: 1, arbitrary: fc.constant('restore' as const) },
);

describe('any run', () => {
  it('does what the model does, across snapshots; a frozen state stays as it was, and no version of a name comes twice', () => {
    const seen = { policy: 0, refused: 0 };
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        let policies = new Policies(SMALL);
        const model = new PolicyModel(SMALL);
        const made = new Set<string>();
        for (const [at, step] of steps.entries()) {
          if (step === 'restore') {
            policies = again(policies);
            continue;
          }
          const frozen = policies.freeze();
          const before = [...frozen.byName.values(null)];
          const told = policies.apply(step, { revision: index(at + 1), nowMs: at * 10 });
          const expected = model.apply(step, at + 1, at * 10);
          // The words of a bound are the state machine's own.
          const isTooMuch = told.type === 'refused' && told.refusal.reason === 'policyLimit';
          expect(isTooMuch ? TOO_MUCH : told).toEqual(expected);
          if (told.type === 'policy' || told.type === 'refused') seen[told.type] += 1;
          const key = told.type === 'policy' && told.isNew ? `${step.name} ${told.version}` : '';
          expect(made.has(key)).toBe(false);
          if (key !== '') made.add(key);
          expect([...frozen.byName.values(null)]).toEqual(before);
          expect(policies.list(ALL).policies).toEqual(model.list());
        }
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
  });
});
