// The key-value store: what a single operation does, the bounds one by one, success any run of transactions against the naive
// model, with snapshots frozen and restored in the middle. QUORATE_TEST_LONG=1 runs many more.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePart } from '../../src/codec/command-codec.js';
import type { FrozenState } from '../../src/state-machine/frozen-state.js';
import type { ApplyResult } from '../../src/state-machine/command.js';
import { INDEX_ZERO } from '../../src/raft/types.js';
import { Store } from '../../src/state-machine/store.js';
import { STORE_LIMITS } from '../../src/state-machine/store-types.js';
import { AppliedLog, index, restored, snapshotOf } from '../support/log-words.js';
import { bytes, covered } from '../support/session-words.js';
import {
  anyChange,
  change,
  deleteKey,
  getKey,
  hasRevision,
  putKey,
  StoreModel,
} from '../support/store-words.js';
import type { ChangeStore } from '../support/store-words.js';

const EVERYTHING = {
  prefix: '',
  after: '',
  countMax: 1000,
  bytesMax: Number.MAX_SAFE_INTEGER,
  isKeysOnly: false,
};

/** A log in which the requests were carried out; the first is entry 3. */
function logOf(...requests: readonly ChangeStore[]): AppliedLog {
  const log = AppliedLog.started();
  for (const request of requests) log.command(request);
  return log;
}

describe('a key', () => {
  it('keeps the revision that created it and gets one with each write, until it is deleted', () => {
    const log = logOf(change([putKey('k', 'one')]), change([putKey('k', 'two')]));
    expect(log.state.storeEntry('k')).toEqual({
      key: 'k',
      value: bytes('two'),
      createdRevision: 3,
      revision: 4,
    });
    expect(log.command(change([deleteKey('k')]))).toMatchObject({ results: [{ revision: 4 }] });
    expect(log.command(change([deleteKey('k')]))).toMatchObject({ results: [{ revision: 0 }] });
    expect(log.state.storeEntry('k')).toBeNull();
    log.command(change([putKey('k')]));
    expect(log.state.storeEntry('k')).toMatchObject({ createdRevision: 7, revision: 7 });
  });

  it('is compared before it is changed', () => {
    const log = logOf();
    const create = change([putKey('k', 'mine')], [hasRevision('k', 0)], [getKey('k')]);
    expect(log.command(create)).toMatchObject({ failed: null });
    expect(log.command(create)).toMatchObject({
      failed: { at: 0, revision: 3 },
      results: [{ type: 'get', entry: { value: bytes('mine') } }],
    });
  });

  it('that does not exist has no value, but one that is empty has', () => {
    const log = logOf(change([putKey('empty')]));
    const isEmpty = (key: string): ApplyResult =>
      log.command(
        change([], [{ key, relation: 'equal', to: { type: 'value', value: bytes('') } }]),
      );
    expect(isEmpty('empty')).toMatchObject({ failed: null });
    expect(isEmpty('nothing')).toMatchObject({ failed: { at: 0, revision: 0 } });
  });

  it('is written once by a request that a client session repeats', () => {
    const log = logOf();
    const id = '0'.repeat(32);
    log.command({ kind: 'openClientSession', requestId: 'r', id });
    const request = covered(change([getKey('k'), putKey('k', 'v')]), id, 1);
    const first = log.command(request);
    log.state = restored(log.meta, snapshotOf(log.state));
    expect(log.command(request)).toEqual({ type: 'repeated', revision: 4, first });
    expect(log.state.storeEntry('k')?.revision).toBe(4);
  });
});

describe('a transaction', () => {
  it('is one revision, and a read sees what stands before it in the list', () => {
    const log = logOf(change([putKey('a', '1')]));
    const answer = log.command(
      change([getKey('b'), putKey('b', '2'), getKey('b'), deleteKey('a')]),
    );
    expect(answer).toMatchObject({
      failed: null,
      results: [
        { type: 'get', entry: null },
        { type: 'put', createdRevision: 4 },
        { type: 'get', entry: { value: bytes('2'), revision: 4 } },
        { type: 'delete', revision: 3 },
      ],
    });
  });

  const tooMuch = STORE_LIMITS.operationsMax + 1;
  const many = Array.from({ length: tooMuch }, (_, at) => String(at));
  const large = new Uint8Array(STORE_LIMITS.valueBytesMax + 1);
  it.each<[string, ChangeStore]>([
    ['an empty key', change([putKey('')])],
    ['a key that is too long', change([getKey('k'.repeat(STORE_LIMITS.keyBytesMax + 1))])],
    ['a long key to compare', change([], [hasRevision('é'.repeat(600), 0)])],
    ['a value that is too large', change([putKey('k', large)])],
    ['a key written twice', change([putKey('k'), deleteKey('k')])],
    ['the same among what is not carried out', change([], [], [putKey('k'), putKey('k')])],
    ['too many operations', change(many.map((key) => putKey(key)))],
    [
      'too many comparisons',
      change(
        [],
        many.map((key) => hasRevision(key, 0)),
      ),
    ],
  ])('with %s changes nothing', (_name, request) => {
    const log = logOf(change([putKey('x')]));
    const { compares, success, failure } = request;
    const answer = log.command(change([deleteKey('x'), ...success], compares, failure));
    expect(answer).toMatchObject({ type: 'refused', refusal: { reason: 'storeRequestTooLarge' } });
    expect(log.state.storeKeyCount).toBe(1);
  });

  it('that reads too much changes nothing', () => {
    const value = new Uint8Array(STORE_LIMITS.valueBytesMax);
    const log = logOf(change([putKey('a', value)]), change([putKey('b', value)]));
    expect(log.command(change([getKey('a')]))).toMatchObject({ type: 'store' });
    const answer = log.command(change([putKey('c'), getKey('a'), getKey('b')]));
    expect(answer).toMatchObject({ type: 'refused', refusal: { reason: 'storeRequestTooLarge' } });
    expect(log.state.storeKeyCount).toBe(2);
  });
});

