// What the keeper does when processes are defined anew: exactly those that are new, gone or otherwise start, end or start again, in
// the order of their groups. Nothing of it makes anything primary-only start earlier, elsewhere, or live longer.

import { describe, expect, test } from 'vitest';
import { definitionChanges, restartedAmong } from '../../src/keeper/definition-change.js';
import { Keeper } from '../../src/keeper/keeper.js';
import type { Kept } from '../../src/keeper/words.js';
import { definition } from '../supervisor/words.js';
import { kept, lease, PlayedKeeper } from './words.js';

const everywhere = (name: string, how: Partial<Kept> = {}): Kept =>
  kept(name, { primaryOnly: false, ...how });

function running(...all: Kept[]): PlayedKeeper {
  const played = new PlayedKeeper(...all);
  played.at(0, { type: 'lease', order: lease(5, 0) });
  all.forEach(({ name }, at) => played.at(1, { type: 'started', name, run: at + 1, pid: at + 10 }));
  return played;
}

const define = (all: readonly Kept[], changed: string[], restarted: string[] = []) =>
  ({ type: 'define', id: 1, kept: all, changed, restarted }) as const;

describe('processes that are defined anew', () => {
  test('new ones start, those that are as before go on', () => {
    const played = running(everywhere('a'));
    const said = played.at(2, define([everywhere('a'), everywhere('b'), kept('c')], ['b', 'c']));
    expect(said).toEqual(['defined b:starts c:starts', 'start b#2', 'start c#3 epoch 5']);
  });

  test('one that is removed has its grace, then is killed, then is forgotten', () => {
    const played = running(everywhere('a', { stopGraceMs: 100 }), everywhere('b'));
    const told = [
      'defined a:ends',
      'a told to end: it is not configured any more',
      'terminate a#1',
    ];
    expect(played.at(2, define([everywhere('b')], ['a']))).toEqual(told);
    expect(played.at(102)).toEqual(['kill a#1']);
    expect(played.keeper.lives.map((life) => life.kept.name)).toEqual(['a', 'b']);
    played.at(103, { type: 'ended', name: 'a', run: 1, why: 'killed' });
    expect(played.keeper.lives.map((life) => life.kept.name)).toEqual(['b']);
  });

  test('one that starts otherwise ends by its old grace, and starts once nothing of it is left', () => {
    const played = running(everywhere('a', { stopGraceMs: 100 }));
    played.at(2, define([everywhere('a', { stopGraceMs: 9000 })], ['a'], ['a']));
    expect(played.at(102)).toEqual(['kill a#1']);
    const ended = played.at(103, { type: 'ended', name: 'a', run: 1, why: 'killed' });
    expect(ended).toEqual(['a ended: killed', 'start a#2']);
  });

  test('those of a group end the last first and start the first first', () => {
    const grouped = ['a', 'b', 'c'].map((name) => everywhere(name, { group: 'G' }));
    const played = running(...grouped);
    // A group starts one by one.
    for (const [at, name] of ['b', 'c'].entries()) {
      played.at(1, { type: 'started', name, run: at + 2, pid: at + 20 });
    }
    expect(played.at(2, define(grouped, ['a', 'c'], ['a', 'c']))).toContain('terminate c#3');
    expect(played.at(3, { type: 'ended', name: 'c', run: 3, why: 'x' })).toContain('terminate a#1');
    const back = played.at(4, { type: 'ended', name: 'a', run: 1, why: 'x' });
    expect(back.filter((word) => word.startsWith('start'))).toEqual(['start a#4']);
    expect(played.at(5, { type: 'started', name: 'a', run: 4, pid: 9 })).toEqual(['start c#5']);
  });

  test.each([
    { name: 'other limits leave it running', how: { stopGraceMs: 5 }, effect: 'kept' },
    { name: 'one that shall not start any more ends', how: { start: false }, effect: 'ends' },
  ])('$name', ({ how, effect }) => {
    const played = running(everywhere('a'));
    expect(played.at(2, define([everywhere('a', how)], ['a']))[0]).toBe(`defined a:${effect}`);
  });

  test('what an operator stopped stays stopped, however it is defined', () => {
    const played = running(everywhere('a'));
    played.at(2, { type: 'command', id: 1, name: 'a', action: 'stop' });
    played.at(3, { type: 'ended', name: 'a', run: 1, why: 'x' });
    expect(played.at(4, define([everywhere('a')], ['a'], ['a']))).toEqual(['defined a:stopped']);
  });

  test('one that was given up is tried again', () => {
    const played = running(everywhere('a', { restart: { limit: 0, withinMs: 1000 } }));
    expect(played.at(2, { type: 'ended', name: 'a', run: 1, why: 'x' })).toContain('givenUp a');
    expect(played.at(3, define([everywhere('a')], ['a'], ['a']))).toContain('start a#2');
  });

  test('one that comes back before it has ended starts again once it has', () => {
    const played = running(everywhere('a'));
    played.at(2, define([], []));
    expect(played.at(3, define([everywhere('a')], ['a']))).toEqual(['defined a:restarts']);
    expect(played.at(4, { type: 'ended', name: 'a', run: 1, why: 'x' })).toContain('start a#2');
  });
});

