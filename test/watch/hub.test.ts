// Watches of one node: whatever is applied, restored, read slowly, closed and taken up again, what a reader rebuilds from what it is
// told is the state at that revision, and no change comes twice or is missing. QUORATE_TEST_LONG=1 runs many more.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WatchCursor } from '../../src/client/watch-cursor.js';
import { QuorateError } from '../../src/errors.js';
import type { Command } from '../../src/state-machine/command.js';
import { EVERYTHING } from '../../src/watch/filter.js';
import type { WatchFilter } from '../../src/watch/filter.js';
import { WATCH_LIMITS } from '../../src/watch/messages.js';
import type { WatchMessage } from '../../src/watch/messages.js';
import { A, B, configuration, index } from '../support/log-words.js';
import { anyLockCommand } from '../support/lock-words.js';
import { expire, put, remove, touch } from '../support/session-words.js';
import { anyChange, change, deleteKey, hasRevision, putKey } from '../support/store-words.js';
import { Reader, WatchWorld } from './words.js';

const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 150;

const STORE: WatchFilter = { fact: 'store', by: 'prefix', key: '' };
const SESSIONS: WatchFilter = { fact: 'session', by: 'prefix', key: '' };
const key = (name: string): WatchFilter => ({ fact: 'store', by: 'key', key: name });

function set(name: string, value = ''): Command {
  return change([putKey(name, value)]);
}

/** Keys with revisions, in the order told. */
function toldChanges(messages: readonly WatchMessage[]): string[] {
  return messages.flatMap((message) => {
    if (message.type !== 'changes') return [];
    return message.revisions.flatMap(({ revision, changes }) =>
      changes.map(
        (each) => `${revision} ${each.fact} ${each.key}${each.value === null ? ' gone' : ''}`,
      ),
    );
  });
}

describe('a watch from now on', () => {
  test('begins with a bookmark, and tells what it asked for in the order of revisions', () => {
    const world = new WatchWorld();
    world.command(set('before'));
    const reader = world.open({ filters: [key('a'), SESSIONS] });
    world.settle();
    expect(reader.messages).toEqual([{ type: 'bookmark', revision: 3 }]);
    world.command(set('a'));
    world.command(set('b'));
    world.command(put('s'));
    world.command(touch('s'));
    world.command(change([deleteKey('a'), putKey('c')]));
    world.command(remove('s'));
    world.settle();
    expect(toldChanges(reader.messages)).toEqual([
      '4 store a',
      '6 session s',
      '8 store a gone',
      '9 session s gone',
    ]);
    expect(reader.toldTo).toBe(9);
  });

  test('tells a revision whole, in one message', () => {
    const world = new WatchWorld();
    const reader = world.open({ filters: [STORE] });
    world.settle();
    world.command(change([putKey('a'), putKey('b'), putKey('c')]));
    world.settle();
    const last = reader.messages.at(-1);
    expect(last).toMatchObject({ type: 'changes', revisions: [{ changes: { length: 3 } }] });
  });

  test('tells nothing of requests that changed nothing', () => {
    const world = new WatchWorld();
    const reader = world.open({ filters: EVERYTHING });
    world.settle();
    world.command(change([putKey('a')], [hasRevision('a', 77)]));
    world.command(change([deleteKey('a')]));
    world.command(remove('s'));
    world.command(touch('s'));
    world.settle();
    expect(toldChanges(reader.messages)).toEqual([]);
  });

  test('says that a session expired, and of members and reigns who and what', () => {
    const world = new WatchWorld();
    const reader = world.open({ filters: EVERYTHING });
    world.settle();
    world.command(put('s', { ttlMs: 2000 }));
    world.log.wait(5000);
    world.command(expire(['s', 3]));
    world.write({
      kind: 'configuration',
      configuration: configuration([A, B], [A]),
      cause: 'join',
    });
    world.settle();
    expect(toldChanges(reader.messages)).toEqual([
      '3 session s',
      '4 session s gone',
      '4 event sessionsExpired',
      '5 member B',
      '5 event memberJoined',
    ]);
    const gone = reader.messages.flatMap((message) =>
      message.type === 'changes' ? message.revisions.flatMap(({ changes }) => changes) : [],
    )[1];
    expect(gone).toMatchObject({ fact: 'session', value: null, hasExpired: true });
  });

  test('comes once, however many filters let it through', () => {
    const world = new WatchWorld();
    const reader = world.open({
      filters: [key('a'), STORE, { fact: 'store', by: 'prefix', key: 'a' }],
    });
    world.settle();
    world.command(set('a'));
    world.settle();
    expect(toldChanges(reader.messages)).toEqual(['3 store a']);
  });
});

