// Real daemons on machines of their own find each other by multicast, by one address and by a name, started at random moments and
// unplugged at random while they form: always one cluster of all three. One round of each by default, 50 in all under
// QUORATE_TEST_LONG=1, where QUORATE_TEST_SEED repeats what was drawn.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { Streams } from '../../../simulations/random.js';
import { QuorateClient } from '../../../src/client/client.js';
import { BIN } from '../../support/cluster.js';
import { Bridge } from './bridge.js';
import type { Place } from './bridge.js';
import { Resolver } from './resolver.js';

const NODES = 3;
const NAME = 'nodes.quorate.test';
const LIMIT_MS = 60_000;
const ROUNDS = process.env['QUORATE_TEST_LONG'] === '1' ? 50 : 3;
const SEED = BigInt(process.env['QUORATE_TEST_SEED'] ?? String(Date.now()));
const WAYS = ['multicast', 'one address', 'a name'] as const;

let bridge: Bridge;
let resolver: Resolver;
let directory: string;
let children: ChildProcess[] = [];

beforeAll(async () => {
  bridge = Bridge.create(NODES);
  const addresses = bridge.places.map(({ address }) => address);
  resolver = await Resolver.start(bridge.address, NAME, addresses);
});

afterEach(async () => {
  const ends = children.map(async (child) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  });
  await Promise.all(ends);
  children = [];
  rmSync(directory, { recursive: true, force: true });
});

afterAll(() => {
  resolver?.close();
  bridge?.remove();
});

function start(at: number, place: Place, connect: string): void {
  const log = openSync(join(directory, `n${at}.log`), 'a');
  const words = ['start', '--exit-with-stdin', '--insecure', '--http', 'none', '--expect', '3'];
  const own = ['--name', `n${at + 1}`, '--data-dir', join(directory, `n${at}`)];
  const reached = ['--listen', place.address, '--api', place.address, '--connect', connect];
  const command = [process.execPath, BIN, ...words, ...own, ...reached];
  const stdio = ['pipe', log, log] as const;
  const child = spawn('ip', ['netns', 'exec', place.namespace, ...command], { stdio: [...stdio] });
  closeSync(log);
  child.stdin?.on('error', () => {});
  children.push(child);
}

/** The cluster id that this machine's daemon tells, with its number of voters; null: none, or no answer. */
async function told({ address }: Place): Promise<string | null> {
  const client = new QuorateClient({ address: `${address}:6001` });
  try {
    const view = await client.status({}, { timeoutMs: 1000, retry: false });
    const voters = view.nodes.filter(({ voter }) => voter).length;
    return view.quorum && view.clusterId !== undefined ? `${view.clusterId} of ${voters}` : null;
  } catch {
    return null;
  } finally {
    client.close();
  }
}

test.each(
  Array.from({ length: ROUNDS }, (_, at) => [WAYS[at % WAYS.length] ?? 'multicast', at] as const),
)(
  'three nodes that find each other by %s form one cluster, in round %d',
  async (way, round) => {
    directory = mkdtempSync(join(tmpdir(), 'quorate-forming-'));
    const dice = new Streams(SEED).stream(`round/${round}`);
    const [first] = bridge.places;
    const connect = {
      multicast: 'udp://224.2.2.44:54327',
      'one address': `tcp://${first?.address}`,
      'a name': NAME,
    };
    const beginMs = performance.now();
    const starts = bridge.places.map(async (place, at) => {
      await pause(dice.between(0, 1500));
      start(at, place, connect[way]);
    });
    const cuts = Array.from({ length: dice.between(1, 3) }, async () => {
      const place = dice.pick(bridge.places);
      await pause(dice.between(500, 2500));
      bridge.plug(place, false);
      await pause(dice.between(100, 1000));
      bridge.plug(place, true);
    });
    await Promise.all([...starts, ...cuts]);
    for (const place of bridge.places) bridge.plug(place, true);
    let views: (string | null)[] = [];
    while (performance.now() - beginMs < LIMIT_MS) {
      views = await Promise.all(bridge.places.map(told));
      const ids = new Set(views.map((view) => view?.split(' ')[0] ?? null));
      ids.delete(null);
      // Two clusters never become one: it need not be waited for.
      if (ids.size > 1) break;
      if (views.every((view) => view?.endsWith(` of ${NODES}`) === true)) break;
      await pause(100);
    }
    console.log(
      JSON.stringify({
        seed: String(SEED),
        round,
        way,
        formedMs: Math.round(performance.now() - beginMs),
      }),
    );
    const logs = bridge.places.map((_, at) =>
      readFileSync(join(directory, `n${at}.log`), 'utf8').slice(-2000),
    );
    if (new Set(views).size !== 1) console.log(logs.join('\n---\n'));
    expect(new Set(views).size).toBe(1);
    expect(views[0]).toMatch(/^[0-9a-f]{32} of 3$/);
  },
  120_000,
);
