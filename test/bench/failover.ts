// From `kill -9` of the leader to the next accepted write, with a client that asks the nodes that are left, in turn, every few
// milliseconds. The systems take turns, kill by kill.

import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Contender } from './slices.js';
import type { RequestBytes } from './systems/system.js';

const TRY_MS = 5;
/** For one attempt: longer than a write takes, shorter than an election. */
const ATTEMPT_MS = 400;
const LIMIT_MS = 30_000;
/** For the node that was killed to be back and caught up. */
const SETTLE_MS = 3000;

export interface FailOver {
  readonly system: string;
  readonly ms: number;
}

/** Kills the leader of each in turn, so often. */
export async function failOvers(
  contenders: readonly Contender[],
  kills: number,
  onKill: () => void,
): Promise<FailOver[]> {
  const found: FailOver[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    for (const contender of kill % 2 === 0 ? contenders : contenders.toReversed()) {
      found.push({ system: contender.system.name, ms: await failOver(contender) });
      onKill();
    }
  }
  return found;
}

async function failOver({ system, running }: Contender): Promise<number> {
  const { at } = await running.leader();
  const others = running.addresses.filter((_, place) => place !== at);
  const clients = others.map((address) => new Client(address, credentials.createInsecure()));
  const request = system.requests.write('bench/fail-over', new Uint8Array(8));
  try {
    // Connections exist before the leader is gone.
    await Promise.all(clients.map((client) => accepted(client, request)));
    const fromMs = performance.now();
    const killed = running.kill(at);
    await firstAccepted(clients, request, fromMs + LIMIT_MS);
    const ms = performance.now() - fromMs;
    await killed;
    await running.restart(at);
    await pause(SETTLE_MS);
    return ms;
  } finally {
    for (const client of clients) client.close();
  }
}

async function firstAccepted(
  clients: readonly Client[],
  request: RequestBytes,
  deadlineMs: number,
): Promise<void> {
  let isAccepted = false;
  const tries: Promise<void>[] = [];
  for (let next = 0; !isAccepted && performance.now() < deadlineMs; next += 1) {
    const client = clients[next % clients.length];
    if (client === undefined) break;
    tries.push(
      accepted(client, request).then((is) => {
        isAccepted ||= is;
      }),
    );
    await pause(TRY_MS);
  }
  if (!isAccepted) throw new Error(`no write was accepted within ${LIMIT_MS} ms`);
  await Promise.all(tries);
}

function accepted(client: Client, { path, message }: RequestBytes): Promise<boolean> {
  const same = (bytes: Buffer): Buffer => bytes;
  const bytes = Buffer.from(message);
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + ATTEMPT_MS };
    client.makeUnaryRequest(path, same, same, bytes, new Metadata(), options, (error) => {
      resolve(error === null);
    });
  });
}
