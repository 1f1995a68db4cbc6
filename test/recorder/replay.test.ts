// Whatever happens to a node, the record of its core replays to the very states: digests at each step, checkpoints on the way,
// and in the end all of the core, though no payload was recorded. Seeds of the simulator with all its faults are the cases.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { encodeCheckpoint } from '../../src/recorder/checkpoint.js';
import { Replay } from '../../src/recorder/replay.js';
import { recordedRun } from './words.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';
const SEEDS = IS_LONG ? 300 : 6;
const TIME_MS = IS_LONG ? 20_000 : 5_000;

const fresh = randomBytes(8).readBigUInt64BE();
console.log(`fresh simulation seed: ${fresh}`);

describe('the record of each process of a run', () => {
  test('replays to the same states, step by step', { timeout: 1_200_000 }, () => {
    const counts = { items: 0, checkpoints: 0, leaders: 0 };
    for (let seed = fresh; seed < fresh + BigInt(SEEDS); seed += 1n) {
      const { lives } = recordedRun({ seed: BigInt.asUintN(64, seed), timeMs: TIME_MS });
      for (const { life, raft } of lives) {
        const where = `seed ${seed}, ${life.head.node}`;
        const replay = new Replay(life);
        for (const step of replay.steps()) {
          if (step.type === 'diverged' || step.type === 'violated') {
            expect({ where, at: replay.count, ...step }).toBeNull();
          }
          if (step.type === 'checkpoint') counts.checkpoints += 1;
          if (replay.raft.state.role.type === 'leader') counts.leaders += 1;
        }
        counts.items += replay.count;
        const end = [replay.raft, raft].map((core) => encodeCheckpoint(core.save()));
        const isSame = end[0]?.join() === end[1]?.join();
        if (!isSame) expect(replay.raft.save(), where).toEqual(raft.save());
      }
    }
    console.log(counts);
    expect(counts.items).toBeGreaterThan(1000);
    expect(counts.checkpoints).toBeGreaterThan(0);
    expect(counts.leaders).toBeGreaterThan(0);
  });
});
