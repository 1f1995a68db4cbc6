// What is durable, as tables of the bookkeeping. Then a property plays random histories of a log against a model disk:
// whatever is claimed to be durable must be on the disk at that moment.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Log } from '../../src/raft/log.js';
import { Persistence } from '../../src/raft/persistence.js';
import type { PersistBatch } from '../../src/raft/ready.js';
import type { HardState, LogIndex } from '../../src/raft/types.js';
import { ModelDisk } from '../support/raft-disk.js';
import { entry, I, id, N, loaded, snapshotOf, T } from '../support/raft-words.js';

const hard = (term: number, votedFor: number | null = null): HardState => ({
  term: T(term),
  votedFor: votedFor === null ? null : N(votedFor),
});

describe('Persistence', () => {
  it('has nothing to do at first, and what was loaded is durable', () => {
    const persistence = new Persistence(I(5), hard(2));
    expect(persistence.hasWork(I(5), hard(2))).toBe(false);
    expect(persistence.isDurable(I(5), hard(2))).toBe(true);
    expect(persistence.oldestStartMs).toBe(null);
  });

  it('hands out what changed only, numbered from 1', () => {
    const persistence = new Persistence(I(5), hard(2));
    expect(persistence.hasWork(I(6), hard(2))).toBe(true);
    expect(persistence.handOut(10, I(6), hard(2))).toEqual({
      persistId: 1,
      hardState: null,
      truncateFrom: null,
    });
    expect(persistence.hasWork(I(6), hard(2))).toBe(false);
    expect(persistence.hasWork(I(6), hard(2, 1))).toBe(true);
    const vote = { persistId: 2, hardState: hard(2, 1), truncateFrom: null };
    expect(persistence.handOut(20, I(6), hard(2, 1))).toEqual(vote);
    expect(persistence.oldestStartMs).toBe(10);
  });

  it('takes a batch and all before it for durable, not what was handed out later', () => {
    const persistence = new Persistence(I(5), hard(2));
    for (const [at, last] of [6, 7, 8].entries()) persistence.handOut(at, I(last), hard(2));
    persistence.persisted(2);
    expect(persistence.durableIndex).toBe(7);
    expect(persistence.oldestStartMs).toBe(2);
    persistence.persisted(1);
    expect(persistence.durableIndex, 'a late word').toBe(7);
  });

  it('claims a vote only when that very hard state is durable', () => {
    const persistence = new Persistence(I(5), hard(2));
    persistence.handOut(0, I(5), hard(3, 1));
    expect(persistence.isDurable(I(5), hard(3, 1))).toBe(false);
    persistence.persisted(1);
    expect(persistence.isDurable(I(5), hard(3, 1))).toBe(true);
    expect(persistence.isDurable(I(5), hard(3, 2))).toBe(false);
  });

  it('takes back with a truncation what is durable and what is on its way', () => {
    const persistence = new Persistence(I(5), hard(2));
    persistence.handOut(0, I(8), hard(2));
    persistence.truncated(I(4));
    expect(persistence.durableIndex).toBe(3);
    expect(persistence.handOut(0, I(6), hard(3))).toMatchObject({ truncateFrom: 4 });
    persistence.persisted(1);
    expect(persistence.durableIndex, 'batch 1 wrote entries that are gone').toBe(3);
    persistence.persisted(2);
    expect(persistence.durableIndex).toBe(6);
  });

  it('truncates nothing on disk that the disk was never given', () => {
    const persistence = new Persistence(I(5), hard(2));
    persistence.truncated(I(7));
    expect(persistence.handOut(0, I(6), hard(3))).toMatchObject({ truncateFrom: null });
  });

  it('remembers the lowest of several truncations', () => {
    const persistence = new Persistence(I(9), hard(2));
    persistence.truncated(I(4));
    persistence.truncated(I(6));
    expect(persistence.unhandedFrom).toBe(4);
    expect(persistence.handOut(0, I(7), hard(3))).toMatchObject({ truncateFrom: 4 });
  });
});

