// The real HAProxy before three real daemons, with the configuration that `quorate lb haproxy` prints for them, and a client that writes
// through it at a steady rate while the primary is killed and while it is changed by set-primary. How many writes failed and the
// longest time without one that succeeded are printed; QUORATE_TEST_LONG=1 runs the same more often, with the default timers.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { LocalCluster } from '../../../cli/demo/cluster.js';
import { QuorateClient } from '../../../src/client/client.js';
import { freePorts } from '../../forming/words.js';
import { mustSucceed, run, startCleanDaemons } from '../../support/cluster.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';
const ROUNDS = IS_LONG ? 10 : 1;
const EVERY_MS = 10;
/** Without a success for longer than this, a client has been left alone: far above an election, below any time-out of the balancer. */
const GAP_MAX_MS = 10_000;

let cluster: LocalCluster;
let balancer: ChildProcess;
let bind: string;

/** Fails unless HAProxy itself finds the file in order. */
function mustBeValid(file: string): void {
  const { status, stdout, stderr } = spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`haproxy refuses it with ${status}: ${stdout}${stderr}`);
}

/** The configuration for the cluster as it is, in a file. */
async function configuration(product: string, ports: readonly number[]): Promise<string> {
  const [primary, read] = ports.map((port) => `127.0.0.1:${port}`);
  const http = cluster.daemons.flatMap(({ name, plan }) => [
    '--http',
    `${name}=${plan.http.split(':').at(-1)}`,
  ]);
  const words = ['lb', product, '--bind', primary ?? '', '--read-bind', read ?? '', ...http];
  const [first] = cluster.running;
  const text = mustSucceed(await run([...words, '--node', first?.api ?? '']));
  const file = join(cluster.directory, `${product}.cfg`);
  writeFileSync(file, text);
  return file;
}

beforeAll(async () => {
  cluster = await startCleanDaemons(3);
  await cluster.form();
  await cluster.settled();
  const ports = await freePorts(2);
  bind = `127.0.0.1:${ports[0]}`;
  const file = await configuration('haproxy', ports);
  mustBeValid(file);
  balancer = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
});

afterAll(async () => {
  if (balancer?.kill('SIGKILL')) await once(balancer, 'exit');
  await cluster?.close();
});

/** Writes through the balancer, one after the other at a steady rate, until it is told to end. */
class Writer {
  readonly #client = new QuorateClient({ address: bind });
  readonly errors = new Map<string, number>();
  written = 0;
  longestGapMs = 0;
  #lastMs = performance.now();
  #isEnding = false;
  readonly #running = this.#run();

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      const beginMs = performance.now();
      try {
        const value = Buffer.from(String(this.written));
        await this.#client.putStore({ key: 'steady', value }, { timeoutMs: 1000, retry: false });
        this.written += 1;
        this.longestGapMs = Math.max(this.longestGapMs, performance.now() - this.#lastMs);
        this.#lastMs = performance.now();
      } catch (error) {
        const code = (error as { code?: string }).code ?? String(error);
        this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
      }
      await pause(Math.max(0, beginMs + EVERY_MS - performance.now()));
    }
  }

  async more(count: number): Promise<void> {
    const goal = this.written + count;
    const limitMs = performance.now() + GAP_MAX_MS;
    while (this.written < goal && performance.now() < limitMs) await pause(10);
    if (this.written < goal) throw new Error(`no more than ${this.written} writes got through`);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    this.#client.close();
  }
}

/** Writes while something is done; answers what the client saw, once it writes again. */
async function watched(what: string, act: () => Promise<unknown>): Promise<Writer> {
  const writer = new Writer();
  await writer.more(20);
  writer.longestGapMs = 0;
  await act();
  await writer.more(20);
  await writer.end();
  const { written, errors, longestGapMs } = writer;
  const failed = Object.fromEntries(errors);
  console.log(JSON.stringify({ what, written, failed, longestGapMs: Math.round(longestGapMs) }));
  return writer;
}

function daemonNamed(name: string | null) {
  const found = cluster.daemons.find((daemon) => daemon.name === name);
  if (found === undefined) throw new Error(`there is no daemon ${name}`);
  return found;
}

test.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
  'a client writes on after the primary is killed, and after set-primary, in round %d',
  async () => {
    const { primary } = await cluster.settled();
    const killed = daemonNamed(primary);
    const afterKill = await watched('kill -9 of the primary', () => killed.stop('SIGKILL'));
    expect(afterKill.longestGapMs).toBeLessThan(GAP_MAX_MS);
    await killed.start();
    const settled = await cluster.settled();
    expect(settled.primary).not.toBe(killed.name);
    const afterOrder = await watched('set-primary', () =>
      daemonNamed(settled.primary).client.setPrimary({ name: killed.name, reason: 'a test' }),
    );
    expect(afterOrder.longestGapMs).toBeLessThan(GAP_MAX_MS);
    expect((await cluster.settled()).primary).toBe(killed.name);
  },
  60_000,
);
