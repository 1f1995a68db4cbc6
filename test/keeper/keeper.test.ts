// What the keeper decides, case by case: deadlines that are absolute, hand-overs, ends, restarts and their limit.
// Times are milliseconds of the one clock that keeper and daemon read.

import { describe, expect, test } from 'vitest';
import { killAtMs, terminateAtMs } from '../../src/keeper/deadlines.js';
import { kept, lease, PlayedKeeper } from './words.js';

const RUN = 'start db#1 epoch 7';

/** A keeper whose one process runs under epoch 7, by a round that began at 1000. */
function running(how: Parameters<typeof kept>[1] = {}): PlayedKeeper {
  const played = new PlayedKeeper(kept('db', how));
  expect(played.at(1010, { type: 'lease', order: lease(7, 1000) })).toEqual([RUN]);
  played.at(1011, { type: 'started', name: 'db', run: 1, pid: 42 });
  return played;
}

const command = (name: string, action: 'start' | 'stop' | 'restart') =>
  ({ type: 'command', id: 1, name, action }) as const;

const ended = (run: number, why = 'exit code 1', name = 'db') =>
  ({ type: 'ended', name, run, why }) as const;

describe('the keeper', () => {
  test('starts nothing primary-only without a lease, and everything else at once', () => {
    const played = new PlayedKeeper(kept('db'), kept('web', { primaryOnly: false }));
    expect(played.at(5)).toEqual(['start web#1']);
    expect(played.keeper.wakeMs).toBeNull();
  });

  test('starts in the order written, under the epoch of its lease', () => {
    const played = new PlayedKeeper(kept('a'), kept('b', { start: false }), kept('c'));
    const order = lease(7, 1000);
    expect(played.at(1010, { type: 'lease', order })).toEqual([
      'start a#1 epoch 7',
      'start c#2 epoch 7',
    ]);
  });

  test('waits for the bound', () => {
    const played = new PlayedKeeper(kept('db'));
    expect(played.at(1010, { type: 'lease', order: lease(7, 1000, 1100) })).toEqual([]);
    expect(played.keeper.wakeMs).toBe(1100);
    expect(played.at(1099)).toEqual([]);
    expect(played.at(1100)).toEqual([RUN]);
  });

  test('ignores a renewal whose deadline has passed, and starts nothing beyond half a lease', () => {
    const played = new PlayedKeeper(kept('db'));
    expect(played.at(1712, { type: 'lease', order: lease(7, 1000) })).toEqual([]);
    expect(played.keeper.lease).toBeNull();
    expect(played.at(2400, { type: 'lease', order: lease(7, 2000) })).toEqual([]);
    expect(played.at(2401, { type: 'lease', order: lease(7, 2400) })).toEqual([RUN]);
  });

  test('a late renewal extends nothing beyond its own deadline', () => {
    const played = running();
    played.at(1300, { type: 'lease', order: lease(7, 1005) });
    expect(played.keeper.wakeMs).toBe(terminateAtMs(lease(7, 1005)));
    played.at(1301, { type: 'lease', order: lease(7, 1002) });
    expect(played.keeper.wakeMs).toBe(terminateAtMs(lease(7, 1005)));
  });

  test('tells to end at half the lease without renewal and kills before its end, by itself', () => {
    const played = running();
    expect(played.keeper.wakeMs).toBe(1356);
    expect(played.at(1355)).toEqual([]);
    expect(played.at(1356)).toEqual([
      'db told to end: the lease was not renewed',
      'terminate db#1',
    ]);
    const killMs = killAtMs(lease(7, 1000));
    expect(killMs).toBe(1569);
    expect(played.keeper.wakeMs).toBe(killMs);
    expect(played.at(killMs - 1)).toEqual([]);
    expect(played.at(killMs)).toEqual(['kill db#1']);
    expect(played.keeper.wakeMs).toBeNull();
  });

  test('a renewal after SIGTERM does not call it back; it is started again once it is gone', () => {
    const played = running();
    played.at(1356);
    expect(played.at(1400, { type: 'lease', order: lease(7, 1390) })).toEqual([]);
    expect(played.at(1569)).toEqual(['kill db#1']);
    expect(played.at(1580, ended(1))).toEqual(['db ended: exit code 1', 'start db#2 epoch 7']);
  });

  test('ends at once when its reign is over, and never starts under that epoch again', () => {
    const played = running();
    expect(played.at(1050, { type: 'over', epoch: 7 })).toEqual([
      'db told to end: the reign is over',
      'terminate db#1',
    ]);
    expect(played.keeper.wakeMs).toBe(1569);
    played.at(1060, ended(1));
    expect(played.at(1070, { type: 'lease', order: lease(7, 1065) })).toEqual([]);
    expect(played.at(1071, { type: 'lease', order: lease(6, 1065) })).toEqual([]);
    expect(played.at(1072, { type: 'lease', order: lease(8, 1065) })).toEqual([
      'start db#2 epoch 8',
    ]);
  });

  test('a new reign ends what runs under the older one first', () => {
    const played = running();
    expect(played.at(1100, { type: 'lease', order: lease(8, 1090) })).toEqual([
      'db told to end: the reign is over',
      'terminate db#1',
    ]);
    expect(played.keeper.wakeMs).toBe(1569);
    expect(played.at(1569)).toEqual(['kill db#1']);
    expect(played.at(1570, { type: 'lease', order: lease(8, 1560) })).toEqual([]);
    expect(played.at(1571, ended(1))).toEqual(['db ended: exit code 1', 'start db#2 epoch 8']);
  });

  test('a hand-over ends gracefully, says so once, and starts nothing before it is resumed', () => {
    const played = running({ stopGraceMs: 100 });
    expect(played.at(1050, { type: 'handOver', epoch: 7, stopId: 3 })).toEqual([
      'db told to end: a hand-over',
      'terminate db#1',
    ]);
    expect(played.keeper.wakeMs).toBe(1150);
    expect(played.at(1150)).toEqual(['kill db#1']);
    expect(played.at(1160, ended(1))).toEqual(['db ended: exit code 1', 'stopped 3']);
    expect(played.at(1170, { type: 'lease', order: lease(7, 1165) })).toEqual([]);
    expect(played.at(1180, { type: 'resume', epoch: 7 })).toEqual(['start db#2 epoch 7']);
  });

  test('the grace of a hand-over ends with the lease', () => {
    const played = running();
    played.at(1050, { type: 'handOver', epoch: 7, stopId: 3 });
    expect(played.keeper.wakeMs).toBe(1569);
    played.at(1060, { type: 'lease', order: lease(7, 1055) });
    expect(played.keeper.wakeMs).toBe(killAtMs(lease(7, 1055)));
  });

  test('a hand-over with nothing to stop is answered at once', () => {
    const played = new PlayedKeeper();
    expect(played.at(1, { type: 'handOver', epoch: 7, stopId: 1 })).toEqual(['stopped 1']);
  });

  test('a hand-over of an epoch that never had a lease does not hold up the next reign', () => {
    const played = new PlayedKeeper(kept('db'));
    played.at(1000, { type: 'handOver', epoch: 7, stopId: 1 });
    expect(played.at(1010, { type: 'lease', order: lease(8, 1005) })).toEqual([
      'start db#1 epoch 8',
    ]);
  });

  test('without its daemon everything ends, primary-only processes within the lease', () => {
    const played = new PlayedKeeper(kept('db'), kept('web', { primaryOnly: false }));
    played.at(1010, { type: 'lease', order: lease(7, 1000) });
    expect(played.at(1020, { type: 'orphaned' })).toEqual([
      'db told to end: the daemon is gone',
      'terminate db#1',
      'web told to end: the daemon is gone',
      'terminate web#2',
    ]);
    expect(played.at(1569)).toEqual(['kill db#1']);
    played.at(1570, ended(1));
    expect(played.at(1600, { type: 'lease', order: lease(7, 1599) })).toEqual([]);
    expect(played.at(11_020)).toEqual(['kill web#2']);
    expect(played.at(11_021, { type: 'ended', name: 'web', run: 2, why: 'killed' })).toEqual([
      'web ended: killed',
      'finished',
    ]);
  });
});

