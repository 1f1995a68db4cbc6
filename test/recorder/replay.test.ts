// Whatever happens to a node, the record of its core replays to the very states: digests at each step, checkpoints on the way,
// and in the end all of the core, though no payload was recorded. Seeds of the simulator with all its faults are the cases. A
// core that is another than the recorded one, and a record that was changed, are found out.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { QuorateError } from '../../src/errors.js';
import { encodeCheckpoint } from '../../src/recorder/checkpoint.js';
import { joined } from '../../src/recorder/bytes.js';
import { framesOf, FORMAT, livesIn, MAGIC } from '../../src/recorder/record-file.js';
import type { RecordedLife } from '../../src/recorder/record-file.js';
import { Replay } from '../../src/recorder/replay.js';
import type { Step } from '../../src/recorder/replay.js';
import { EMPTY_BATCH } from '../../src/node/ports.js';
import { Raft } from '../../src/raft/raft.js';
import type { Entry, NodeId, Term } from '../../src/raft/types.js';
import { Across } from '../../simulations/record/across.js';
import { replayRecords } from '../../simulations/record/replay-records.js';
import { pageOf } from '../../simulations/picture/page.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import { recordedRun } from './words.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';
const SEEDS = IS_LONG ? 300 : 2;
const TIME_MS = IS_LONG ? 20_000 : 2_500;
const FIXED = { seed: 77n, timeMs: 1_500, nodes: 3 };

const fresh = randomBytes(8).readBigUInt64BE();
console.log(`fresh simulation seed: ${fresh}`);

function lastStep(life: RecordedLife, resume?: ConstructorParameters<typeof Replay>[1]): Step {
  let last: Step = { type: 'began' };
  for (const step of new Replay(life, resume).steps()) last = step;
  return last;
}

describe('the record of each process of a run', () => {
  test('replays to the same states, step by step', { timeout: 1_200_000 }, () => {
    const counts = { items: 0, leading: 0 };
    const others: string[] = [];
    for (let at = 0n; at < SEEDS; at += 1n) {
      const seed = BigInt.asUintN(64, fresh + at);
      const { lives } = recordedRun({ seed, timeMs: TIME_MS });
      for (const { life, raft } of lives) {
        const where = `seed ${seed}, ${life.head.node}`;
        const replay = new Replay(life);
        for (const step of replay.steps()) {
          const isOther = step.type === 'diverged' || step.type === 'violated';
          if (isOther) others.push(`${where}, item ${replay.count}: ${JSON.stringify(step)}`);
          if (replay.raft.state.role.type === 'leader') counts.leading += 1;
        }
        counts.items += replay.count;
        const [replayed, recorded] = [replay.raft, raft].map((core) =>
          encodeCheckpoint(core.save()),
        );
        if (replayed?.join() !== recorded?.join()) others.push(`${where}: another core in the end`);
      }
    }
    expect(others).toEqual([]);
    expect(counts.items).toBeGreaterThan(1000);
    expect(counts.leading).toBeGreaterThan(0);
  });
});

