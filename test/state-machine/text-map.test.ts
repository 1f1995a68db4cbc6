// A map by text against a plain list that is sorted by the bytes of its keys. The keys stand on both sides of where the order of
// JavaScript's units differs from theirs.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextMap } from '../../src/state-machine/text-map.js';

const anyKey = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.string({
    unit: fc.constantFrom('a', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
    maxLength: 3,
  }),
);

const inOrder = (model: ReadonlyMap<string, number>, from: string): number[] =>
  [...model]
    .map(([key, value]) => ({ bytes: Buffer.from(key), value }))
    .filter(({ bytes }) => Buffer.compare(bytes, Buffer.from(from)) >= 0)
    .toSorted((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ value }) => value);

describe('a map by text', () => {
  it('finds by key and walks in the order of UTF-8 bytes, as a sorted list does', () => {
    const anySteps = fc.array(fc.record({ key: anyKey, isDeletion: fc.boolean() }));
    fc.assert(
      fc.property(anySteps, anyKey, (steps, from) => {
        const map = new TextMap<number>();
        const model = new Map<string, number>();
        for (const [at, { key, isDeletion }] of steps.entries()) {
          if (isDeletion) map.delete(key);
          else map.set(key, at);
          if (isDeletion) model.delete(key);
          else model.set(key, at);
        }
        const frozen = map.clone();
        for (const { key } of steps) expect(map.get(key)).toBe(model.get(key) ?? null);
        expect(map.get(from)).toBe(model.get(from) ?? null);
        expect(map.size).toBe(model.size);
        for (const { key } of steps) map.delete(key);
        expect(map.size).toBe(0);
        expect([...frozen.values(null)]).toEqual(inOrder(model, ''));
        expect([...frozen.values(from)]).toEqual(inOrder(model, from));
      }),
    );
  });
});