describe('a watch from a revision', () => {
  test('tells what happened since, then what happens', () => {
    const world = new WatchWorld();
    for (const name of ['a', 'b', 'c']) world.command(set(name));
    const reader = world.open({ filters: [STORE], after: index(3) });
    world.settle();
    world.command(set('d'));
    world.settle();
    expect(toldChanges(reader.messages)).toEqual(['4 store b', '5 store c', '6 store d']);
  });

  test('of which some is forgotten gets the state, marked, then what happens', () => {
    const world = new WatchWorld({ revisionsMax: 2 });
    for (const name of ['a', 'b', 'c', 'd']) world.command(set(name));
    const reader = world.open({ filters: [STORE], after: index(3) });
    world.settle();
    expect(reader.messages).toMatchObject([
      { type: 'state', revision: 6, isLast: true, isCompacted: true, rows: { length: 4 } },
    ]);
    world.command(set('e'));
    world.settle();
    expect(toldChanges(reader.messages)).toEqual(['7 store e']);
  });

  test('that is not applied yet waits for it, and is told in the end that it did not come', () => {
    const world = new WatchWorld();
    const soon = world.open({ filters: [STORE], after: index(3) });
    const never = world.open({ filters: [STORE], after: index(300) });
    world.settle();
    expect(soon.messages).toEqual([]);
    world.command(set('a'));
    world.command(set('b'));
    world.settle();
    expect(toldChanges(soon.messages)).toEqual(['4 store b']);
    world.nowMs += WATCH_LIMITS.aheadWaitMs;
    world.hub.tick(true);
    expect(never.ended?.code).toBe('REVISION_AHEAD');
    expect(world.hub.size).toBe(1);
  });
});

describe('a watch with the state', () => {
  test('gets it in parts, nothing twice, then what happened meanwhile', () => {
    const world = new WatchWorld();
    const count = WATCH_LIMITS.stepRowsMax * 2 + 10;
    for (let at = 0; at < count; at += 1) world.command(set(`k${at}`));
    const reader = world.open({ filters: [key('k7'), STORE, SESSIONS], withState: true }, 1);
    world.settle();
    world.command(set('meanwhile'));
    reader.read(10);
    world.settle();
    const parts = reader.messages.filter(({ type }) => type === 'state');
    expect(parts.map((part) => part.type === 'state' && part.isLast)).toEqual([false, false, true]);
    expect(reader.size).toBe(count + 1);
    expect(toldChanges(reader.messages)).toEqual([`${count + 3} store meanwhile`]);
  });

  test('that is empty says so', () => {
    const world = new WatchWorld();
    const reader = world.open({ filters: [STORE], withState: true });
    world.settle();
    expect(reader.messages).toEqual([
      { type: 'state', revision: 2, rows: [], isLast: true, isCompacted: false },
    ]);
  });
});

