// `quorate/client` against real daemons that are killed: a counter that is written through fail-overs has every increment exactly
// once, a call survives the member that it was sent to, and without any member it ends with an error that says so. The
// counter takes 20 fail-overs with QUORATE_TEST_LONG=1.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { LocalCluster } from '../../cli/demo/cluster.js';
import { connect, QuorateError } from '../../src/client/index.js';
import type { Quorate } from '../../src/client/index.js';
import { startCleanDaemons } from '../support/cluster.js';

const FAILOVERS = process.env['QUORATE_TEST_LONG'] === '1' ? 20 : 3;
/** More than a fail-over takes on a loaded machine. */
const TIMEOUT_MS = 40_000;

let cluster: LocalCluster;
let client: Quorate;

beforeAll(async () => {
  cluster = await startCleanDaemons(3);
  await cluster.form();
  await cluster.settled();
  // One address: the others are learned.
  const addresses = cluster.daemons.slice(0, 1).map(({ api }) => api);
  client = connect({ addresses, timeoutMs: TIMEOUT_MS });
  await client.store.put('counter', '0');
  await vi.waitUntil(() => client.addresses.length === 3, { timeout: 10_000 });
}, 90_000);

afterAll(async () => {
  client.close();
  await cluster.close();
});

/** Adds one by what it read: repeated by itself only if it surely did not happen. */
async function increment(): Promise<number> {
  const entry = await client.store.get('counter');
  const next = Number(entry?.value.toString() ?? 0) + 1;
  const ifRevision = entry?.revision ?? 0;
  return (await client.store.put('counter', String(next), { ifRevision })).revision;
}

test(
  'a counter written through fail-overs has every increment exactly once',
  async () => {
    const revisions: number[] = [];
    let isOver = false;
    const writing = (async () => {
      while (!isOver) revisions.push(await increment());
    })();
    // A write that is not this one's own shows as REVISION_MISMATCH, which ends the test.
    writing.catch(() => (isOver = true));
    for (let round = 0; round < FAILOVERS && !isOver; round += 1) {
      const { primary } = await cluster.settled(60_000);
      const written = revisions.length;
      const daemon = cluster.daemon(primary ?? '');
      await daemon.stop('SIGKILL');
      await cluster.until('a new primary', (view) => view.primary !== null, 60_000);
      while (revisions.length < written + 3 && !isOver) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await daemon.start();
    }
    isOver = true;
    await writing;
    expect(new Set(revisions).size).toBe(revisions.length);
    // Each increment is one: no more than were answered, no less.
    const entry = await client.store.get('counter');
    expect(Number(entry?.value.toString())).toBe(revisions.length);
    expect(revisions.length).toBeGreaterThanOrEqual(3 * FAILOVERS);
  },
  90_000 + FAILOVERS * 60_000,
);

test('writes that wait when the leader dies are all answered, each once, and those of a pipeline in order', async () => {
  const pipeline = client.store.pipeline();
  for (let round = 0; round < (FAILOVERS === 20 ? 10 : 1); round += 1) {
    const { primary } = await cluster.settled(60_000);
    // A second one of the same would be refused.
    const once = { ifRevision: 0 };
    const piped = Array.from({ length: 600 }, (_, at) =>
      pipeline.put(`piped/${round}/${at}`, String(at), once),
    );
    const last = pipeline.get(`piped/${round}/599`);
    await piped[99];
    const writes = Array.from({ length: 100 }, (_, at) =>
      client.store.put(`at-once/${round}/${at}`, 'x', once),
    );
    const killed = cluster.daemon(primary ?? '').stop('SIGKILL');
    const inOrder = (await Promise.all(piped)).map(({ revision }) => revision);
    expect(inOrder).toEqual(inOrder.toSorted((one, other) => one - other));
    expect((await last)?.revision).toBe(inOrder.at(-1));
    const revisions = (await Promise.all(writes)).map(({ revision }) => revision);
    expect(new Set([...revisions, ...inOrder]).size).toBe(700);
    await killed;
    await cluster.daemon(primary ?? '').start();
  }
  await pipeline.close();
}, 600_000);

test('without any member a call ends at its deadline, and says for each why', async () => {
  await cluster.settled(60_000);
  await Promise.all(cluster.daemons.map((daemon) => daemon.stop('SIGKILL')));
  const begunMs = performance.now();
  const error: unknown = await client.store
    .get('counter', { timeoutMs: 2000 })
    .catch((e: unknown) => e);
  expect(performance.now() - begunMs).toBeLessThan(5000);
  if (!(error instanceof QuorateError)) throw new Error('expected a QuorateError');
  expect(error).toMatchObject({ code: 'UNREACHABLE', outcome: 'refused' });
  for (const { api } of cluster.daemons) expect(error.message).toContain(api);
  await Promise.all(cluster.daemons.map((daemon) => daemon.start()));
  await cluster.settled(60_000);
  expect((await client.store.get('counter'))?.value.toString()).toBeDefined();
}, 120_000);