describe('what only the primary runs', () => {
  test('waits where this node is not primary', () => {
    const played = new PlayedKeeper();
    expect(played.at(0, define([kept('a')], ['a']))).toEqual(['defined a:waits']);
  });

  test('that is to run everywhere is still held by the lease while it runs', () => {
    const played = running(kept('a'));
    // Whoever says that it need not start again is not believed.
    played.at(2, define([everywhere('a')], ['a'], []));
    const order = lease(5, 0);
    expect(played.at(order.untilMs - order.leaseMs / 5 + 1)).toEqual(['kill a#1']);
  });

  test('starts nothing during a hand-over, and whatever was removed is waited for', () => {
    const played = running(kept('a'));
    played.at(2, { type: 'handOver', epoch: 5, stopId: 7 });
    expect(played.at(3, define([kept('b')], ['b']))).toEqual(['defined b:waits']);
    const ended = played.at(4, { type: 'ended', name: 'a', run: 1, why: 'x' });
    expect(ended).toEqual(['a ended: x', 'stopped 7']);
  });

  test('a hand-over that is taken back does not keep what was removed', () => {
    const played = running(kept('a', { group: 'G' }), kept('b', { group: 'G' }));
    played.at(2, { type: 'started', name: 'b', run: 2, pid: 3 });
    played.at(3, define([], []));
    played.at(4, { type: 'handOver', epoch: 5, stopId: 7 });
    played.at(5, { type: 'resume', epoch: 5 });
    expect(played.at(6, { type: 'ended', name: 'b', run: 2, why: 'x' })).toContain('terminate a#1');
  });

  test('nothing is defined any more once the daemon stops', () => {
    const keeper = new Keeper([]);
    keeper.step({ type: 'shutdown', nowMs: 0 });
    const said = keeper.step({ nowMs: 1, ...define([everywhere('a')], ['a']) });
    expect(said).toEqual([{ type: 'defined', id: 1, effects: null }]);
  });
});

describe('how definitions differ', () => {
  const a = definition('a', ['x'], { environment: { P: '1', Q: '2' } });

  test('the order of variables says nothing', () => {
    const other = { ...a, environment: { Q: '2', P: '1' } };
    expect(definitionChanges([a], [other])).toEqual([]);
  });

  test.each([
    { field: 'command', how: { command: ['x', 'y'] }, isRestarted: true },
    { field: 'environment', how: { environment: { P: '1' } }, isRestarted: true },
    { field: 'primaryOnly', how: { primaryOnly: true }, isRestarted: true },
    { field: 'stopGrace', how: { stopGraceMs: 1 }, isRestarted: false },
    { field: 'limits.memory', how: { memoryBytes: 1 }, isRestarted: false },
    { field: 'restart', how: { restart: { limit: 9, withinMs: 1 } }, isRestarted: false },
  ])('$field', ({ field, how, isRestarted }) => {
    const other = { ...a, ...how };
    expect(definitionChanges([a], [other])).toEqual([
      { type: 'changed', name: 'a', fields: [field] },
    ]);
    expect(restartedAmong([a], [other])).toEqual(isRestarted ? ['a'] : []);
  });
});