describe('a process that fails', () => {
  test('is started again after waits that double, then given up', () => {
    const played = new PlayedKeeper(
      kept('db', { primaryOnly: false, restart: { limit: 2, withinMs: 1000 } }),
    );
    played.at(0);
    expect(played.at(10, ended(1))).toEqual(['db failed, to be started again: exit code 1']);
    expect(played.keeper.wakeMs).toBe(110);
    expect(played.at(110)).toEqual(['start db#2']);
    played.at(120, ended(2));
    expect(played.keeper.wakeMs).toBe(320);
    expect(played.at(320)).toEqual(['start db#3']);
    expect(played.at(330, ended(3))).toEqual(['givenUp db']);
    expect(played.keeper.lives[0]?.phase.type).toBe('givenUp');
    expect(played.keeper.lives[0]?.restartCount).toBe(2);
    expect(played.at(400, command('db', 'start'))).toEqual(['answered done db', 'start db#4']);
  });

  test('is not given up for failures that lie further back than the window', () => {
    const played = new PlayedKeeper(
      kept('db', { primaryOnly: false, restart: { limit: 1, withinMs: 1000 } }),
    );
    played.at(0);
    played.at(10, ended(1));
    played.at(110);
    expect(played.at(1010, ended(2))).toEqual(['db failed, to be started again: exit code 1']);
  });

  test('is tried again by the next reign', () => {
    const played = running({ restart: { limit: 0, withinMs: 1000 } });
    expect(played.at(1020, ended(1))).toEqual(['givenUp db']);
    expect(played.at(1030, { type: 'lease', order: lease(7, 1025) })).toEqual([]);
    played.at(1040, { type: 'over', epoch: 7 });
    expect(played.at(1050, { type: 'lease', order: lease(8, 1045) })).toEqual([
      'start db#2 epoch 8',
    ]);
  });

  test('is killed and counted as failed when its tree holds too much', () => {
    const MIB = 1024 ** 2;
    const played = running({ memoryBytes: 100 * MIB });
    const weighed = { type: 'memory', name: 'db', run: 1 } as const;
    expect(played.at(1020, { ...weighed, bytes: 100 * MIB })).toEqual([]);
    expect(played.at(1021, { ...weighed, bytes: 101 * MIB })).toEqual(['kill db#1']);
    expect(played.at(1022, ended(1, 'SIGKILL'))).toEqual([
      'db failed, to be started again: it held 101.0 MiB, more than its 100.0 MiB',
    ]);
  });
});

