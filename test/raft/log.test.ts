// The log, as a table of its answers. Then a property against the naive model, an array with a floor.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Log, entryBytes } from '../../src/raft/log.js';
import type { Entry, EntryId } from '../../src/raft/types.js';
import { bytes, entry, I, id, logOf } from '../support/raft-words.js';

const sample = (): Log => new Log(id(3, 2), [entry(4, 2), entry(5, 4), entry(6, 4), entry(7, 5)]);

describe('Log', () => {
  it('that is empty begins before the first entry', () => {
    const log = new Log(id(0, 0), []);
    expect(log).toMatchObject({ firstIndex: 1, lastIndex: 0, last: id(0, 0), lastStampMs: null });
    expect(log.has(id(0, 0)), 'what every log has').toBe(true);
    expect(log.entryAt(I(1))).toBe(null);
  });

  it.each([
    { index: 2, term: null },
    { index: 3, term: 2 },
    { index: 4, term: 2 },
    { index: 7, term: 5 },
    { index: 8, term: null },
  ])('knows the term $term at $index', ({ index, term }) => {
    expect(sample().termAt(I(index))).toBe(term);
  });

  it.each([
    { name: 'by count', from: 4, to: 8, countMax: 2, bytesMax: 1e9, found: [4, 5] },
    { name: 'by bytes', from: 4, to: 8, countMax: 9, bytesMax: 80, found: [4, 5] },
    { name: 'to one at least', from: 5, to: 8, countMax: 9, bytesMax: 1, found: [5] },
    { name: 'at its end', from: 6, to: 99, countMax: 9, bytesMax: 1e9, found: [6, 7] },
    { name: 'to nothing beyond', from: 8, to: 99, countMax: 9, bytesMax: 1e9, found: [] },
    { name: 'by the range asked for', from: 4, to: 6, countMax: 9, bytesMax: 1e9, found: [4, 5] },
  ])('cuts a slice $name', ({ from, to, countMax, bytesMax, found }) => {
    expect(
      sample()
        .slice(I(from), I(to), countMax, bytesMax)
        .map(({ index }) => index),
    ).toEqual(found);
  });

  it.each([
    { name: 'a log that is shorter', from: id(9, 9), agreeable: id(7, 5) },
    { name: 'entries of later terms', from: id(7, 4), agreeable: id(6, 4) },
    { name: 'a whole term', from: id(7, 3), agreeable: id(4, 2) },
    { name: 'nothing above the compacted entry', from: id(7, 1), agreeable: id(3, 2) },
    { name: 'what lies below the compacted entry', from: id(1, 1), agreeable: id(3, 2) },
  ])('may agree at the latest with $name', ({ from, agreeable }) => {
    expect(sample().lastAgreeable(from)).toEqual(agreeable);
  });

  it.each([
    { name: 'a gap', act: (log: Log) => log.append([entry(9, 5)]) },
    { name: 'a term that falls', act: (log: Log) => log.append([entry(8, 4)]) },
    {
      name: 'a stamp that falls',
      act: (log: Log) => log.append([entry(8, 5, undefined, 9), entry(9, 5, undefined, 8)]),
    },
    { name: 'truncation of what is compacted', act: (log: Log) => log.truncateFrom(I(3)) },
    { name: 'reading what is compacted', act: (log: Log) => log.slice(I(3), I(5), 9, 9) },
    { name: 'compaction beyond its end', act: (log: Log) => log.compactTo(I(8)) },
  ])('does not stand $name', ({ act }) => {
    expect(() => act(sample())).toThrow(/contiguous|fall|prefix|compacted/);
  });

  it('counts an entry’s bytes by its payload and a constant', () => {
    const command = entry(1, 1, { kind: 'command', data: bytes('12345') });
    expect(entryBytes(command)).toBe(37);
    expect(logOf([1, 1]).map(entryBytes)).toEqual([1024, 1024]);
  });
});

type Act =
  | { readonly type: 'append'; readonly count: number; readonly termUp: number }
  | { readonly type: 'truncate' | 'compact' | 'reset'; readonly share: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ type: fc.constant('append' as const), count: fc.nat(4), termUp: fc.nat(2) }),
  fc.record({ type: fc.constantFrom('truncate', 'compact', 'reset'), share: fc.nat(99) }),
);

describe('Log, against an array', () => {
  it('answers the same after any acts', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const log = new Log(id(0, 0), []);
        let floor: EntryId = id(0, 0);
        let model: Entry[] = [];
        for (const it of acts) {
          const last = model.at(-1) ?? floor;
          if (it.type === 'append') {
            const more = Array.from({ length: it.count }, (_, at) =>
              entry(last.index + 1 + at, last.term + it.termUp),
            );
            log.append(more);
            model = [...model, ...more];
          } else {
            const at = floor.index + Math.floor((it.share * (model.length + 1)) / 100);
            if (it.type === 'truncate' && at > floor.index) {
              log.truncateFrom(I(at));
              model = model.filter(({ index }) => index < at);
            } else if (it.type === 'compact') {
              const known = model.find(({ index }) => index === at);
              if (known !== undefined) floor = id(known.index, known.term);
              log.compactTo(I(Math.min(at, log.lastIndex)));
              model = model.filter(({ index }) => index > floor.index);
            } else if (it.type === 'reset') {
              floor = id(last.index + it.share, last.term + 1);
              log.reset(floor);
              model = [];
            }
          }
          const newest = model.at(-1) ?? floor;
          expect(log.last).toEqual({ term: newest.term, index: newest.index });
          expect(log.compacted).toEqual(floor);
          expect(log.slice(log.firstIndex, I(log.lastIndex + 1), 1e9, 1e9)).toEqual(model);
          for (const known of model) expect(log.has(known)).toBe(true);
        }
      }),
      { numRuns: 300, seed: 2 },
    );
  });
});
