// Slabs against plain copies. What was copied never changes, whatever comes later, and keeps no more memory in use than is promised.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Slab, VALUES } from '../../src/codec/slab.js';

const RUNS = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 });

describe('a slab', () => {
  test('copies each run, and nothing that comes later changes one', () => {
    fc.assert(
      fc.property(RUNS, (runs) => {
        const slab = new Slab(64, 32);
        const copies = runs.map((run) => slab.copyOf(run));
        const expected = runs.map((run) => [...run]);
        for (const run of runs) run.fill(0xff);
        expect(copies.map((copy) => [...copy])).toEqual(expected);
      }),
    );
  });

  test('copies a part, of a Buffer too, as a plain array', () => {
    const source = Buffer.from('..what is copied..');
    const copy = new Slab(64, 32).copyOf(source, 2, 16);
    expect(copy).toEqual(new Uint8Array(Buffer.from('what is copied')));
    expect(Buffer.isBuffer(copy)).toBe(false);
  });

  test('lets runs share memory, up to a length', () => {
    const slab = new Slab(64, 32);
    const lengths = [32, 32, 1, 33, 0];
    const buffers = lengths.map((length) => slab.copyOf(new Uint8Array(length)).buffer);
    expect(buffers.map(({ byteLength }) => byteLength)).toEqual([64, 64, 64, 33, 64]);
    expect(buffers[0]).toBe(buffers[1]);
    expect(buffers[2]).not.toBe(buffers[1]);
    expect(buffers[4]).toBe(buffers[2]);
  });

  test('of values keeps at most 512 bytes for one that outlives its neighbours', () => {
    for (const length of [0, 1, 128, 256]) {
      const copy = VALUES.copyOf(new Uint8Array(length));
      expect(copy.buffer.byteLength).toBeLessThanOrEqual(512);
    }
    expect(VALUES.copyOf(new Uint8Array(257)).buffer.byteLength).toBe(257);
  });
});
