// Small histories that people know, with the verdict that they agree on. One line is one client's operation, with the
// times of its call and its answer.

import { describe, expect, test } from 'vitest';

import { check } from '../../../simulations/linearizability/check.js';
import { modelNamed } from '../../../simulations/linearizability/models/index.js';
import type { Operation } from '../../../simulations/linearizability/operation.js';

/** Function and input, answer (null: unknown), call, time of the answer. */
type Line = readonly [input: object, output: object | null, call: number, at: number];

const read = (value: unknown, call: number, at: number): Line => [
  { f: 'read' },
  { value },
  call,
  at,
];
const write = (value: unknown, call: number, at: number): Line => [
  { f: 'write', value },
  {},
  call,
  at,
];
const lost = (input: object, call: number): Line => [input, null, call, Infinity];
const put = (a: string, revision: number, call: number, at: number): Line => [
  { f: 'put', id: 's', attributes: { a } },
  { type: 'session', revision, attributes: { a } },
  call,
  at,
];
const get = (a: string, revision: number, call: number, at: number): Line => [
  { f: 'get', id: 's' },
  { type: 'session', revision, attributes: { a } },
  call,
  at,
];
const grant = (client: string, token: number, call: number, at: number): Line => [
  { f: 'acquire', client },
  { done: true, token },
  call,
  at,
];

const TABLE: readonly (readonly [string, string, boolean, readonly Line[]])[] = [
  ['register', 'nothing', true, []],
  ['register', 'a read of what was written', true, [write(1, 0, 1), read(1, 2, 3)]],
  ['register', 'a read of nothing after a write', false, [write(1, 0, 1), read(null, 2, 3)]],
  ['register', 'a read beside the write, before it', true, [write(1, 0, 3), read(null, 1, 2)]],
  ['register', 'new, then old', false, [write(1, 0, 9), read(1, 1, 2), read(null, 3, 4)]],
  ['register', 'a lost write, seen', true, [lost({ f: 'write', value: 1 }, 0), read(1, 5, 6)]],
  [
    'register',
    'a lost write, not seen',
    true,
    [lost({ f: 'write', value: 1 }, 0), read(null, 5, 6)],
  ],
  [
    'register',
    'a lost write, seen before it was called',
    false,
    [read(1, 0, 1), lost({ f: 'write', value: 1 }, 2)],
  ],
  [
    'register',
    'a lost write, seen twice with another between',
    false,
    [lost({ f: 'write', value: 1 }, 0), read(1, 1, 2), write(2, 3, 4), read(1, 5, 6)],
  ],
  ['register', 'an answer and a call at one time', true, [write(1, 0, 5), read(null, 5, 6)]],
  [
    'register',
    'a comparison that cannot have failed',
    false,
    [write(1, 0, 1), [{ f: 'cas', from: 1, to: 2 }, { done: false }, 2, 3]],
  ],
  [
    'queue',
    'first in, first out',
    false,
    [
      [{ f: 'enqueue', value: 1 }, {}, 0, 1],
      [{ f: 'enqueue', value: 2 }, {}, 2, 3],
      [{ f: 'dequeue' }, { value: 2 }, 4, 5],
    ],
  ],
  [
    'set',
    'an element that went without being removed',
    false,
    [
      [{ f: 'add', element: 1 }, {}, 0, 1],
      [{ f: 'read' }, { elements: [1] }, 2, 3],
      [{ f: 'read' }, { elements: [] }, 4, 5],
    ],
  ],
  [
    'counter',
    'a sum that leaves one out',
    false,
    [
      [{ f: 'add', value: 1 }, {}, 0, 1],
      [{ f: 'add', value: 2 }, {}, 2, 3],
      [{ f: 'read' }, { value: 2 }, 4, 5],
    ],
  ],
  ['lock', 'two holders', false, [grant('a', 1, 0, 1), grant('b', 2, 2, 3)]],
  [
    'lock',
    'a second holder after a release that may have come late',
    true,
    [grant('a', 1, 0, 1), lost({ f: 'release', client: 'a' }, 2), grant('b', 2, 3, 4)],
  ],
  [
    'lock',
    'a token that went back',
    false,
    [
      grant('a', 2, 0, 1),
      [{ f: 'release', client: 'a' }, { done: true }, 2, 3],
      grant('b', 1, 4, 5),
    ],
  ],
  ['sessions', 'a stale read', false, [put('1', 5, 0, 1), put('2', 6, 2, 3), get('1', 5, 4, 5)]],
  ['sessions', 'a revision that went back', false, [put('1', 6, 0, 1), put('2', 5, 2, 3)]],
  [
    'sessions',
    'a lost put, seen with its revision',
    true,
    [lost({ f: 'put', id: 's', attributes: { a: '1' } }, 0), get('1', 7, 1, 2), get('1', 7, 3, 4)],
  ],
  [
    'sessions',
    'a lost put, seen with two revisions',
    false,
    [lost({ f: 'put', id: 's', attributes: { a: '1' } }, 0), get('1', 7, 1, 2), get('1', 8, 3, 4)],
  ],
  [
    'sessions',
    'an end by itself',
    true,
    [
      put('1', 5, 0, 1),
      lost({ f: 'expire', id: 's', revision: 5 }, 0),
      [{ f: 'get', id: 's' }, { type: 'notFound' }, 2, 3],
    ],
  ],
  [
    'sessions',
    'an acknowledged put that is gone',
    false,
    [put('1', 5, 0, 1), [{ f: 'get', id: 's' }, { type: 'notFound' }, 2, 3]],
  ],
  [
    'sessions',
    'a condition that was refused although it held',
    false,
    [put('1', 5, 0, 1), [{ f: 'delete', id: 's', ifRevision: 5 }, { type: 'mismatch' }, 2, 3]],
  ],
];

describe('a known history', () => {
  test.each(TABLE)('of a %s: %s is %s', (name, _what, expected, lines) => {
    const model = modelNamed(name);
    if (model === null) throw new Error(`no model ${name}`);
    const operations = lines.map(([input, output, call, at], place): Operation => {
      return { client: `c${place}`, input, call, answer: output === null ? null : { output, at } };
    });
    const bounds = { memoryBytes: 2 ** 24, isTimeUp: () => false };
    expect(check(model, operations, bounds).linearizable).toBe(expected);
  });
});