describe('a replay', () => {
  const { lives } = recordedRun(FIXED, 8 * 1024 * 1024);
  const records = lives.map(({ life }) => life);
  const busiest = records.reduce((most, life) => (sizeOf(life) > sizeOf(most) ? life : most));

  test('of all nodes together holds across them, and draws every node', () => {
    const options = { lastMs: null, sink: null, isDrawn: true };
    const { verdict, lives: replayed, recording } = replayRecords(records, options);
    expect(verdict).toEqual({ type: 'held' });
    expect(replayed.map(({ difference }) => difference)).toEqual(replayed.map(() => null));
    if (recording === null) throw new Error('nothing was drawn');
    const roles = recording.nodes.flatMap(({ states }) => states.map(({ role }) => role));
    expect(roles).toContain('leader');
    const arrived = recording.messages.filter(
      ({ sent, arrived: place }) => place !== null && place !== sent,
    );
    expect(arrived.length).toBeGreaterThan(100);
    expect(pageOf(recording)).toContain('record of node1');
  });

  test('finds a core that decides otherwise', () => {
    class Forgetful extends Raft {
      override step(...[input]: Parameters<Raft['step']>): ReturnType<Raft['step']> {
        const isVote = input.type === 'message' && input.message.type === 'requestVote';
        return isVote ? null : super.step(input);
      }
    }
    const found = records.map((life) =>
      lastStep(
        life,
        (saved) => Object.setPrototypeOf(Raft.resumed(saved), Forgetful.prototype) as Raft,
      ),
    );
    expect(found.map(({ type }) => type)).toContain('diverged');
  });

  test('finds an input that was changed', () => {
    const [segment] = busiest.segments;
    if (segment === undefined) throw new Error('no segment');
    let foundCount = 0;
    const rounds = 24;
    for (let round = 1; round <= rounds; round += 1) {
      const items = segment.items.slice();
      const place = Math.floor((items.length * round) / (rounds + 1));
      items[place] = (items[place] ?? 0) ^ 1;
      const changed = {
        ...busiest,
        segments: [{ ...segment, items }, ...busiest.segments.slice(1)],
      };
      foundCount += isFound(changed) ? 1 : 0;
    }
    // A bit of a late tick or of a time between two may change nothing that the protocol turns on.
    expect(foundCount).toBeGreaterThan(rounds / 3);
  });

  test('goes on over checkpoints, each the very core that it came to', () => {
    const ring = Math.ceil(sizeOf(busiest) / 2);
    const kinds = recordedRun(FIXED, ring).lives.map(({ life }) => {
      return [...new Replay(life).steps()].map(({ type }) => type);
    });
    expect(kinds.flat()).toContain('checkpoint');
    expect(kinds.flat()).not.toContain('diverged');
  });

  test('of several nodes finds what no two may differ in', () => {
    const replay = new Replay(records.find(leads) ?? busiest);
    for (const _step of replay.steps()) if (replay.raft.state.role.type === 'leader') break;
    const { raft } = replay;
    const { state } = raft;
    const across = new Across((id) => `n${id}`);
    across.look(raft, { type: 'began' });
    const from = { id: 99 as NodeId, installId: state.options.installId };
    const word = { term: state.term, round: 1, leaseMs: 1, clusterTimeMs: 1 };
    const message = {
      type: 'appendEntries',
      ...word,
      prev: state.log.last,
      entries: [],
      commitIndex: state.commitIndex,
    } as const;
    expect(() =>
      across.look(raft, {
        type: 'input',
        input: { type: 'message', nowMs: state.nowMs, from, message },
      }),
    ).toThrow(`term ${state.term} has two leaders`);
    const [entry] = state.log.entries();
    if (entry === undefined) throw new Error('an empty log');
    const taken = (...committed: Entry[]): void =>
      across.look(raft, { type: 'taken', ready: { ...EMPTY_READY, committed } });
    taken(entry);
    expect(() => taken({ ...entry, term: (entry.term + 1) as Term })).toThrow(
      'was committed in term',
    );
    const persist = { ...EMPTY_BATCH, entries: [{ ...entry, stampMs: entry.stampMs + 1 }] };
    expect(() => across.look(raft, { type: 'taken', ready: { ...EMPTY_READY, persist } })).toThrow(
      'and elsewhere',
    );
  });
});

describe('a file', () => {
  const [first] = recordedRun({ ...FIXED, timeMs: 500 }).lives;
  if (first === undefined) throw new Error('nothing was recorded');
  const { life } = first;
  const segments = life.segments.map(({ checkpoint, items }) => ({ checkpoint, items: [items] }));
  const file = joined(framesOf(life.head, segments));

  test('reads as it was written, also several behind one another', () => {
    expect(livesIn('f', joined([file, file]))).toEqual([life, life]);
  });

  test('that is cut off anywhere is refused', () => {
    for (let length = 0; length < file.length; length += Math.ceil(file.length / 97)) {
      expect(complaint(file.subarray(0, length))).toMatch(/cut off|middle|no record/);
    }
  });

  test('with one changed byte is refused', () => {
    for (let at = 0; at < file.length; at += Math.ceil(file.length / 97)) {
      const changed = file.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      expect(complaint(changed), `byte ${at}`).toMatch(
        /damaged|cut off|wrong order|format|no record/,
      );
    }
  });

  test('of a newer format says so', () => {
    const newer = file.slice();
    newer[MAGIC.length] = FORMAT + 1;
    expect(complaint(newer)).toBe(
      `f: it is of format ${FORMAT + 1}, written by newer software; this one reads ${FORMAT}`,
    );
  });

  test('with an item that nobody knows is refused', () => {
    const items = new Uint8Array([99, 0]);
    const odd = joined(
      framesOf(life.head, [{ checkpoint: life.segments[0]?.checkpoint ?? items, items: [items] }]),
    );
    expect(() => lastStep(livesIn('f', odd)[0] ?? life)).toThrow('an item in it is of kind 99');
  });

  function complaint(bytes: Uint8Array): string {
    try {
      livesIn('f', bytes);
    } catch (error) {
      if (error instanceof QuorateError && error.code === 'BAD_RECORD') return error.message;
      throw error;
    }
    return 'it was read';
  }
});

function sizeOf({ segments }: RecordedLife): number {
  return segments.reduce((sum, { items }) => sum + items.length, 0);
}

function leads(life: RecordedLife): boolean {
  const replay = new Replay(life);
  for (const _step of replay.steps()) if (replay.raft.state.role.type === 'leader') return true;
  return false;
}

function isFound(life: RecordedLife): boolean {
  try {
    const { type } = lastStep(life);
    return type === 'diverged' || type === 'violated';
  } catch {
    return true;
  }
}
