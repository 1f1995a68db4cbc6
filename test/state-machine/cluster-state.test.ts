// The state as a whole: order, determinism across snapshots, freezing, and what a restore refuses.
// Snapshots travel as bytes here, as they do between nodes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../src/raft/assert.js';
import type { Entry, EntryPayload } from '../../src/raft/types.js';
import { ClusterState } from '../../src/state-machine/cluster-state.js';
import { EVENTS_MAX } from '../../src/state-machine/events.js';
import type { SnapshotPart } from '../../src/state-machine/snapshot-part.js';
import { encodeCommand } from '../../src/codec/command-codec.js';
import {
  A,
  AppliedLog,
  apply,
  B,
  C,
  configuration,
  index,
  nodeId,
  restored,
  SETTINGS,
  snapshotOf,
  term,
} from '../support/log-words.js';
import { anyCommand, bytes, put } from '../support/session-words.js';

const anyPayload: fc.Arbitrary<EntryPayload> = fc.oneof(
  {
    weight: 6,
    arbitrary: anyCommand.map((command) => ({
      kind: 'command' as const,
      data: encodeCommand(command),
    })),
  },
  fc.constant({ kind: 'noop' as const }),
  fc.integer({ min: 1, max: 3 }).map((id) => ({
    kind: 'activation' as const,
    nodeId: nodeId(id),
    leaseMs: 750,
    cause: 'elected',
    isChosen: false,
    gapMs: null,
  })),
  fc.integer({ min: 1, max: 40 }).map((epoch) => ({ kind: 'proof' as const, epoch: index(epoch) })),
  fc
    .constantFrom(
      configuration([A], [A]),
      configuration([A, B], [A]),
      configuration([A, B], [A, B], { outgoing: [A], leaving: [] }),
      configuration([A, B, C], [A], { outgoing: [A, C], leaving: [C] }),
    )
    .map((given) => ({ kind: 'configuration' as const, configuration: given, cause: 'asked for' })),
);

const anyLogStep = fc.record({
  payload: anyPayload,
  waitMs: fc.integer({ min: 0, max: 1500 }),
  isNextTerm: fc.boolean(),
});

