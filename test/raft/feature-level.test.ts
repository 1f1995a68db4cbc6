// When a leader raises the feature level, what holds it back, whom it keeps out, and what becomes of a node that does not
// speak it. It is tried on one bare Raft whose peers greet as the test says.

import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../src/raft/assert.js';
import { heldBackBy, whyUnspokenOnDisk } from '../../src/raft/feature-level.js';
import { bootstrap } from '../../src/raft/initial.js';
import type { Entry, Software } from '../../src/raft/types.js';
import { Bench } from '../support/raft-bench.js';
import {
  appendEntries,
  change,
  configuration,
  entry,
  id,
  install,
  loaded,
  loadedSnapshot,
  logOf,
  member,
  N,
  snapshotOf,
} from '../support/raft-words.js';
import type { MemberExtras } from '../support/raft-words.js';

const OLD: Software = { version: '0.1.0', featureMin: 1, featureMax: 1 };
const LATER: Software = { version: '0.2.0', featureMin: 1, featureMax: 2 };
const LATEST: Software = { version: '0.3.0', featureMin: 1, featureMax: 3 };

const level = (at: number, to: number, term = 1): Entry =>
  entry(at, term, { kind: 'featureLevel', level: to });

function greet(bench: Bench, from: number, software: Software, incarnation = 1): void {
  const sender = { id: N(from), installId: install(from, incarnation) };
  bench.step({ type: 'greeted', from: sender, software });
}

/** Lets time pass; these peers answer every heartbeat and acknowledge all. */
function run(bench: Bench, peers: readonly number[], ms = 3000): void {
  for (let passed = 0; passed < ms; passed += 100) {
    bench.tick(100);
    bench.settle();
    if (bench.state.role.type !== 'leader') return;
    for (const peer of peers) {
      if (bench.leader.progress.has(N(peer))) bench.match(peer);
    }
    bench.settle();
  }
}

/** Node 1 leads 1, 2 and 3 and runs `own`; the others have greeted with what is given. */
function leading(own: Software, others: Readonly<Record<number, Software>>): Bench {
  const bench = new Bench({ software: own });
  bench.reign([2, 3]);
  for (const [node, software] of Object.entries(others)) greet(bench, Number(node), software);
  return bench;
}

const levelOf = (bench: Bench): number => bench.state.applied.featureLevel;
const held = (bench: Bench): string[] =>
  heldBackBy(bench.state, bench.leader).map(({ name, why }) => `${name}: ${why}`);

function levelsInLog({ state }: Bench): number[] {
  const levels: number[] = [];
  for (let at = 1; at <= state.log.lastIndex; at += 1) {
    const found = state.log.entryAt(at as Entry['index']);
    if (found?.kind === 'featureLevel') levels.push(found.level);
  }
  return levels;
}

