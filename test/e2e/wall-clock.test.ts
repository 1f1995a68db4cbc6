// The wall clock of real daemons, set forth and back by an hour while they work: no reign ends, no session ends early and
// none lives on, no call fails. A preload shifts what JavaScript sees as the wall clock, by an amount that a file tells;
// monotonic time goes on, as it does when an operator or a time service sets the clock.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalCluster } from '../../cli/demo/cluster.js';
import { Daemon } from '../../cli/demo/daemon.js';
import { QuorateError } from '../../src/errors.js';
import { BIN } from '../support/cluster.js';

const HOUR_MS = 3_600_000;

/** Date of a process whose environment names a file with an offset in milliseconds. */
const PRELOAD = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const Real = Date;
  const offset = () => Number(readFileSync(process.env.CLOCK_OFFSET, 'utf8'));
  globalThis.Date = class Date extends Real {
    constructor(...given) {
      if (given.length === 0) super(Real.now() + offset());
      else super(...given);
    }
    static now() { return Real.now() + offset(); }
  };
`)}`;

let place: LocalCluster;
let daemons: Daemon[];

function setClock(daemon: Daemon, offsetMs: number): void {
  writeFileSync(join(daemon.plan.directory, 'clock'), String(offsetMs));
}

beforeAll(async () => {
  const bin = BIN;
  const options = { nodes: 3, electionTimeout: '2s', bin, prefersUsualPorts: false };
  place = await LocalCluster.plan(options);
  daemons = place.daemons.map(({ plan }) => {
    const clock = join(plan.directory, 'clock');
    const prefix = ['env', `CLOCK_OFFSET=${clock}`, `NODE_OPTIONS=--import ${PRELOAD}`];
    return new Daemon({ ...plan, prefix });
  });
  for (const daemon of daemons) setClock(daemon, 0);
  await Promise.all(daemons.map((daemon) => daemon.start()));
  const [first, ...others] = daemons;
  await first?.client.start({});
  for (const { client } of others) await client.join({ addresses: [first?.api ?? ''] });
}, 60_000);

afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.stop('SIGKILL')));
  for (const { client } of daemons) client.close();
  await place.close();
});

test.each([
  ['one node is an hour ahead', [HOUR_MS, 0, 0]],
  ['all are an hour ahead', [HOUR_MS, HOUR_MS, HOUR_MS]],
  ['one is an hour ahead, one an hour behind', [0, HOUR_MS, -HOUR_MS]],
  ['all are an hour behind', [-HOUR_MS, -HOUR_MS, -HOUR_MS]],
])('nothing changes when %s', async (_name, offsets) => {
  const [n1] = daemons;
  if (n1 === undefined) throw new Error('expected a daemon');
  const { epoch } = await primary();
  await n1.client.putSession({ id: 'long', ttlMs: 600_000 });
  await n1.client.putSession({ id: 'short', ttlMs: 2000 });
  const begunMs = performance.now();
  for (const [at, daemon] of daemons.entries()) setClock(daemon, offsets[at] ?? 0);
  for (const { client } of daemons) {
    await client.putSession({ id: 'written', attributes: { at: Buffer.from('any time') } });
    const { session } = await client.getSession({ id: 'long' });
    expect(session?.remainingMs).toBeGreaterThan(500_000);
    const { header } = await client.getSession({ id: 'long', consistency: 'STALE' });
    expect(header?.stalenessMs ?? 0).toBeLessThan(60_000);
  }
  await gone('short');
  // Not before its time, which began at the latest when the clocks were set.
  expect(performance.now() - begunMs).toBeGreaterThan(1900);
  expect(await primary()).toMatchObject({ isPrimary: true, epoch });
  const view = await n1.client.status();
  expect(view.nodes.every(({ uptimeMs = 0 }) => uptimeMs < HOUR_MS / 2)).toBe(true);
});

async function primary(): Promise<{ readonly isPrimary: boolean; readonly epoch: number }> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const all = await Promise.all(daemons.map(({ client }) => client.nodeStatus()));
    const found = all.find(({ isPrimary }) => isPrimary);
    if (found !== undefined) return found;
    if (performance.now() > deadlineMs) throw new Error('nobody is primary for 10 s');
    await pause(20);
  }
}

/** Waits until the session has expired; a session never outlives its time by more than a moment. */
async function gone(id: string): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  for (;;) {
    const found = await daemons[0]?.client.getSession({ id }).catch((error: unknown) => error);
    if (found instanceof QuorateError && found.code === 'SESSION_NOT_FOUND') return;
    if (performance.now() > deadlineMs) throw new Error(`${id} lives on`);
    await pause(50);
  }
}
