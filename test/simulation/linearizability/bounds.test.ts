// What a check does when it may not use more: it says that it does not know. And what keeps it small: parts take turns,
// and what nobody can tell apart is tried once.

import { describe, expect, test } from 'vitest';

import { check } from '../../../simulations/linearizability/check.js';
import type { Bounds } from '../../../simulations/linearizability/check.js';
import { counter } from '../../../simulations/linearizability/models/counter.js';
import { keyValue } from '../../../simulations/linearizability/models/key-value.js';
import { queue } from '../../../simulations/linearizability/models/queue.js';
import { register } from '../../../simulations/linearizability/models/register.js';
import type { Operation } from '../../../simulations/linearizability/operation.js';

const AMPLE: Bounds = { memoryBytes: 2 ** 28, isTimeUp: () => false };

/** Concurrent enqueues of values that cannot be told apart, and one of them dequeued more often: every order is tried. */
const HARD: readonly Operation[] = [
  ...Array.from({ length: 16 }, (_, at) => ({
    client: `c${at}`,
    input: { f: 'enqueue', value: at % 6 },
    call: at,
    answer: { output: {}, at: 100 },
  })),
  ...[0, 0, 0, 0, 0].map((value, at) => ({
    client: `d${at}`,
    input: { f: 'dequeue' },
    call: 200 + at * 10,
    answer: { output: { value }, at: 205 + at * 10 },
  })),
];

/** A history of two keys: one too hard, one that is refuted after some steps of its own. */
function hardAndWrong(): Operation[] {
  const hard = Array.from({ length: 40 }, (_, at): Operation => {
    return {
      client: `h${at}`,
      input: { f: 'add', key: 'hard', value: 2 ** (at % 40) },
      call: 0,
      answer: { output: {}, at: 100 },
    };
  });
  const impossible = { client: 'r', input: { f: 'read', key: 'hard' }, call: 200 };
  const wrong = { client: 'w', input: { f: 'read', key: 'wrong' }, call: 300 };
  const adds = Array.from({ length: 10 }, (_, at): Operation => {
    const input = { f: 'add', key: 'wrong', value: 2 ** at };
    return { client: `w${at}`, input, call: 250, answer: { output: {}, at: 290 } };
  });
  return [
    ...hard,
    { ...impossible, answer: { output: { value: 1 }, at: 210 } },
    ...adds,
    { ...wrong, answer: { output: { value: -1 }, at: 310 } },
  ];
}

describe('a check', () => {
  test('does not know when its time is up', () => {
    let slices = 20;
    const verdict = check(queue, HARD, { ...AMPLE, isTimeUp: () => (slices -= 1) < 0 });
    expect(verdict).toMatchObject({ linearizable: null, exhausted: 'time' });
  });

  test('does not know when its memory is used up, and stays within it', () => {
    const memoryBytes = 4 * 2 ** 20;
    const verdict = check(queue, HARD, { ...AMPLE, memoryBytes });
    expect(verdict).toMatchObject({ linearizable: null, exhausted: 'memory' });
    expect(verdict.bytesMax).toBeLessThanOrEqual(memoryBytes * 1.05);
  });

  test('does not know when memory runs out that was not accounted for', () => {
    const verdict = check(queue, HARD, { ...AMPLE, isMemoryShort: () => true });
    expect(verdict).toMatchObject({ linearizable: null, exhausted: 'memory' });
  });

  test('refutes by one part although another outgrows the memory', () => {
    const verdict = check(counter, hardAndWrong(), { ...AMPLE, memoryBytes: 3 * 2 ** 20 });
    expect(verdict.linearizable).toBe(false);
    expect(verdict.part?.name).toBe('wrong');
  });

  test('does not call a history right because a hard part was given up', () => {
    const hardOnly = hardAndWrong().filter(
      ({ input }) => (input as { key: string }).key === 'hard',
    );
    const verdict = check(counter, hardOnly, { ...AMPLE, memoryBytes: 3 * 2 ** 20 });
    expect(verdict.linearizable).toBeNull();
  });

  test('refuses an answer before its call', () => {
    const odd = { client: 'c', input: { f: 'read' }, call: 2, answer: { output: {}, at: 1 } };
    expect(() => check(register, [odd], AMPLE)).toThrow(RangeError);
  });

  test('takes two hundred lost writes of the same value for one another', () => {
    const lost = Array.from({ length: 200 }, (_, at): Operation => {
      return { client: `c${at}`, input: { f: 'write', value: at % 2 }, call: at, answer: null };
    });
    const reads = Array.from({ length: 100 }, (_, at): Operation => {
      const answer = { output: { value: at === 99 ? 7 : at % 2 }, at: 1005 + at * 10 };
      return { client: 'r', input: { f: 'read' }, call: 1000 + at * 10, answer };
    });
    const verdict = check(register, [...lost, ...reads], AMPLE);
    expect(verdict.linearizable).toBe(false);
    expect(verdict.tries).toBeLessThan(100_000);
  });

  test('does not order what is appended and replaced before anybody reads it', () => {
    const appends = Array.from({ length: 30 }, (_, at): Operation => {
      const input = { f: 'append', key: 'k', value: `${at} ` };
      return { client: `c${at}`, input, call: 0, answer: { output: {}, at: 100 } };
    });
    const put = { client: 'p', input: { f: 'put', key: 'k', value: 'x' }, call: 200 };
    const get = { client: 'g', input: { f: 'get', key: 'k' }, call: 300 };
    const verdict = check(
      keyValue,
      [
        ...appends,
        { ...put, answer: { output: {}, at: 210 } },
        { ...get, answer: { output: { value: 'y' }, at: 310 } },
      ],
      AMPLE,
    );
    expect(verdict.linearizable).toBe(false);
    expect(verdict.tries).toBeLessThan(10_000);
  });
});
