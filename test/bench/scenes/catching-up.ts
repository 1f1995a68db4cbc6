// How long a node takes until it has everything: one that was killed and starts again with its log, and one that joins without
// data. It has everything once its own state, read without asking the leader, holds the write that was made last.

import type { Contender } from '../slices.js';
import { keysFrom, VALUE } from '../workloads.js';
import { nodeClient } from '../load/node-client.js';
import { fill, put, untilHolds, withBoth } from './scene.js';
import type { Figure, Scene, Trial } from './scene.js';

const MARKER = 'bench/marker';
const IN_FLIGHT = 256;
const LOG_LIMIT_S = 60;

/** Restart with a full log: as many single writes as stand in it before either system takes a snapshot. */
export const RESTART: Scene = {
  name: 'restart',
  seconds: (isQuick) => (isQuick ? 20 : 75),
  run: (trial) => withBoth(3, 0, (contenders) => restarts(trial, contenders)),
};

/** Catch-up of an empty joiner. */
export const JOINER: Scene = {
  name: 'joiner',
  seconds: (isQuick) => (isQuick ? 25 : 90),
  run: (trial) => withBoth(3, rounds(trial), (contenders) => joins(trial, contenders)),
};

function rounds({ isQuick }: Trial): number {
  return isQuick ? 1 : 5;
}

async function restarts(trial: Trial, contenders: readonly Contender[]): Promise<Figure[]> {
  const writes = trial.isQuick ? 1000 : 4500;
  for (const contender of contenders) {
    trial.tell(`restart: ${writes} writes, ${contender.system.name}`);
    const { address } = await contender.running.leader();
    const requests = keysFrom(writes).map((key) => contender.system.requests.write(key, VALUE));
    await nodeClient(address, requests, IN_FLIGHT, LOG_LIMIT_S, writes);
  }
  const what = `ms from start to caught up, ${writes} writes`;
  return measured(trial, contenders, 'restart', what, async (contender, value) => {
    const { running } = contender;
    const { at } = await running.leader();
    const follower = (at + 1) % running.pids.length;
    await untilHolds(contender, running.addresses[follower] ?? '', MARKER, value);
    await running.kill(follower);
    const restarted = running.restart(follower);
    const ms = await untilHolds(contender, running.addresses[follower] ?? '', MARKER, value);
    await restarted;
    return ms;
  });
}

async function joins(trial: Trial, contenders: readonly Contender[]): Promise<Figure[]> {
  const keys = trial.isQuick ? 2000 : 100_000;
  for (const contender of contenders) {
    trial.tell(`joiner: ${keys} keys, ${contender.system.name}`);
    await fill(contender, keys);
  }
  const what = `ms to caught up, ${keys} keys`;
  return measured(trial, contenders, 'joiner', what, async (contender, value) => {
    const { running } = contender;
    const fromMs = performance.now();
    const at = await running.join();
    await untilHolds(contender, running.addresses[at] ?? '', MARKER, value);
    const ms = performance.now() - fromMs;
    await running.leave();
    return ms;
  });
}

/** Rounds in turns, each behind a write of its own. */
async function measured(
  trial: Trial,
  contenders: readonly Contender[],
  scene: string,
  what: string,
  measure: (contender: Contender, value: string) => Promise<number>,
): Promise<Figure[]> {
  const values = contenders.map((): number[] => []);
  for (let round = 0; round < rounds(trial); round += 1) {
    const order = [...contenders.entries()];
    for (const [at, contender] of round % 2 === 0 ? order : order.toReversed()) {
      trial.tell(`${scene}: round ${round + 1}, ${contender.system.name}`);
      const value = `round-${round}`;
      await put(contender, MARKER, value);
      values[at]?.push(await measure(contender, value));
    }
  }
  return contenders.map(({ system }, at) => ({
    scene,
    system: system.name,
    what,
    values: values[at] ?? [],
  }));
}