describe('a state that broke off', () => {
  const rows = WATCH_LIMITS.stepRowsMax + 10;
  const written = (world: WatchWorld, from: number, count: number): void => {
    for (let at = from; at < from + count; at += 1) world.command(set(`k${at % rows}`));
  };
  const state = (revision: number, last: boolean): Parameters<WatchCursor['take']>[0] => ({
    revision,
    clusterId: '',
    state: { rows: [], last, compacted: true },
  });

  test('is told anew by a member that lags only once that one has come as far', () => {
    const [ahead, behind] = [new WatchWorld({ revisionsMax: 2 }), new WatchWorld()];
    for (const world of [ahead, behind]) written(world, 0, rows);
    const known = behind.revision;
    written(ahead, rows, 20);
    const cursor = new WatchCursor({ afterRevision: known });
    // What the first member has of it is compacted, and only the first part of its state arrives.
    const first = ahead.open({ filters: [STORE], after: index(known) }, 1);
    ahead.settle();
    expect(first.messages).toMatchObject([{ type: 'state', isLast: false, isCompacted: true }]);
    const seen = first.messages[0]?.revision ?? 0;
    expect(seen).toBe(known + 20);
    cursor.begin();
    cursor.take(state(seen, false));

    cursor.begin();
    const { afterRevision, withState } = cursor.request;
    expect([afterRevision, withState]).toEqual([seen, true]);
    const wish = { filters: [STORE], after: index(seen), withState: true };
    const second = behind.open(wish);
    written(behind, rows, 19);
    behind.settle();
    expect(second.messages).toEqual([]);
    written(behind, rows + 19, 1);
    behind.settle();
    expect(second.messages[0]).toMatchObject({ type: 'state', revision: seen, isLast: false });
    expect(second.messages.at(-1)).toMatchObject({ type: 'state', revision: seen, isLast: true });
  });

  test('is not waited for longer than any revision that was not applied', () => {
    const world = new WatchWorld();
    const reader = world.open({ filters: [STORE], after: index(99), withState: true });
    world.settle();
    world.nowMs += WATCH_LIMITS.aheadWaitMs;
    world.hub.tick(true);
    expect(reader.messages).toEqual([]);
    expect(reader.ended?.code).toBe('REVISION_AHEAD');
  });
});

describe('a slow reader', () => {
  test('is sent nothing while it is full, and goes on from the history', () => {
    const world = new WatchWorld();
    const reader = world.open({ filters: [STORE] }, 1);
    world.settle();
    const count = WATCH_LIMITS.waitingMax * 2;
    for (let at = 0; at < count; at += 1) {
      world.command(set('a', `${at}`));
      world.turn();
    }
    expect(reader.messages.length).toBe(1);
    reader.read(1000);
    world.settle();
    expect(toldChanges(reader.messages).length).toBe(count);
  });

  test('is cut off once the history has forgotten what it lacks, and resumes with the state', () => {
    const world = new WatchWorld({ revisionsMax: 20 });
    const reader = world.open({ filters: [STORE], after: index(2) }, 1);
    world.settle();
    for (let at = 0; at < 30 + WATCH_LIMITS.waitingMax; at += 1) {
      world.command(set('a', `${at}`));
      world.turn();
    }
    expect(reader.ended).toBeNull();
    world.hub.tick(true);
    expect(reader.ended?.code).toBe('WATCHER_TOO_SLOW');
    expect(world.hub.size).toBe(0);
    const again = world.open({ filters: [STORE], after: index(reader.toldTo ?? 0) });
    world.settle();
    expect(again.messages).toMatchObject([{ type: 'state', isCompacted: true, isLast: true }]);
  });
});

describe('bookmarks', () => {
  test('come when nothing did for as long as asked, and only from a node that is current', () => {
    const world = new WatchWorld();
    const reader = world.open({ filters: [key('a')], bookmarkMs: 1000 });
    world.settle();
    world.command(set('b'));
    world.nowMs = 999;
    world.hub.tick(true);
    world.settle();
    expect(reader.messages.length).toBe(1);
    world.nowMs = 1000;
    world.hub.tick(false);
    world.settle();
    expect(reader.messages.length).toBe(1);
    world.hub.tick(true);
    world.settle();
    expect(reader.messages.at(-1)).toEqual({ type: 'bookmark', revision: 3 });
    world.hub.tick(true);
    world.settle();
    expect(reader.messages.length).toBe(2);
  });
});

