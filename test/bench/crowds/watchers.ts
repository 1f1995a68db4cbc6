// Many watchers on the leader of three nodes: each on its own key while keys change at a given rate, then one change that all of them
// see. What must hold: heartbeats stay on time, nobody campaigns, and the one change reaches everybody within two seconds.

import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientReadableStream } from '@grpc/grpc-js';

import { connect } from '../../../src/client/index.js';
import { CLUSTER } from '../../../src/client/protos.js';
import type { WatchResponse__Output as WatchResponse } from '../../../src/generated/quorate/v1/WatchResponse.js';
import { Crowd, latenessOf, machineLine, mebibytes, spread } from './crowd.js';

export interface WatchersPlan {
  readonly watchers: number;
  /** Changes a second, over all keys. */
  readonly rate: number;
  readonly seconds: number;
  /** Changes that everybody sees. */
  readonly shared: number;
}

/** A daemon takes a thousand calls on one connection. */
const WATCHES_PER_CONNECTION = 900;
const SLICE_MS = 20;
const LIMIT_MS = 60_000;
const SHARED_MAX_MS = 2000;
const SHARED_KEY = 'crowd/all';

export const WATCHERS_METHOD = `Three daemons on this machine, all watchers at the leader, each a stream of its own over one of several connections, asking
for its own key and for one that all share. Single keys then change at a steady rate, written by the client library; the delay is
from the call of the write to its arrival at the watcher, in this process, which holds all watchers. Then the shared key changes, and
the delay is that of every watcher. Lateness is the longest that the leader's event loop held up any timer: heartbeats are due every
100 ms, elections begin after 1000 ms. Memory is what the leader holds after a full garbage collection.
`;

/** Measures and says what came of it; false: something that must hold did not. */
export async function watchers(plan: WatchersPlan): Promise<boolean> {
  const crowd = await Crowd.start(3);
  const watching = new Watching(crowd.leader.api);
  const client = connect({ addresses: crowd.cluster.daemons.map(({ api }) => api) });
  try {
    const before = await crowd.heldBytes();
    const openedMs = await watching.open(plan.watchers);
    const after = await crowd.heldBytes();
    const term = await crowd.term();
    const singleFromMs = Date.now();
    const single = await singles(plan, client, watching);
    const calm = crowd.calmSince(singleFromMs);
    const sharedFromMs = Date.now();
    const shared: number[] = [];
    for (let at = 0; at < plan.shared; at += 1) {
      shared.push(...(await watching.all(() => client.store.put(SHARED_KEY, String(at)))));
    }
    const sharedCalm = crowd.calmSince(sharedFromMs);
    const elections = (await crowd.term()) - term;
    const each = (after.held - before.held) / plan.watchers / 1024;
    const changes = single.length;
    const longest = shared.reduce((most, ms) => Math.max(most, ms), 0);
    const asked = plan.rate * plan.seconds;
    const lines = [
      machineLine(),
      `watchers       ${plan.watchers}, opened in ${(openedMs / 1000).toFixed(1)} s; ${each.toFixed(1)} KiB each at the leader (resident: ${mebibytes(before.rss)}, then ${mebibytes(after.rss)})`,
      `own keys       ${changes} of ${asked} changes told in ${plan.seconds} s; ${spread(single)}`,
      `  lateness     ${latenessOf(calm)}`,
      `shared key     ${plan.shared} changes, ${shared.length} times told; ${spread(shared)}`,
      `  lateness     ${latenessOf(sharedCalm)}`,
      `elections      ${elections}`,
    ];
    console.log(lines.join('\n'));
    const held = elections === 0 && changes === asked && longest <= SHARED_MAX_MS;
    console.log(
      held ? 'held' : `FAILED: expected no election, every change, and ${SHARED_MAX_MS} ms`,
    );
    return held;
  } finally {
    watching.close();
    client.close();
    await crowd.close();
  }
}

/** Delays of changes of single keys at a steady rate, in milliseconds. */
async function singles(
  { rate, seconds, watchers: count }: WatchersPlan,
  client: ReturnType<typeof connect>,
  watching: Watching,
): Promise<readonly number[]> {
  const beganMs = performance.now();
  const total = rate * seconds;
  const writes: Promise<unknown>[] = [];
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - beganMs) / 1000) * rate));
    for (; sent < due; sent += 1) {
      const key = ownKey((sent * 7919) % count);
      // A change that was not made, or is of unknown fate, is missing from those told.
      writes.push(client.store.put(key, String(performance.now())).catch(() => {}));
    }
    await pause(SLICE_MS);
  }
  await Promise.all(writes);
  await until(() => watching.delays.length >= total, 'every change told').catch(() => {});
  return watching.delays;
}

class Watching {
  /** Of changes of single keys, in milliseconds. */
  readonly delays: number[] = [];
  readonly #api: string;
  readonly #clients: Client[] = [];
  readonly #streams: ClientReadableStream<WatchResponse>[] = [];
  #begun = 0;
  #sharedFromMs = 0;
  #shared: number[] = [];

  constructor(api: string) {
    this.#api = api;
  }

  /** Opens so many; resolves once each was answered, to the milliseconds that it took. */
  async open(count: number): Promise<number> {
    const beganMs = performance.now();
    for (let at = 0; at < count; at += 1) {
      if (at % WATCHES_PER_CONNECTION === 0) {
        const options = { 'grpc.use_local_subchannel_pool': 1 };
        this.#clients.push(new Client(this.#api, credentials.createInsecure(), options));
        await until(() => this.#begun >= at, `${at} watches begun`);
      }
      this.#watch(at);
    }
    await until(() => this.#begun >= count, `${count} watches begun`);
    return performance.now() - beganMs;
  }

  /** Delays of every watcher, from the call of `change`. */
  async all(change: () => Promise<unknown>): Promise<readonly number[]> {
    this.#shared = [];
    this.#sharedFromMs = performance.now();
    await change();
    await until(() => this.#shared.length >= this.#streams.length, 'everybody told');
    return this.#shared;
  }

  close(): void {
    for (const stream of this.#streams) stream.cancel();
    for (const client of this.#clients) client.close();
  }

  #watch(at: number): void {
    const { path, requestSerialize, responseDeserialize } = CLUSTER.Watch;
    const filters = [ownKey(at), SHARED_KEY].map((key) => ({ fact: 'FACT_STORE' as const, key }));
    const stream = this.#clients
      .at(-1)
      ?.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { filters },
        new Metadata(),
        {},
      );
    if (stream === undefined) return;
    this.#streams.push(stream);
    let isFirst = true;
    stream.on('error', () => {});
    stream.on('data', (response: WatchResponse) => {
      if (isFirst) this.#begun += 1;
      isFirst = false;
      for (const { changes } of response.changes?.revisions ?? []) {
        for (const { key, entry } of changes) this.#told(key, entry?.value?.toString() ?? '');
      }
    });
  }

  #told(key: string, value: string): void {
    const nowMs = performance.now();
    if (key === SHARED_KEY) this.#shared.push(nowMs - this.#sharedFromMs);
    else this.delays.push(nowMs - Number(value));
  }
}

function ownKey(at: number): string {
  return `crowd/own/${at}`;
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + LIMIT_MS;
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${LIMIT_MS} ms`);
    await pause(1);
  }
}
