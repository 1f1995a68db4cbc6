// Watches on real daemons while leaders die: a watcher that goes on wherever it was cut off is told every write once, in the order of
// revisions, and what it rebuilt is what is there. QUORATE_TEST_LONG=1 kills twenty leaders. The command prints what it is told.
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon } from '../../cli/demo/daemon.js';
import { QuorateError } from '../../src/errors.js';
import { BIN, jsonAt, mustSucceed, run, startCleanDaemons } from '../support/cluster.js';

const KILLS = process.env['QUORATE_TEST_LONG'] === '1' ? 20 : 2;

let cluster: LocalCluster;

beforeAll(async () => {
  cluster = await startCleanDaemons(3);
  await cluster.form();
}, 60_000);

afterAll(async () => {
  await cluster.close();
});

interface Told {
  readonly revision: number;
  readonly value: string;
}

/** Everything told of keys below `prefix` by this member, until the signal. */
async function listen(daemon: Daemon, prefix: string, signal: AbortSignal): Promise<Told[]> {
  const told: Told[] = [];
  const filters = [{ fact: 'FACT_STORE' as const, prefix }];
  for await (const update of daemon.client.watch({ filters, signal, bookmarkMs: 500 })) {
    if (update.type === 'state') throw new Error('nothing was forgotten, yet the state came');
    if (update.type !== 'changes') continue;
    for (const { revision, changes } of update.revisions) {
      for (const { entry } of changes)
        told.push({ revision, value: entry?.value.toString() ?? '' });
    }
  }
  return told;
}

/** Writes 1, 2, 3, … under one key through a member that stays, until told to end; answers the last that was written. */
async function count(daemon: Daemon, key: string, isOver: () => boolean): Promise<number> {
  for (let at = 1; ; at += 1) {
    const value = Buffer.from(String(at));
    try {
      await daemon.client.putStore({ key, value }, { timeoutMs: 20_000 });
    } catch (error) {
      throw error instanceof QuorateError
        ? new Error(`${at}: ${error.message}`, { cause: error })
        : error;
    }
    if (isOver()) return at;
    await pause(5);
  }
}

test(
  `a watcher through ${KILLS} fail-overs is told every write once, in order`,
  async () => {
    const [writing, , watched] = cluster.daemons;
    if (writing === undefined || watched === undefined) throw new Error('expected three daemons');
    const end = new AbortController();
    let isOver = false;
    const listening = [watched, writing].map((daemon) => listen(daemon, 'told/', end.signal));
    await pause(500);
    const counting = count(writing, 'told/count', () => isOver);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { primary } = await cluster.settled();
      // The member that is written through stays: only its leader dies. If it leads, the watched one dies instead.
      const victim: Daemon = primary === writing.name ? watched : cluster.daemon(primary ?? '');
      await victim.stop('SIGKILL');
      if (victim !== watched) await cluster.until('a new primary', (view) => view.primary !== null);
      await victim.start();
    }
    await cluster.settled();
    isOver = true;
    const last = await counting;
    await pause(2000);
    end.abort();
    const all = Array.from({ length: last }, (_, at) => String(at + 1));
    for (const told of await Promise.all(listening)) {
      expect(told.map(({ value }) => value)).toEqual(all);
      const revisions = told.map(({ revision }) => revision);
      expect(revisions).toEqual([...new Set(revisions)].toSorted((a, b) => a - b));
    }
  },
  60_000 + KILLS * 10_000,
);

test('the command prints a line a change, as JSON for programs, and ends when it has printed enough', async () => {
  const [first, second] = cluster.daemons;
  if (first === undefined || second === undefined) throw new Error('expected daemons');
  const { revision } = await jsonAt<{ revision: number }>(first, 'store', 'put', 'cli/a', 'one');
  const key = { id: 'cli-1', attributes: { cart: Buffer.from('3') } };
  await first.client.putSession(key);
  await first.client.deleteSession({ id: 'cli-1' });
  const after = ['--after', String(revision - 1), '--node', second.api];
  const lines = mustSucceed(await run(['watch', ...after, '--limit', '3']))
    .trim()
    .split('\n');
  expect(lines.map((line) => line.replace(/^\S+ +/, '').replaceAll(/ +/g, ' '))).toEqual([
    `${revision} store cli/a = one`,
    expect.stringMatching(/^\d+ session cli-1 cart=3$/),
    expect.stringMatching(/^\d+ session cli-1 deleted$/),
  ]);
  const json = mustSucceed(
    await run(['store', 'watch', 'cli/', ...after, '--limit', '1', '--json']),
  );
  const told = json
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  expect(told.find(({ type }) => type === 'change')).toMatchObject({
    fact: 'store',
    key: 'cli/a',
    revision,
    value: { key: 'cli/a', value: 'one', revision },
  });
  const wrong = await run(['watch', '--state', '--after', '1', '--node', second.api]);
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
}, 60_000);

test('the command ends by a signal with 130', async () => {
  const [first] = cluster.daemons;
  const args = [BIN, 'watch', '--state', '--json', '--node', first?.api ?? ''];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGINT');
  const code = await new Promise((resolve) => child.once('exit', resolve));
  expect(code).toBe(130);
}, 30_000);