type Act =
  | { readonly type: 'append'; readonly count: number }
  | { readonly type: 'truncate' | 'install'; readonly back: number }
  | { readonly type: 'handOut' | 'finish' | 'vote' };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('truncate', 'install'),
      back: fc.integer({ min: -3, max: 6 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('handOut', 'finish', 'vote') }) },
);

/** A log and a disk with batches on their way, as raft.ts joins them. */
class Story {
  readonly disk = new ModelDisk(loaded([]));
  readonly log = new Log(id(0, 0), []);
  readonly persistence = new Persistence(I(0), hard(0));
  #hardState = hard(0);
  #install: PersistBatch['install'] = null;
  readonly #inFlight: PersistBatch[] = [];

  play(it: Act): void {
    switch (it.type) {
      case 'append':
        for (let at = 0; at < it.count; at += 1) {
          this.log.append([entry(this.log.lastIndex + 1, this.#hardState.term)]);
        }
        return;
      case 'truncate': {
        const from = this.log.lastIndex - it.back;
        if (from <= this.log.compacted.index || it.back < 0) return;
        this.log.truncateFrom(I(from));
        this.persistence.truncated(I(from));
        // Another leader's entries will follow.
        this.#hardState = hard(this.#hardState.term + 1);
        return;
      }
      case 'install':
        this.#receive(this.log.lastIndex - it.back);
        return;
      case 'vote':
        this.#hardState = hard(this.#hardState.term + 1, 1);
        return;
      case 'handOut':
        this.#handOut();
        return;
      case 'finish': {
        const batch = this.#inFlight.shift();
        if (batch === undefined) return;
        this.disk.apply(batch);
        this.persistence.persisted(batch.persistId);
        return;
      }
    }
  }

  #receive(index: number): void {
    if (index <= this.log.compacted.index) return;
    const known = this.log.termAt(I(index));
    const term = known ?? this.#hardState.term;
    const keepSuffix = known !== null;
    const meta = snapshotOf(index, term);
    if (keepSuffix) this.log.compactTo(I(index));
    else this.log.reset(meta.last);
    this.persistence.installed(I(index), keepSuffix);
    this.#install = { meta, keepSuffix: keepSuffix && (this.#install?.keepSuffix ?? true) };
  }

  #handOut(): void {
    const { log, persistence } = this;
    if (this.#install === null && !persistence.hasWork(log.lastIndex, this.#hardState)) return;
    const entries = log.slice(persistence.unhandedFrom, I(log.lastIndex + 1), 1e9, 1e9);
    const handed = persistence.handOut(0, log.lastIndex, this.#hardState);
    this.#inFlight.push({ ...handed, entries, install: this.#install, compactTo: null });
    this.#install = null;
  }

  /** A claim that is not true on disk; null: every entry claimed is there as in the log, or covered by a snapshot. */
  falseClaim(): string | null {
    const { disk, log, persistence } = this;
    for (let at = Number(log.firstIndex); at <= persistence.durableIndex; at += 1) {
      const index = at as LogIndex;
      const stored = disk.entries.find((known) => known.index === index);
      const isCovered = disk.snapshot !== null && disk.snapshot.last.index >= index;
      if (!isCovered && stored?.term !== log.termAt(index)) return `entry ${at} is not on disk`;
    }
    const { term, votedFor } = this.#hardState;
    const isStored = disk.hardState.term === term && disk.hardState.votedFor === votedFor;
    return persistence.isDurable(I(0), this.#hardState) && !isStored ? 'the vote is not' : null;
  }

  /** Lets the disk finish all. */
  finish(): void {
    this.#handOut();
    while (this.#inFlight.length > 0) this.play({ type: 'finish' });
  }
}

describe('Persistence, against a disk', () => {
  it('claims nothing that a crash could lose, and brings the disk to the log', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const story = new Story();
        for (const it of acts) {
          story.play(it);
          expect(story.falseClaim()).toBe(null);
        }
        story.finish();
        const { disk, log, persistence } = story;
        expect(persistence.durableIndex).toBe(log.lastIndex);
        expect(disk.entries).toEqual(log.slice(log.firstIndex, I(log.lastIndex + 1), 1e9, 1e9));
        expect(disk.compacted).toEqual(log.compacted);
      }),
      { numRuns: 2000, seed: 6 },
    );
  });
});
