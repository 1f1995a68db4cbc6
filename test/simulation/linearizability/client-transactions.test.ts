// The property that judges what clients were told of the store: transactions on several keys are seen whole or not at all. The
// shipped store answers; what a client was told is then changed by hand.

import { describe, expect, test } from 'vitest';

import { clientTransactions } from '../../../simulations/invariants/client-transactions.js';
import type { Applied } from '../../../simulations/invariants/invariant.js';
import type { Operation, WriteOperation } from '../../../simulations/operation.js';
import { Violation } from '../../../simulations/violation.js';
import type { LogIndex, Term } from '../../../src/raft/types.js';
import type { StoreEntry, StoreResult } from '../../../src/state-machine/store-types.js';
import { Store } from '../../../src/state-machine/store.js';
import { change, getKey, hasRevision, putKey } from '../../support/store-words.js';
import { madeUp } from '../made-up.js';

/** A store, and what clients were told of it. */
class Told {
  readonly store = new Store();
  readonly #property = clientTransactions(() => {
    throw new Error('undecided');
  });
  #revision = 0;
  #nowUs = 0;

  /** A transaction on both keys, answered as `tell` says; null: nobody learned the answer. */
  writes(tell: (result: StoreResult) => StoreResult | null = (result) => result): void {
    const revision = (this.#revision += 1) as LogIndex;
    const requestId = `c1-${revision}`;
    const steps = [putKey('a', `${revision}`), putKey('b', `${revision}`), getKey('a')];
    const command = { ...change(steps, [hasRevision('a', revision - 1)]), requestId };
    const result = this.store.apply(command, revision) as StoreResult;
    const entry = { index: revision, term: 1 as Term };
    const told = tell(result);
    const outcome: WriteOperation['outcome'] =
      told === null ? { type: 'indeterminate' } : { type: 'applied', entry, result: told };
    this.#property.applied?.(madeUp<Applied>({ entry, command, result }));
    this.#ask({ kind: 'write', id: requestId, command, outcome });
  }

  /** A read of one key that found this. */
  reads(key: string, entry: StoreEntry | null): void {
    const id = `c2-${key}-${this.#nowUs}`;
    const about = { kind: 'read', id, isStale: false, of: 'store' };
    this.#ask({ ...about, sessionId: key, answer: { entry } });
  }

  over(): void {
    this.#property.over?.();
  }

  #ask(operation: object): void {
    const [beganUs, endedUs] = [this.#nowUs + 1, this.#nowUs + 2];
    this.#nowUs = endedUs;
    const asked = madeUp<Operation>({ ...operation, beganUs, endedUs });
    this.#property.began?.(asked);
    this.#property.ended?.(asked);
  }
}

describe('what clients were told of several keys', () => {
  test('may be what the store says, also if an answer is lost', () => {
    const told = new Told();
    told.writes();
    told.reads('b', told.store.get('b'));
    told.writes(() => null);
    told.reads('a', told.store.get('a'));
    told.reads('b', told.store.get('b'));
    told.reads('other', null);
    expect(() => told.over()).not.toThrow();
  });

  test('may not be one key from before a transaction and the other from after it', () => {
    const told = new Told();
    told.writes();
    const before = told.store.get('b');
    told.writes();
    told.reads('a', told.store.get('a'));
    told.reads('b', before);
    expect(() => told.over()).toThrow(Violation);
  });

  test('may not be half of a transaction whose answer was lost', () => {
    const told = new Told();
    told.writes(() => null);
    told.reads('a', told.store.get('a'));
    told.reads('b', null);
    expect(() => told.over()).toThrow('client c2 was told get b → {"f":"get","entry":null}');
  });

  test('may not be a step that does not see an earlier one', () => {
    const told = new Told();
    told.writes(({ results, ...rest }) => ({
      ...rest,
      results: results.map((each) => (each.type === 'get' ? { ...each, entry: null } : each)),
    }));
    expect(() => told.over()).toThrow(Violation);
  });

  test('may not be that a comparison did not hold which did', () => {
    const told = new Told();
    told.writes((result) => ({ ...result, failed: { at: 0, revision: 0 as LogIndex } }));
    expect(() => told.over()).toThrow(Violation);
  });
});
