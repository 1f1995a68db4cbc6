// A rolling upgrade on real disks and sockets: three daemons of an old version are given a later one, one after the other, while
// a client writes; then what becomes of the old version. The versions are told to the composition root: writing to the store
// is taken for something that came with level 2.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NodeLinks } from '../../src/client/node-links.js';
import { CLUSTER, SESSIONS, STORE } from '../../src/client/protos.js';
import { QuorateError } from '../../src/errors.js';
import { startDaemon } from '../../src/main.js';
import type { Daemon, DaemonHooks } from '../../src/main.js';
import { FEATURES } from '../../src/state-machine/features.js';
import { ELECTION_TIMEOUT_MS, eventually } from './harness.js';

const features = { commands: { ...FEATURES.commands, changeStore: 2 }, fields: [] };
const OLD = { speaks: { version: '0.1.0', featureMin: 1, featureMax: 1 }, features };
const LATER = { speaks: { version: '0.2.0', featureMin: 1, featureMax: 2 }, features };
const TOO_OLD =
  'version 0.1.0 speaks feature level 1, the cluster is at 2: install a later version, one that speaks 2';

const SESSION_COUNT = 100;

type Software = DaemonHooks['software'] & object;

describe('a rolling upgrade', () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-versions-'));
  const links = new NodeLinks();
  const daemons = new Map<string, Daemon>();
  const places = new Map<string, { listen: string; api: string }>();
  /** What made a daemon end by itself, by name. */
  const failures: [string, string][] = [];
  let written = 0;
  let isOver = false;
  let writing: Promise<void> = Promise.resolve();

  const dataDirOf = (name: string): string => join(directory, name);

  async function start(
    name: string,
    software: Software,
    dataDir = dataDirOf(name),
  ): Promise<Daemon> {
    const { listen = '127.0.0.1:0', api = '127.0.0.1:0' } = places.get(name) ?? {};
    const where = { listen, api, http: 'none', dataDir, name, logLevel: 'silent' } as const;
    const onFatal = (error: unknown): void => {
      failures.push([name, String(error)]);
    };
    const options = { ...where, electionTimeoutMs: ELECTION_TIMEOUT_MS };
    const daemon = await startDaemon(options, { software, onFatal });
    daemons.set(name, daemon);
    places.set(name, { listen: daemon.address, api: daemon.api });
    return daemon;
  }

  async function stop(name: string): Promise<void> {
    await daemons.get(name)?.stop();
    daemons.delete(name);
  }

  /** Asks whichever daemon runs, again until one carries it out. */
  async function asked<T>(ask: (api: string) => Promise<T>): Promise<T> {
    const untilMs = Date.now() + 20_000;
    for (;;) {
      for (const { api } of daemons.values()) {
        try {
          return await ask(api);
        } catch (error) {
          const isFinal = error instanceof QuorateError && !error.isRetryable;
          if (isFinal && error.outcome === 'refused' && error.code !== 'STOPPING') throw error;
          if (Date.now() > untilMs) throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const write = (): { metadata: Metadata; timeoutMs: number; isWrite: true } => {
    return { metadata: new Metadata(), timeoutMs: 4000, isWrite: true };
  };
  const put = (n: number): Promise<unknown> =>
    asked((api) => {
      const attributes = { n: Buffer.from(String(n)) };
      const id = `s${n % SESSION_COUNT}`;
      return links.ask(api, SESSIONS.Put, { id, attributes }, write());
    });
  const putStore = (): Promise<unknown> =>
    asked((api) => links.ask(api, STORE.Put, { key: 'k', value: Buffer.from('v') }, write()));
  const isFormed = (): boolean =>
    [...daemons.values()].every((daemon) => daemon.status().settledVoters.length === 3);

  beforeAll(async () => {
    const first = await start('n1', OLD);
    await links.ask(first.api, CLUSTER.Start, {}, write());
    for (const name of ['n2', 'n3']) {
      const { api } = await start(name, OLD);
      await links.ask(api, CLUSTER.Join, { addresses: [first.api] }, write());
    }
    await eventually(isFormed);
    writing = (async () => {
      for (; !isOver; written += 1) await put(written);
    })();
  }, 60_000);

  afterAll(async () => {
    isOver = true;
    await writing;
    links.close();
    await Promise.all([...daemons.values()].map((daemon) => daemon.stop()));
    rmSync(directory, { recursive: true, force: true });
  });

  test('raises the level when the last has it, without losing a write, and then forgets the old version', async () => {
    for (const name of ['n1', 'n2', 'n3']) {
      const refused = await putStore().catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'FEATURE_LEVEL' });
      const before = written;
      await stop(name);
      cpSync(dataDirOf(name), `${dataDirOf(name)}-before`, { recursive: true });
      await start(name, LATER);
      await eventually(() => isFormed() && written > before + 3);
      if (name === 'n3') break;
      for (const daemon of daemons.values()) expect(daemon.status().featureLevel).toBe(1);
    }
    await eventually(() => [...daemons.values()].every((each) => each.status().featureLevel === 2));
    await putStore();
    const status = await asked((api) => links.ask(api, CLUSTER.Status, {}, write()));
    expect(status.nodes.map(({ version }) => version)).toEqual(['0.2.0', '0.2.0', '0.2.0']);
    const { members } = await asked((api) => links.ask(api, CLUSTER.Members, {}, write()));
    expect(members.map(({ featureMax }) => featureMax)).toEqual([2, 2, 2]);

    isOver = true;
    await writing;
    const { sessions } = await asked((api) =>
      links.ask(api, SESSIONS.List, { limit: 1000 }, write()),
    );
    const values = sessions.map(({ attributes }) => Number(attributes['n']?.toString()));
    const last = Array.from(
      { length: Math.min(written, SESSION_COUNT) },
      (_, at) => written - 1 - at,
    );
    expect(new Set(values)).toEqual(new Set(last));
    expect(failures).toEqual([]);
  }, 120_000);

  test('does not let the old version go on with a disk that has the level, nor with an older copy of it', async () => {
    await stop('n3');
    const refused = await start('n3', OLD).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'UNSPOKEN_LEVEL', exitCode: 1 });
    expect(String(refused)).toContain(`${dataDirOf('n3')}: ${TOO_OLD}`);
    // From before the level rose: only the others know.
    const { failure } = await start('n3', OLD, `${dataDirOf('n3')}-before`);
    expect(await failure).toMatchObject({ code: 'UNSPOKEN_LEVEL', message: TOO_OLD, exitCode: 1 });
    await stop('n3');
    await start('n3', LATER);
    await eventually(() => daemons.get('n3')?.status().featureLevel === 2);
    expect(failures).toEqual([]);
  }, 60_000);

  test('keeps a newcomer of the old version out', async () => {
    const { api } = await start('n4', OLD);
    const addresses = [places.get('n1')?.api ?? ''];
    const refused = await links
      .ask(api, CLUSTER.Join, { addresses }, write())
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'UNSPOKEN_LEVEL', message: `n4: ${TOO_OLD}` });
  });
});