describe('many watchers', () => {
  test('are served in slices, each within its turn of the event loop', () => {
    const world = new WatchWorld();
    const count = WATCH_LIMITS.watchersPerTurn * 3;
    const readers = Array.from({ length: count }, () => world.open({ filters: [key('a')] }));
    world.settle();
    world.command(set('a'));
    world.turn();
    const served = readers.filter(({ messages }) => messages.length === 2).length;
    expect(served).toBe(WATCH_LIMITS.watchersPerTurn);
    world.settle();
    expect(readers.every(({ messages }) => messages.length === 2)).toBe(true);
  });

  test('are bounded, and one that leaves makes room', () => {
    const world = new WatchWorld();
    const readers = Array.from({ length: WATCH_LIMITS.watchersMax }, () =>
      world.open({ filters: [key('a')] }),
    );
    const open = (): Reader => world.open({ filters: [key('a')] });
    expect(open).toThrow('no more are allowed');
    readers[0]?.close();
    expect(open).not.toThrow();
  });

  test('all end when the hub stops', () => {
    const world = new WatchWorld();
    const readers = [STORE, SESSIONS].map((filter) => world.open({ filters: [filter] }));
    world.hub.stop(new QuorateError('STOPPING', 'this node is stopping'));
    expect(readers.map(({ ended }) => ended?.code)).toEqual(['STOPPING', 'STOPPING']);
    world.command(set('a'));
    world.settle();
    expect(readers.flatMap(({ messages }) => messages)).toEqual([]);
  });
});

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  anyChange,
  anyLockCommand,
  fc.constantFrom('a', 'ab', 'b').map((id) => put(id)),
  fc.constantFrom('a', 'ab', 'b').map((id) => remove(id)),
  fc.constantFrom('a', 'b').map((id) => touch(id)),
);

const anyFilter: fc.Arbitrary<WatchFilter> = fc.record({
  fact: fc.constantFrom(...(['session', 'store', 'lock', 'member'] as const)),
  by: fc.constantFrom('key' as const, 'prefix' as const),
  key: fc.constantFrom('', 'a', 'ab', 'é', 'x'),
});

type Step =
  | { readonly type: 'apply'; readonly command: Command }
  | { readonly type: 'restore'; readonly commands: readonly Command[] }
  | { readonly type: 'turn' }
  | {
      readonly type: 'open';
      readonly filters: readonly WatchFilter[];
      readonly withState: boolean;
      readonly room: number;
    }
  | { readonly type: 'read'; readonly which: number; readonly count: number }
  | { readonly type: 'resume'; readonly which: number };

const which = fc.nat({ max: 5 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('apply' as const), command: anyCommand }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('restore' as const),
      commands: fc.array(anyCommand, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('turn' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('open' as const),
      filters: fc.array(anyFilter, { minLength: 1, maxLength: 3 }),
      withState: fc.boolean(),
      room: fc.constantFrom(1, 2, 50),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('read' as const),
      which,
      count: fc.constantFrom(1, 5),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('resume' as const), which }) },
);

describe('whatever happens', () => {
  test('a reader that goes on wherever it was cut off knows the state at each revision it was told', () => {
    fc.assert(
      fc.property(
        fc.array(anyStep, { minLength: 10, maxLength: 80, size: 'max' }),
        fc.constantFrom(2, 6, 10_000),
        (steps, revisionsMax) => {
          const world = new WatchWorld({ revisionsMax });
          const readers: Reader[] = [];
          for (const step of steps) {
            carryOut(world, readers, step);
            world.hub.tick(true);
          }
          for (const reader of readers) reader.read(100_000);
          world.settle();
          for (const reader of readers.filter(({ ended }) => ended === null)) {
            expect(world.hub.size).toBeGreaterThan(0);
            reader.close();
          }
          expect(world.hub.size).toBe(0);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

function carryOut(world: WatchWorld, readers: Reader[], step: Step): void {
  switch (step.type) {
    case 'apply':
      world.command(step.command);
      return;
    case 'restore':
      world.restore(step.commands);
      return;
    case 'turn':
      world.turn();
      return;
    case 'open':
      readers.push(world.open(step, step.room));
      return;
    case 'read':
      readers[step.which]?.read(step.count);
      return;
    case 'resume': {
      const old = readers[step.which];
      if (old?.toldTo === null || old?.toldTo === undefined || old.isInState) return;
      old.close();
      const wish = { ...old.wish, withState: false, after: index(old.toldTo) };
      readers[step.which] = new Reader(world, wish, 3);
    }
  }
}
