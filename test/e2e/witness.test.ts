// Two data nodes and a witness on real processes, in the order of one story. What operators see of a witness; that the
// loss of any one node costs nothing, and that of one followed by another nothing that was acknowledged.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LocalCluster } from '../../cli/demo/cluster.js';
import { Daemon } from '../../cli/demo/daemon.js';
import type { SessionView } from '../../cli/session-view.js';
import type { ClusterView } from '../../src/client/cluster-view.js';
import { QuorateError } from '../../src/errors.js';
import { openStorage } from '../../src/storage/level-storage.js';
import { jsonAt, mustSucceed, run, runAt, startCleanDaemons } from '../support/cluster.js';

interface Told {
  readonly error: string;
  readonly code: string;
  readonly hint: string;
}

/** Far more than anything here takes, also on a loaded machine. */
const PATIENCE_MS = 30_000;
const MIB = 1024 * 1024;
/** A snapshot is taken after 16 to 32 MiB of entries. */
const WRITES_TO_SNAPSHOT = 34;

/** Commands take seconds each on a machine that is busy. */
describe('two data nodes and a witness', { timeout: 90_000 }, () => {
  let cluster: LocalCluster;
  let n1: Daemon;
  let n2: Daemon;
  let n3: Daemon;
  const acknowledged: string[] = [];

  beforeAll(async () => {
    cluster = await startCleanDaemons(3, (name) => (name === 'n3' ? ['--witness'] : []));
    n1 = cluster.daemon('n1');
    n2 = cluster.daemon('n2');
    n3 = cluster.daemon('n3');
  });
  afterAll(async () => {
    await cluster.close();
  });

  async function dataNodes(): Promise<{ primary: Daemon; standby: Daemon; view: ClusterView }> {
    const view = await cluster.settled();
    const primary = cluster.daemon(view.primary ?? '');
    return { primary, standby: primary === n1 ? n2 : n1, view };
  }

  /** Writes sessions through this daemon until told to stop; notes what was acknowledged. */
  function writer(daemon: Daemon, prefix: string): () => Promise<number> {
    let isOver = false;
    let written = 0;
    const writing = (async () => {
      for (let next = 0; !isOver; next += 1) {
        const id = `${prefix}-${next}`;
        try {
          await daemon.client.putSession({ id, ttlMs: 3_600_000 }, { timeoutMs: 10_000 });
          acknowledged.push(id);
          written += 1;
        } catch (error) {
          if (!(error instanceof QuorateError)) throw error;
        }
      }
    })();
    return async () => {
      isOver = true;
      await writing;
      return written;
    };
  }

  async function missingAt(daemon: Daemon): Promise<string[]> {
    const there = new Set<string>();
    for (let afterId: string | undefined = ''; afterId !== undefined;) {
      const page = await daemon.client.listSessions({ afterId }, { timeoutMs: 20_000 });
      for (const { id } of page.sessions) there.add(id);
      afterId = page.sessions.at(-1)?.id;
    }
    return acknowledged.filter((id) => !there.has(id));
  }

  async function until(what: string, holds: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!holds()) {
      if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
      await pause(20);
    }
  }

  function hasLogged(daemon: Daemon, sentence: string, more = ''): number {
    const lines = readFileSync(daemon.logPath, 'utf8').split('\n');
    return lines.filter((line) => line.includes(`"${sentence}"`) && line.includes(more)).length;
  }

  test('are formed from the command line, but not begun with the witness', async () => {
    const refused = await runAt(n3, 'cluster-start', '--json');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect((JSON.parse(refused.stderr) as Told).code).toBe('WITNESS');

    mustSucceed(await runAt(n1, 'cluster-start'));
    mustSucceed(await runAt(n3, 'cluster-join', n1.api));
    mustSucceed(await runAt(n1, 'cluster-add', n2.api));
    const { view } = await dataNodes();
    expect(view).toMatchObject({ quorum: true, failureTolerance: 1 });
    expect(view.nodes.map(({ name, state, role }) => [name, state, role])).toEqual([
      ['n1', 'PRIMARY', 'leader'],
      ['n2', 'STANDBY', 'follower'],
      ['n3', 'WITNESS', 'follower'],
    ]);
    const shown = mustSucceed(await runAt(n3, 'mon-cluster'));
    expect(shown).toMatch(/n3 +WITNESS/);
    expect(shown).toContain('can lose 1 more node: n1 or n2 or n3');
    expect(shown).not.toContain('advice');
  });

  test('answer through the witness what needs a quorum; itself it has nothing to read', async () => {
    mustSucceed(await runAt(n3, 'session', 'put', 'alice', 'cart=3', '--ttl', '1h'));
    acknowledged.push('alice');
    const read = await jsonAt<SessionView>(n3, 'session', 'get', 'alice');
    expect(read).toMatchObject({ attributes: { cart: '3' }, node: 'n3' });
    for (const stale of [['get', 'alice'], ['list']]) {
      const refused = await runAt(n3, 'session', ...stale, '--stale', '--json');
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'WITNESS' });
    }
    for (const wish of [['n3'], []]) {
      const refused = await runAt(n3, 'set-primary', ...wish, '--json');
      const told = JSON.parse(refused.stderr) as Told;
      expect(told).toMatchObject({ code: 'TARGET_UNFIT' });
      expect(told.error).toContain('witness');
    }
  });

  test('do not notice that the witness is gone, and take it back as what it was', async () => {
    const { view: before } = await dataNodes();
    await n3.stop('SIGKILL');
    mustSucceed(await runAt(n2, 'session', 'put', 'bob', 'cart=1', '--ttl', '1h'));
    acknowledged.push('bob');
    const without = await cluster.until('the witness is down', ({ nodes }) =>
      nodes.some(({ name, state }) => name === 'n3' && state === 'DOWN'),
    );
    expect(without).toMatchObject({ epoch: before.epoch, quorum: true, failureTolerance: 0 });
    const shown = mustSucceed(await runAt(n1, 'mon-cluster'));
    expect(shown).toContain('loses service if n1 or n2 fails');
    // Without --witness: its data directory knows.
    const again = new Daemon({ ...n3.plan, more: [] });
    try {
      await again.start();
      await cluster.until('it is a witness', ({ nodes }) =>
        nodes.some(({ name, state }) => name === 'n3' && state === 'WITNESS'),
      );
      await again.stop('SIGKILL');
    } finally {
      again.killNow();
      again.client.close();
    }
    await n3.start();
    expect((await dataNodes()).view.epoch).toBe(before.epoch);
  });

  test('refuse to make a witness of a full member’s data', async () => {
    await n2.stop('SIGTERM');
    const { address, api, directory } = n2.plan;
    const where = ['--data-dir', join(directory, 'data'), '--listen', address, '--api', api];
    const refused = await run(['start', '--witness', ...where, '--http', 'none', '--json']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    const told = JSON.parse(refused.stderr.trim().split('\n').at(-1) ?? '') as Told;
    expect(told).toMatchObject({ code: 'WRONG_USAGE' });
    expect(told.error).toContain('belongs to a full member');
    await n2.start();
    await cluster.settled();
  });

  test('go on without either data node, and lose nothing that was acknowledged', async () => {
    for (const whose of ['primary', 'standby'] as const) {
      const { primary, standby } = await dataNodes();
      const [victim, survivor] = whose === 'primary' ? [primary, standby] : [standby, primary];
      const stop = writer(survivor, `without-the-${whose}`);
      const before = acknowledged.length;
      await until('some writes', () => acknowledged.length > before + 20);
      await victim.stop('SIGKILL');
      const atKill = acknowledged.length;
      await until('writes go on', () => acknowledged.length > atKill + 20);
      await stop();
      const view = await cluster.until('the survivor is primary', (it) => it.primary !== null);
      expect(view.primary).toBe(survivor.name);
      expect(await missingAt(survivor)).toEqual([]);
      await victim.start();
    }
  });

  test('lose nothing when one dies before the other has come back: the witness has it, as a snapshot', async () => {
    const { primary, standby } = await dataNodes();
    await standby.stop('SIGKILL');
    const before = hasLogged(n3, "installs the leader's snapshot");
    const attributes = { filling: Buffer.alloc(MIB - 1024, 7) };
    for (let at = 0; at < WRITES_TO_SNAPSHOT; at += 1) {
      // The last one beside the others, so that snapshot and log both hold something.
      const id = at % 2 === 0 ? 'big' : `while-away-${at}`;
      const request = id === 'big' ? { id, attributes } : { id };
      await primary.client.putSession({ ...request, ttlMs: 3_600_000 }, { timeoutMs: 20_000 });
      if (!acknowledged.includes(id)) acknowledged.push(id);
      if (id === 'big')
        await primary.client.putSession({ id: 'big-too', attributes, ttlMs: 3_600_000 });
    }
    await until('a snapshot at the witness', () => {
      return hasLogged(n3, "installs the leader's snapshot") > before;
    });
    await primary.client.putSession({ id: 'the last', ttlMs: 3_600_000 });
    acknowledged.push('the last');
    await primary.stop('SIGKILL');
    const led = hasLogged(n3, 'became leader');
    await standby.start();
    const view = await cluster.until('the other takes over', (it) => it.primary === standby.name);
    expect(view.leader).toBe(standby.name);
    expect(hasLogged(n3, 'became leader')).toBeGreaterThan(led);
    expect(hasLogged(standby, "installs the leader's snapshot")).toBeGreaterThan(0);
    expect(await missingAt(standby)).toEqual([]);
    await primary.start();
    await cluster.settled();
    expect(await missingAt(primary)).toEqual([]);
  });

  test('keep their witness’s log short: it is compacted below its snapshot', async () => {
    await n3.stop('SIGTERM');
    const log = { error() {}, warn() {}, info() {}, debug() {} };
    const storage = await openStorage(join(n3.plan.directory, 'data'), { log, overdueMs: 10_000 });
    try {
      const { snapshot, compacted, identity } = storage.stored;
      expect(identity.cluster?.isWitness).toBe(true);
      expect(snapshot?.last).toEqual(compacted);
      expect(compacted.index).toBeGreaterThan(100);
    } finally {
      await storage.close();
    }
    await n3.start();
    await cluster.settled();
  });
});
