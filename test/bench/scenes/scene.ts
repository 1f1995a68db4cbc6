// What the workloads that are no slices of steady load have in common: each starts its own clusters, ends them, and answers figures.
// A figure is one quantity of one system, measured a few times; where both systems have it, the two are compared.

import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { CallOptions } from '@grpc/grpc-js';
import { nodeClient } from '../load/node-client.js';
import type { Contender } from '../slices.js';
import { etcd } from '../systems/etcd.js';
import { quorate } from '../systems/quorate.js';
import type { RequestBytes, System } from '../systems/system.js';
import { BATCH, keysFrom, VALUE } from '../workloads.js';

export interface Figure {
  readonly scene: string;
  readonly system: string;
  /** What was measured, with its unit: `ms from start to caught up`. */
  readonly what: string;
  readonly values: readonly number[];
}

/** How a scene is run. */
export interface Trial {
  readonly isQuick: boolean;
  /** Says what goes on. */
  readonly tell: (what: string) => void;
}

export interface Scene {
  readonly name: string;
  /** Roughly, on a machine that does nothing else; at most twice as long elsewhere, but for loading. */
  readonly seconds: (isQuick: boolean) => number;
  run(trial: Trial): Promise<Figure[]>;
}

const FILL_LIMIT_S = 240;
const FILL_IN_FLIGHT = 8;
const POLL_MS = 5;
const ATTEMPT_MS = 500;
const HOLDS_LIMIT_MS = 120_000;

/** Starts so many nodes of both systems, and ends them whatever happens. */
export function withBoth<T>(
  nodes: number,
  joiners: number,
  use: (contenders: readonly Contender[]) => Promise<T>,
): Promise<T> {
  return withSystems([etcd(), quorate], nodes, joiners, use);
}

export async function withSystems<T>(
  systems: readonly System[],
  nodes: number,
  joiners: number,
  use: (contenders: readonly Contender[]) => Promise<T>,
): Promise<T> {
  const contenders: Contender[] = [];
  try {
    for (const system of systems)
      contenders.push({ system, running: await system.start(nodes, joiners) });
    return await use(contenders);
  } finally {
    await Promise.all(contenders.map(({ running }) => running.stop()));
  }
}

/** Puts so many keys, in transactions. Fails if they are not there within some minutes. */
export async function fill({ running, system }: Contender, count: number): Promise<void> {
  const keys = keysFrom(count);
  const batches: RequestBytes[] = [];
  for (let at = 0; at < count; at += BATCH)
    batches.push(system.requests.batch(keys.slice(at, at + BATCH), VALUE));
  const { address } = await running.leader();
  const { requests, failures } = await nodeClient(
    address,
    batches,
    FILL_IN_FLIGHT,
    FILL_LIMIT_S,
    batches.length,
  );
  if (requests < batches.length || failures > 0) {
    throw new Error(`${system.name} took ${requests * BATCH} of ${count} keys, ${failures} failed`);
  }
}

/** Puts one key at the leader. */
export async function put(
  { running, system }: Contender,
  key: string,
  value: string,
): Promise<void> {
  const { address } = await running.leader();
  await untilAnswered(address, system.requests.write(key, Buffer.from(value)), () => true);
}

/** Milliseconds until the node at the address itself has this value under the key. */
export function untilHolds(
  { system }: Contender,
  address: string,
  key: string,
  value: string,
): Promise<number> {
  return untilAnswered(address, system.requests.staleRead(key), (bytes) => bytes.includes(value));
}

async function untilAnswered(
  address: string,
  request: RequestBytes,
  satisfies: (answer: Buffer) => boolean,
): Promise<number> {
  const fromMs = performance.now();
  const client = new Client(address, credentials.createInsecure(), {
    // A process that has just begun to listen is found at once.
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 20,
    'grpc.use_local_subchannel_pool': 1,
  });
  try {
    while (performance.now() - fromMs < HOLDS_LIMIT_MS) {
      const answer = await asked(client, request);
      if (answer !== null && satisfies(answer)) return performance.now() - fromMs;
      await pause(POLL_MS);
    }
  } finally {
    client.close();
  }
  throw new Error(`${address} did not answer as expected within ${HOLDS_LIMIT_MS} ms`);
}

function asked(client: Client, { path, message }: RequestBytes): Promise<Buffer | null> {
  const same = (bytes: Buffer): Buffer => bytes;
  const options: CallOptions = { deadline: Date.now() + ATTEMPT_MS };
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      same,
      same,
      Buffer.from(message),
      new Metadata(),
      options,
      (error, answer) => {
        resolve(error === null ? (answer ?? null) : null);
      },
    );
  });
}