describe('the store', () => {
  it('refuses to grow beyond its bytes, and never refuses to shrink', () => {
    const store = new Store();
    // One array for all values: what is counted is what they would take.
    const value = new Uint8Array(STORE_LIMITS.valueBytesMax);
    const fits = Math.floor(STORE_LIMITS.bytesMax / (value.length + 3));
    let revision = 0;
    const apply = (request: ChangeStore): { readonly type: string } => {
      revision += 1;
      return store.apply(request, index(revision));
    };
    for (let at = 100; at < 100 + fits; at += 1) apply(change([putKey(String(at), value)]));
    expect(store.size).toBe(fits);
    const before = store.bytes;
    expect(apply(change([putKey('one more', value)]))).toEqual({
      type: 'refused',
      refusal: { reason: 'storeFull', limit: `${STORE_LIMITS.bytesMax} bytes` },
    });
    expect(store.bytes).toBe(before);
    expect(apply(change([deleteKey('100'), putKey('new', value)])).type).toBe('store');
    expect(apply(change([putKey('new', 'short')])).type).toBe('store');
  });

  it('pages by bytes, and by keys alone where values are not wanted', () => {
    const value = new Uint8Array(100);
    const log = logOf(...['a', 'b', 'c'].map((key) => change([putKey(key, value)])));
    const page = (isKeysOnly: boolean): number =>
      log.state.listStore({ ...EVERYTHING, bytesMax: 150, isKeysOnly }).entries.length;
    expect([page(false), page(true)]).toEqual([1, 3]);
  });
});

const anyStep = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('apply' as const), request: anyChange }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'freeze' as const }) },
);
const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 60, size: 'max' });
const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 200;

describe('any run of transactions', () => {
  it('does what the model does, across snapshots, and a frozen store stays as it was', () => {
    let [held, failed] = [0, 0];
    fc.assert(
      fc.property(anySteps, (steps) => {
        const log = AppliedLog.started();
        const model = new StoreModel();
        const frozen: { state: FrozenState; expected: Uint8Array[] }[] = [];
        for (const step of steps) {
          if (step.do === 'restore') log.state = restored(log.meta, snapshotOf(log.state));
          if (step.do === 'freeze') {
            frozen.push({ state: log.state.freeze(), expected: snapshotOf(log.state) });
          }
          if (step.do !== 'apply') continue;
          const expected = model.apply(step.request, log.entries.length + 1);
          const actual = log.command(step.request);
          expect(actual).toEqual(expected);
          if (actual.type === 'store' && actual.failed === null) held += 1;
          else failed += 1;
          const all = log.state.listStore(EVERYTHING);
          expect(all).toEqual({ entries: model.list(), isMore: false });
        }
        for (const { state, expected } of frozen) {
          expect([...state.parts(3)].map(encodePart)).toEqual(expected);
        }
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(held, failed)).toBeGreaterThan(RUNS);
  });

  it('gives the same page by page as at once, and counts every byte', () => {
    fc.assert(
      fc.property(
        fc.array(anyChange, { maxLength: 40, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        (requests, countMax) => {
          const store = new Store();
          for (const [at, request] of requests.entries()) store.apply(request, index(at + 1));
          const keys: string[] = [];
          let isMore = true;
          while (isMore) {
            const after = keys.at(-1) ?? '';
            const page = store.list({ ...EVERYTHING, after, countMax });
            keys.push(...page.entries.map(({ key }) => key));
            isMore = page.isMore;
          }
          const { entries } = store.list(EVERYTHING);
          expect(keys).toEqual(entries.map(({ key }) => key));
          const bytesOf = entries.map(({ key, value }) => Buffer.byteLength(key) + value.length);
          expect(store.bytes).toBe(bytesOf.reduce((sum, each) => sum + each, INDEX_ZERO));
        },
      ),
    );
  });
});