describe('a leader', () => {
  it('raises the level once every member speaks the next one', () => {
    const bench = leading(LATER, { 2: LATER, 3: LATER });
    run(bench, [2, 3]);
    expect(levelOf(bench)).toBe(2);
    expect(levelsInLog(bench)).toEqual([2]);
    expect(held(bench)).toEqual([]);
  });

  it('raises it by one, applied before the next, up to what the oldest speaks', () => {
    const bench = leading(LATEST, { 2: LATEST, 3: LATEST });
    run(bench, [2, 3]);
    expect(levelsInLog(bench)).toEqual([2, 3]);
    const behind = leading(LATEST, { 2: LATEST, 3: LATER });
    run(behind, [2, 3]);
    expect(levelsInLog(behind)).toEqual([2]);
    expect(held(behind)).toEqual(['node3: version 0.2.0 speaks no level above 2']);
  });

  it.each<[string, Software, Record<number, Software>, number[], string[]]>([
    [
      'one is old',
      LATER,
      { 2: LATER, 3: OLD },
      [2, 3],
      ['node3: version 0.1.0 speaks no level above 1'],
    ],
    [
      'it is old itself',
      OLD,
      { 2: LATER, 3: LATER },
      [2, 3],
      ['node1: version 0.1.0 speaks no level above 1'],
    ],
    ['one is down', LATER, { 2: LATER, 3: LATER }, [2], ['node3: it is not in contact']],
    [
      'one has not greeted',
      LATER,
      { 2: LATER },
      [2, 3],
      ['node3: version 0.1.0 speaks no level above 1'],
    ],
  ])('does not raise it while %s', (_name, own, others, up, expected) => {
    const bench = leading(own, others);
    run(bench, up);
    expect(levelsInLog(bench)).toEqual([]);
    expect(held(bench)).toEqual(expected);
  });

  it('says nothing of what holds the level back while nobody speaks a higher one', () => {
    expect(held(leading(OLD, { 2: OLD, 3: OLD }))).toEqual([]);
  });

  it('waits until a member has been in contact for two election timeouts, for it may go back', () => {
    const bench = leading(LATER, { 2: LATER, 3: LATER });
    run(bench, [2], 2500);
    run(bench, [2, 3], 1500);
    expect(held(bench)).toEqual(['node3: it has only just been heard']);
    run(bench, [2, 3], 1000);
    expect(levelOf(bench)).toBe(2);
  });

  it.each<[string, MemberExtras, number[], number[]]>([
    ['a learner', {}, [1, 2, 3], [4]],
    ['a witness', { 3: { witness: true } }, [1, 2, 3], []],
  ])('asks %s as well', (_name, extras, voters, learners) => {
    const asked = learners[0] ?? 3;
    const foundation = logOf([1, 1], voters, extras);
    const [settings] = foundation as [Entry];
    const kind = 'configuration';
    const payload = { kind, configuration: configuration(voters, { learners, extras }), cause: '' };
    const log = [settings, entry(2, 1, payload as { kind: typeof kind } & typeof payload)];
    const bench = new Bench({ software: LATER, loaded: loaded(log) });
    bench.reign([2, 3]);
    const peers = [2, 3, 4];
    for (const peer of peers) if (peer !== asked) greet(bench, peer, LATER);
    run(bench, peers);
    expect(levelsInLog(bench)).toEqual([]);
    greet(bench, asked, LATER);
    run(bench, peers);
    expect(levelsInLog(bench)).toEqual([2]);
  });

  it('asks both halves of a joint configuration, those on their way out too', () => {
    const joint = configuration([1, 2, 4], { outgoing: [1, 2, 3], leaving: [3] });
    const payload = { kind: 'configuration', configuration: joint, cause: 'test' } as const;
    const log = [...logOf([1, 1]), entry(3, 1, payload)];
    const bench = new Bench({ software: LATER, loaded: loaded(log) });
    bench.elect([2, 3]);
    for (const peer of [2, 4]) greet(bench, peer, LATER);
    // Nothing is committed, so that joint is not left.
    for (let passed = 0; passed < 900; passed += 100) {
      bench.tick(100);
      bench.settle();
    }
    expect(held(bench).map((line) => line.slice(0, 5))).toContain('node3');
    expect(levelsInLog(bench)).toEqual([]);
  });

  it('waits for one that was just removed and is still sent the log', () => {
    const bench = leading(LATER, { 2: LATER, 3: OLD });
    run(bench, [2, 3]);
    bench.change(change({ remove: [3] }));
    run(bench, [2, 3], 800);
    expect(bench.raft.configuration.members.map((each) => Number(each.id))).toEqual([1, 2]);
    expect(levelsInLog(bench)).toEqual([]);
    run(bench, [2], 5000);
    expect(levelsInLog(bench)).toEqual([2]);
  });

  it('writes down what a member runs as soon as that greets with other software', () => {
    const bench = leading(OLD, { 2: OLD, 3: OLD });
    run(bench, [2, 3]);
    const before = bench.state.log.lastIndex;
    greet(bench, 2, LATER);
    run(bench, [2, 3], 200);
    expect(bench.raft.configuration.members.find((each) => each.id === N(2))).toMatchObject(LATER);
    expect(bench.state.log.lastIndex).toBe(before + 1);
    run(bench, [2, 3]);
    expect(bench.state.log.lastIndex).toBe(before + 1);
  });

  it('does not take the word of another data directory for the member', () => {
    const bench = leading(LATER, { 2: LATER });
    greet(bench, 3, LATER, 2);
    run(bench, [2, 3]);
    expect(levelsInLog(bench)).toEqual([]);
  });

  it('refuses a newcomer that does not speak the level, applied or only appended', () => {
    const bench = leading(LATER, { 2: LATER, 3: LATER });
    const reason =
      'node4: version 0.1.0 speaks feature level 1, the cluster is at 2: install a later version, one that speaks 2';
    const refused = { type: 'refused', refusal: { reason: 'invalidChange', detail: reason } };
    while (levelsInLog(bench).length === 0) {
      bench.tick(100);
      bench.settle();
      if (levelsInLog(bench).length > 0) break;
      for (const peer of [2, 3]) bench.match(peer);
      bench.settle();
    }
    expect(levelOf(bench)).toBe(1);
    expect(bench.change(change({ add: [4] }))).toEqual(refused);
    run(bench, [2, 3], 300);
    expect(levelOf(bench)).toBe(2);
    expect(bench.change(change({ add: [4] }))).toEqual(refused);
    expect(bench.change(change({ add: [member(4, LATER)] }))).toMatchObject({ type: 'appended' });
  });

  it('goes on from a level that an earlier leader appended and did not commit', () => {
    const log = [...logOf([1, 1]), level(3, 2)];
    const bench = new Bench({ software: LATEST, loaded: loaded(log) });
    expect(levelOf(bench)).toBe(1);
    bench.reign([2, 3]);
    expect(levelOf(bench)).toBe(2);
    for (const peer of [2, 3]) greet(bench, peer, LATEST);
    run(bench, [2, 3]);
    expect(levelsInLog(bench)).toEqual([2, 3]);
  });
});

