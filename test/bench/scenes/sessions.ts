// Growth with sessions: what they cost in memory, how fast they are put, and what writes cost beside them, at ten times as many each
// time. Quorate alone: etcd has nothing of the kind.

import { connect } from '../../../src/client/index.js';
import { costsOf } from '../processes.js';
import { measureSlice } from '../slices.js';
import { quorate } from '../systems/quorate.js';
import type { Running } from '../systems/system.js';
import { WORKLOADS } from '../workloads.js';
import type { Figure, Scene, Trial } from './scene.js';

const PIPELINES = 2;
const TTL_MS = 24 * 3600 * 1000;
const LOAD_LIMIT_MS = 420_000;
const IN_FLIGHT = 64;
const TRIES_MAX = 5;

export const SESSIONS: Scene = {
  name: 'sessions',
  seconds: (isQuick) => (isQuick ? 15 : 300),
  async run(trial) {
    const running = await quorate.start(3);
    try {
      return await grown(trial, running);
    } finally {
      await running.stop();
    }
  },
};

async function grown(trial: Trial, running: Running): Promise<Figure[]> {
  const levels = trial.isQuick ? [100, 1000] : [1000, 10_000, 100_000, 1_000_000];
  const figures: Figure[] = [];
  const empty = await leaderMemory(running);
  const deadlineMs = performance.now() + LOAD_LIMIT_MS;
  let held = 0;
  for (const level of levels) {
    const figure = (what: string, values: readonly number[]): void => {
      figures.push({
        scene: 'sessions',
        system: 'quorate',
        what: `${what}, ${level} held`,
        values,
      });
    };
    const beganMs = performance.now();
    const reached = await hold(trial, running, held, level, deadlineMs);
    // What could not be reached in time is left out, and whoever reads sees how far it went.
    if (reached < level) return [...figures, outOfTime(reached)];
    figure('put a second', [((level - held) * 1000) / (performance.now() - beganMs)]);
    held = level;
    const grownBy = (await leaderMemory(running)) - empty;
    figure('MiB that the leader grew by', [grownBy / 1024 ** 2]);
    const slices = [];
    for (let at = 0; at < 3; at += 1) slices.push(await writesBeside(running, trial.isQuick));
    figure(
      'writes a second beside them',
      slices.map(({ perSecond }) => perSecond),
    );
    figure(
      'ms p99.9 of those writes',
      slices.map(({ p999 }) => p999),
    );
  }
  return figures;
}

function outOfTime(reached: number): Figure {
  const what = `sessions put within ${LOAD_LIMIT_MS / 1000} s, then given up`;
  return { scene: 'sessions', system: 'quorate', what, values: [reached] };
}

/** Puts further sessions; answers how many there are, fewer if time ran out. */
export async function hold(
  trial: Trial,
  running: Running,
  from: number,
  to: number,
  deadlineMs: number,
  ttlMs = TTL_MS,
): Promise<number> {
  const { address } = await running.leader();
  const client = connect({ addresses: [address], timeoutMs: 60_000, clientSession: false });
  let due = Array.from({ length: to - from }, (_, at) => from + at + 1);
  let why: unknown = null;
  try {
    // To put a session twice is to put it once, so what may have failed is put again.
    for (let tries = 0; tries < TRIES_MAX && due.length > 0; tries += 1) {
      const failed: number[] = [];
      const { length } = due;
      let next = 0;
      const putAll = async (): Promise<void> => {
        const pipeline = client.sessions.pipeline();
        while (next < length && performance.now() < deadlineMs) {
          const id = due[next] ?? 0;
          next += 1;
          if (next % 1000 === 0) trial.tell(`sessions: ${from + next} of ${to}`);
          const wish = { attributes: { cart: '12345678' }, owner: 'web', ttlMs };
          pipeline.put(`user/${id}`, wish).catch((error: unknown) => {
            why = error;
            failed.push(id);
          });
          await pipeline.room();
        }
        await pipeline.close();
      };
      await Promise.all(Array.from({ length: PIPELINES }, putAll));
      if (next < length) return to - (length - next) - failed.length;
      due = failed;
    }
  } finally {
    client.close();
  }
  if (due.length > 0) throw new Error(`${due.length} sessions could not be put`, { cause: why });
  return to;
}

async function writesBeside(running: Running, isQuick: boolean): ReturnType<typeof measureSlice> {
  const workload = WORKLOADS.find(({ name, client }) => name === 'writes' && client === 'h2load');
  if (workload === undefined) throw new Error('there is no workload of writes by h2load');
  return measureSlice({ system: quorate, running }, workload, IN_FLIGHT, isQuick ? 1 : 3);
}

async function leaderMemory(running: Running): Promise<number> {
  const { at } = await running.leader();
  return costsOf(running.pids)[at]?.memoryBytes ?? NaN;
}