describe('the state', () => {
  it('is the same on two replicas of which one was restored from a snapshot midway', () => {
    fc.assert(
      fc.property(
        fc.array(anyLogStep, { maxLength: 60 }),
        fc.nat({ max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (steps, restoreAt, rowsMax) => {
          const log = AppliedLog.started();
          let replica = new ClusterState();
          for (const entry of log.entries) apply(replica, entry);
          for (const [at, { payload, waitMs, isNextTerm }] of steps.entries()) {
            if (at === restoreAt) replica = restored(log.meta, snapshotOf(log.state, rowsMax));
            log.wait(waitMs);
            if (isNextTerm) log.nextTerm();
            const result = log.write(payload);
            expect(apply(replica, log.entries.at(-1) as Entry)).toEqual(result);
          }
          expect(snapshotOf(replica)).toEqual(snapshotOf(log.state));
          expect(replica.lastApplied).toEqual(log.state.lastApplied);
          expect(replica.clusterTimeMs).toBe(log.state.clusterTimeMs);
          expect(replica.primary).toEqual(log.state.primary);
          expect(replica.settings).toEqual(log.state.settings);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('takes entries in order only, each once', () => {
    const log = AppliedLog.started();
    const [first, second] = log.entries as [Entry, Entry];
    const state = new ClusterState();
    expect(() => apply(state, second)).toThrow(InvariantViolation);
    apply(state, first);
    expect(() => apply(state, first)).toThrow(InvariantViolation);
    apply(state, second);
    expect(state.lastApplied).toEqual({ term: 1, index: 2 });
  });

  it('takes neither a term nor a stamp that falls, nor a command entry without a command', () => {
    const log = AppliedLog.started().wait(5).nextTerm();
    log.write({ kind: 'noop' });
    const next = { kind: 'noop' as const, index: index(4) };
    expect(() => log.state.apply({ ...next, term: term(1), stampMs: 5 }, null)).toThrow(
      'terms never fall',
    );
    expect(() => log.state.apply({ ...next, term: term(2), stampMs: 4 }, null)).toThrow(
      'cluster time',
    );
    const bare: Entry = {
      term: term(2),
      index: index(4),
      stampMs: 5,
      kind: 'command',
      data: bytes(''),
    };
    expect(() => log.state.apply(bare, null)).toThrow('carry a command');
  });

  it('takes settings once', () => {
    const log = AppliedLog.started();
    expect(() => log.write({ kind: 'settings', settings: SETTINGS })).toThrow(InvariantViolation);
  });

  it('keeps a bounded history and never cuts a revision in two when it is read', () => {
    const log = AppliedLog.started();
    log.write({ kind: 'configuration', configuration: configuration([A, B, C], [A]), cause: '' });
    expect(log.state.eventsAfter(index(2), 1)).toHaveLength(2);
    expect(log.state.eventsAfter(index(3), 1)).toHaveLength(0);
    expect(log.state.eventsAfter(index(0), 0)).toHaveLength(0);
    for (let count = 0; count < EVENTS_MAX; count += 1) {
      log.write({
        kind: 'activation',
        nodeId: A.id,
        leaseMs: 1,
        cause: '',
        isChosen: false,
        gapMs: null,
      });
    }
    const events = log.state.eventsAfter(index(0), 2 * EVENTS_MAX);
    expect(events).toHaveLength(EVENTS_MAX);
    expect(events.at(-1)?.revision).toBe(log.entries.length);
  });
});

describe('a frozen state', () => {
  it('is cut into parts by rows and by bytes', () => {
    const log = AppliedLog.started();
    const big = new Map([['n', new Uint8Array(200 * 1024)]]);
    for (const id of ['a', 'b', 'c', 'd', 'e']) log.command(put(id, { attributes: big }));
    const rowsOf = (rowsMax: number): number[] =>
      [...log.state.freeze().parts(rowsMax)]
        .filter(({ fact }) => fact === 'sessions')
        .map(({ rows }) => rows.length);
    expect(rowsOf(1)).toEqual([1, 1, 1, 1, 1]);
    expect(rowsOf(100)).toEqual([2, 2, 1]);
  });

  it('costs the same whatever the state holds', () => {
    const log = AppliedLog.started();
    for (let id = 0; id < 20_000; id += 1) log.command(put(`s${id}`));
    const startMs = performance.now();
    for (let count = 0; count < 1000; count += 1) log.state.freeze();
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

describe('a restore', () => {
  const log = AppliedLog.started();
  log.command(put('s'));
  log.write({
    kind: 'activation',
    nodeId: A.id,
    leaseMs: 750,
    cause: '',
    isChosen: false,
    gapMs: null,
  });
  const parts = [...log.state.freeze().parts(100)];
  const changed = (fact: string, change: Partial<SnapshotPart>): SnapshotPart[] =>
    parts.map((part) => (part.fact === fact ? { ...part, ...change } : part));

  it.each([
    { name: 'an unknown fact', given: [...parts, { fact: 'horses', version: 1, rows: [] }] },
    { name: 'an unknown version', given: changed('sessions', { version: 2 }) },
    { name: 'a row of another shape', given: changed('sessions', { rows: [[1, 2]] }) },
    { name: 'a session twice', given: [...parts, ...parts.slice(-1)] },
    { name: 'other members than the configuration has', given: changed('members', { rows: [] }) },
    { name: 'another reign than the meta has', given: changed('reigns', { rows: [] }) },
  ])('refuses $name and leaves the state as it was', ({ given }) => {
    const state = new ClusterState();
    state.restore(log.meta, parts);
    const before = snapshotOf(state);
    expect(() => state.restore(log.meta, given)).toThrow(InvariantViolation);
    expect(snapshotOf(state)).toEqual(before);
  });

  it('replaces everything', () => {
    const other = AppliedLog.started();
    other.command(put('other'));
    other.state.restore(log.meta, parts);
    expect(other.state.session('other')).toBeNull();
    expect(snapshotOf(other.state)).toEqual(snapshotOf(log.state));
    expect(other.state.lastApplied).toEqual(log.state.lastApplied);
  });
});