describe('a node', () => {
  const reach = (software: Software, to: number): Bench => {
    const bench = new Bench({ software });
    const entries = [level(3, to)];
    bench.hear(2, appendEntries(1, id(2, 1), entries, { commitIndex: level(3, to).index }));
    return bench;
  };

  it('takes the level when its entry is applied, not before', () => {
    const bench = new Bench({ software: LATER });
    bench.hear(2, appendEntries(1, id(2, 1), [level(3, 2)]));
    expect(levelOf(bench)).toBe(1);
    bench.hear(2, appendEntries(1, id(3, 1), [], { commitIndex: level(3, 2).index }));
    expect(levelOf(bench)).toBe(2);
    expect(bench.raft.snapshotMeta()).toMatchObject({ featureLevel: 2 });
  });

  it('stops at a level that it does not know, and says what to install', () => {
    expect(() => reach(OLD, 2)).toThrow(InvariantViolation);
    expect(() => reach(OLD, 2)).toThrow(
      'version 0.1.0 speaks feature level 1, the cluster is at 2: install a later version, one that speaks 2',
    );
  });

  it('stops at a snapshot of a level that it does not know, and keeps nothing of it', () => {
    const bench = new Bench({ software: OLD });
    const meta = snapshotOf(9, 1, { featureLevel: 2 });
    bench.hear(2, appendEntries(1, id(2, 1), []));
    bench.settle();
    expect(() => bench.received(2, meta)).toThrow('install a later version');
  });

  it('that has unlearned a level still reads of it in the log', () => {
    expect(levelOf(reach({ version: '0.9.0', featureMin: 3, featureMax: 3 }, 2))).toBe(2);
  });

  it('has the level of its snapshot when it begins', () => {
    const meta = snapshotOf(9, 1, { featureLevel: 2 });
    expect(levelOf(new Bench({ software: LATER, loaded: loadedSnapshot(meta, []) }))).toBe(2);
  });

  const founded = logOf([1, 1]);
  const newcomers = logOf([1, 1], [2, 3]);
  const unlearned: Software = { version: '0.9.0', featureMin: 2, featureMax: 3 };
  it.each<[string, Software, Parameters<typeof whyUnspokenOnDisk>[2], boolean]>([
    ['what it speaks', LATER, { snapshot: null, entries: [...founded, level(3, 2)] }, false],
    ['a level above', OLD, { snapshot: null, entries: [...founded, level(3, 2)] }, true],
    [
      'a level above in its snapshot',
      OLD,
      { snapshot: snapshotOf(9, 1, { featureLevel: 2 }), entries: [] },
      true,
    ],
    ['a level below, as a member', unlearned, { snapshot: null, entries: founded }, true],
    ['one below, while it catches up', unlearned, { snapshot: null, entries: newcomers }, false],
    ['nothing', unlearned, { snapshot: null, entries: [] }, false],
  ])('that finds %s on its disk', (_name, software, found, isRefused) => {
    expect(whyUnspokenOnDisk(N(1), software, found) !== null).toBe(isRefused);
  });

  it('that begins a cluster begins with the lowest level that it speaks', () => {
    const settings = { clusterId: 'c'.repeat(32), clusterName: 'x', electionTimeoutMs: 1000 };
    const { loaded: one } = bootstrap(settings, [member(1, LATER)], 'test');
    expect(one.entries.map(({ kind }) => kind)).toEqual(['settings', 'configuration']);
    const { loaded: two } = bootstrap(settings, [member(1, unlearned)], 'test');
    expect(two.entries.at(-1)).toMatchObject({ kind: 'featureLevel', level: 2, index: 3 });
  });
});
