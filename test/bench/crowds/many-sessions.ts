// Very many sessions: how fast they are loaded, what each costs, and what happens when all their lives end at the same moment. What
// must hold: nobody campaigns while they are expired in bounded batches, and writes go on meanwhile.

import { setTimeout as pause } from 'node:timers/promises';

import { connect } from '../../../src/client/index.js';
import { Crowd, latenessOf, machineLine, mebibytes, spread } from './crowd.js';

export interface SessionsPlan {
  readonly sessions: number;
  readonly nodes: number;
  /** Sessions a second that are surely loaded; the lives end when the last one would be. */
  readonly slowest: number;
}

const PIPELINES = 2;
const LOOK_MS = 50;
/** Of loading beyond what is expected, and of the wait before the wave. */
const SPARE_MS = 15_000;
/** A session lives at least this long. */
const TTL_MIN_MS = 2000;
const WAVE_LIMIT_MS = 600_000;

export const SESSIONS_METHOD = `Daemons on this machine; sessions with one attribute of 8 bytes and an owner are put through pipelined streams of the client
library, with lives that all end at the same moment. Memory is what the leader holds after a full garbage collection, before and
after. From the moment when the lives end, a key of the store is written again and again until no session is left; lateness is the
longest that the leader's event loop held up any timer: heartbeats are due every 100 ms, elections begin after 1000 ms.
`;

/** Measures and says what came of it; false: something that must hold did not. */
export async function manySessions({ sessions, nodes, slowest }: SessionsPlan): Promise<boolean> {
  const crowd = await Crowd.start(nodes);
  const client = connect({
    addresses: [crowd.leader.api],
    timeoutMs: 60_000,
    clientSession: false,
  });
  try {
    const before = await crowd.heldBytes();
    const beganMs = performance.now();
    const endMs = beganMs + (sessions / slowest) * 1000 + SPARE_MS;
    const lastMs = await load(client, sessions, endMs);
    const loadedMs = performance.now() - beganMs;
    if (performance.now() > endMs) {
      throw new Error(`loading was slower than ${slowest} a second: say so with --slowest`);
    }
    const after = await crowd.heldBytes();
    const term = await crowd.term();
    console.log(
      [
        machineLine(),
        `loaded         ${sessions} sessions on ${nodes} nodes in ${(loadedMs / 1000).toFixed(0)} s, ${((sessions / loadedMs) * 1000).toFixed(0)} a second`,
        `memory         ${((after.held - before.held) / sessions).toFixed(0)} bytes a session at the leader (resident: ${mebibytes(before.rss)}, then ${mebibytes(after.rss)})`,
      ].join('\n'),
    );
    await pause(Math.max(0, lastMs - performance.now()));
    const waveFromMs = Date.now();
    const wave = await untilGone(client);
    const calm = crowd.calmSince(waveFromMs);
    const elections = (await crowd.term()) - term;
    console.log(
      [
        `wave           all gone ${(wave.tookMs / 1000).toFixed(1)} s after the last life ended, ${((sessions / wave.tookMs) * 1000).toFixed(0)} a second`,
        `  lateness     ${latenessOf(calm)}`,
        `  writes       ${wave.writesMs.length} meanwhile, one after the other; ${spread(wave.writesMs)}`,
        `elections      ${elections}`,
        elections === 0 ? 'held' : 'FAILED: expected no election',
      ].join('\n'),
    );
    return elections === 0;
  } finally {
    client.close();
    await crowd.close();
  }
}

/** Puts them all; answers when the last life ends, by `performance.now`. */
async function load(
  { sessions }: ReturnType<typeof connect>,
  count: number,
  endMs: number,
): Promise<number> {
  let next = 0;
  let lastMs = endMs;
  const failures: unknown[] = [];
  await Promise.all(
    Array.from({ length: PIPELINES }, async () => {
      const pipeline = sessions.pipeline();
      while (next < count) {
        next += 1;
        const ttlMs = Math.max(TTL_MIN_MS, Math.round(endMs - performance.now()));
        lastMs = Math.max(lastMs, performance.now() + ttlMs);
        const id = `user/${next}`;
        const wish = { attributes: { cart: '12345678' }, owner: 'web', ttlMs };
        pipeline.put(id, wish).catch((error: unknown) => failures.push(error));
        await pipeline.room();
      }
      await pipeline.close();
    }),
  );
  if (failures.length > 0)
    throw new Error(`${failures.length} puts failed, the first with: ${String(failures[0])}`);
  return lastMs;
}

interface Wave {
  readonly tookMs: number;
  readonly writesMs: readonly number[];
}

async function untilGone({ sessions, store }: ReturnType<typeof connect>): Promise<Wave> {
  const fromMs = performance.now();
  const writesMs: number[] = [];
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      const callMs = performance.now();
      await store.put('beside', String(callMs));
      writesMs.push(performance.now() - callMs);
    }
  })();
  try {
    while (performance.now() - fromMs < WAVE_LIMIT_MS) {
      const { done } = await sessions.list({ pageSize: 1 }).next();
      if (done === true) return { tookMs: performance.now() - fromMs, writesMs };
      await pause(LOOK_MS);
    }
    throw new Error(`sessions were left ${WAVE_LIMIT_MS} ms after their lives ended`);
  } finally {
    isOver = true;
    await writing;
  }
}