describe('an operator', () => {
  /** Two of a group and one of none, ordinary, not started by themselves. */
  function group(): PlayedKeeper {
    const web = { primaryOnly: false, group: 'WEB', start: false } as const;
    return new PlayedKeeper(kept('a', web), kept('b', web), kept('c', { ...web, group: null }));
  }
  const started = (name: string, run: number) => ({ type: 'started', name, run, pid: 9 }) as const;
  const gone = (name: string, run: number) =>
    ({ type: 'ended', name, run, why: 'SIGTERM' }) as const;

  test('starts a group in order, each once the one before it runs', () => {
    const played = group();
    expect(played.at(0)).toEqual([]);
    expect(played.at(1, command('WEB', 'start'))).toEqual(['answered done a b', 'start a#1']);
    expect(played.at(2, started('a', 1))).toEqual(['start b#2']);
    played.at(3, started('b', 2));
    expect(played.at(4, command('WEB', 'start'))).toEqual(['answered runs']);
    expect(played.at(5, command('b', 'restart'))).toEqual([
      'answered done b',
      'b told to end: an operator asked to restart it',
      'terminate b#2',
    ]);
    expect(played.at(6, gone('b', 2))).toEqual(['b ended: SIGTERM', 'start b#3']);
  });

  test('starts nobody behind one that fails, until that runs or is stopped', () => {
    const played = group();
    played.at(1, command('WEB', 'start'));
    expect(played.at(2, ended(1, 'exit code 1', 'a'))).toEqual([
      'a failed, to be started again: exit code 1',
    ]);
    const [, b] = played.keeper.lives;
    expect(b && played.keeper.heldBackBy(b)).toBe('a');
    expect(played.at(102)).toEqual(['start a#2']);
    expect(played.at(103, started('a', 2))).toEqual(['start b#3']);
    // What runs already goes on while the one before it is started again, or is given up.
    expect(played.at(104, ended(2, 'exit code 1', 'a'))).toHaveLength(1);
    expect(played.at(105, gone('b', 3))).toEqual(['b failed, to be started again: SIGTERM']);
    expect(played.at(206)).toEqual([]);
    expect(played.at(207, command('a', 'stop'))).toEqual(['answered done a', 'start b#4']);
  });

  test('restarts a group in order, and stops it the last first', () => {
    const played = group();
    played.at(1, command('WEB', 'start'));
    played.at(2, started('a', 1));
    played.at(3, started('b', 2));
    const told = 'told to end: an operator asked to restart it';
    expect(played.at(4, command('WEB', 'restart'))).toEqual([
      'answered done a b',
      `b ${told}`,
      'terminate b#2',
    ]);
    expect(played.at(5, gone('b', 2))).toEqual(['b ended: SIGTERM', `a ${told}`, 'terminate a#1']);
    expect(played.at(6, gone('a', 1))).toEqual(['a ended: SIGTERM', 'start a#3']);
    expect(played.at(7, started('a', 3))).toEqual(['start b#4']);
    expect(played.at(8, command('WEB', 'stop')).at(0)).toBe('answered done a b');
    expect(played.at(10_008)).toEqual(['kill b#4']);
    expect(played.at(10_009, gone('b', 4)).at(-1)).toBe('terminate a#3');
    expect(played.at(10_010, gone('a', 3))).toEqual(['a ended: SIGTERM']);
    expect(played.at(10_011, command('WEB', 'stop'))).toEqual(['answered stopped']);
    expect(played.at(10_012, command('nothing', 'stop'))).toEqual(['answered unknown']);
  });

  test('cannot make a primary-only process run without the lease, before the bound or in a hand-over', () => {
    const played = new PlayedKeeper(kept('db', { start: false }));
    expect(played.at(1, command('db', 'start'))).toEqual(['answered notPrimary']);
    expect(played.at(1010, { type: 'lease', order: lease(7, 1000, 1100) })).toEqual([]);
    expect(played.at(1020, command('db', 'start'))).toEqual(['answered done db']);
    expect(played.at(1100)).toEqual([RUN]);
    expect(played.at(1110, { type: 'handOver', epoch: 7, stopId: 3 })).toContain('terminate db#1');
    for (const action of ['start', 'stop', 'restart'] as const) {
      expect(played.at(1120, command('db', action))).toEqual(['answered handingOver']);
    }
    expect(played.at(1130, ended(1))).toEqual(['db ended: exit code 1', 'stopped 3']);
    played.at(1140, { type: 'over', epoch: 7 });
    expect(played.at(1150, command('db', 'restart'))).toEqual(['answered notPrimary']);
    expect(played.at(1160, { type: 'lease', order: lease(8, 1150) })).toEqual([]);
  });

  test('stops one for the reign that runs; the next begins as configured', () => {
    const played = running();
    expect(played.at(1020, command('db', 'stop'))).toContain('terminate db#1');
    expect(played.at(1030, ended(1))).toEqual(['db ended: exit code 1']);
    expect(played.at(1040, { type: 'lease', order: lease(7, 1035) })).toEqual([]);
    expect(played.at(1050, command('db', 'stop'))).toEqual(['answered stopped']);
    expect(played.at(1060, { type: 'lease', order: lease(8, 1055) })).toEqual([
      'start db#2 epoch 8',
    ]);
  });

  test('a hand-over that is taken back leaves running what was not told to end yet', () => {
    const played = new PlayedKeeper(kept('a', { group: 'G' }), kept('b', { group: 'G' }));
    played.at(1010, { type: 'lease', order: lease(7, 1000) });
    played.at(1011, started('a', 1));
    played.at(1012, started('b', 2));
    expect(played.at(1020, { type: 'handOver', epoch: 7, stopId: 1 })).toEqual([
      'b told to end: a hand-over',
      'terminate b#2',
    ]);
    expect(played.at(1030, { type: 'resume', epoch: 7 })).toEqual([]);
    expect(played.at(1040, gone('b', 2))).toEqual(['b ended: SIGTERM', 'start b#3 epoch 7']);
    expect(played.at(1041, { type: 'handOver', epoch: 7, stopId: 2 })).toContain('terminate b#3');
    expect(played.at(1356)).toEqual(['a told to end: the lease was not renewed', 'terminate a#1']);
  });

  test('is refused while the daemon stops', () => {
    const played = running();
    played.at(1020, { type: 'shutdown' });
    expect(played.at(1021, command('db', 'restart'))).toEqual(['answered ending']);
  });

  test('stopping the daemon ends everything and says when it is done', () => {
    const played = running();
    expect(played.at(1020, { type: 'shutdown' })).toEqual([
      'db told to end: the daemon stops',
      'terminate db#1',
    ]);
    expect(played.at(1030, ended(1, 'SIGTERM'))).toEqual(['db ended: SIGTERM', 'finished']);
    expect(played.at(1040, { type: 'lease', order: lease(7, 1035) })).toEqual([]);
  });
});
