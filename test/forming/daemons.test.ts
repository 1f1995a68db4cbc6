// Clusters that form by themselves, of daemons in this process on loopback: by their hosts, by how many are expected, by multicast,
// by one address that answers. What a node says meanwhile, what an operator is refused, and that a wiped node is recognised.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { QuorateClient } from '../../src/client/client.js';
import type { Daemon } from '../../src/main.js';
import { clusterIds, Daemons, freePorts, isWhole, trouble, until } from './words.js';

let daemons: Daemons;

beforeEach(() => {
  daemons = new Daemons();
});

afterEach(async () => {
  await daemons.close();
});

async function refusalOf(
  daemon: Daemon,
  ask: (client: QuorateClient) => Promise<unknown>,
): Promise<unknown> {
  const client = new QuorateClient({ address: daemon.api });
  try {
    return await ask(client).then(
      () => null,
      (error: unknown) => error,
    );
  } finally {
    client.close();
  }
}

describe('three nodes with the same hosts', () => {
  test('form one cluster of three voters, say meanwhile whom they wait for, and know a wiped node', async () => {
    const ports = await freePorts(3);
    const hosts = ports.map((port, at) => ({ name: `n${at + 1}`, address: `127.0.0.1:${port}` }));
    const directories = await Promise.all(hosts.map(() => daemons.directory()));
    const start = (at: number, dataDir = directories[at] ?? ''): Promise<Daemon> =>
      daemons.start({ name: `n${at + 1}`, listen: `127.0.0.1:${ports[at]}`, hosts, dataDir });
    const first = await start(0);
    const second = await start(1);
    await until('both to hear each other', async () => (await trouble(first)).includes('2 of 3'));
    expect(await trouble(first)).toBe('forming: 2 of 3 heard, waiting for n3');
    const started = await refusalOf(first, (client) => client.start({ reason: '', dryRun: false }));
    expect(started).toMatchObject({ code: 'FORMING' });
    expect(String(started)).toContain('n2 at 127.0.0.1:');
    const third = await start(2);
    const all = [first, second, third];
    await until('one cluster', () => isWhole(all));
    await until('a primary', () => all.some((daemon) => daemon.status().isPrimary));
    const [clusterId] = clusterIds(all);

    // Its name belongs to a data directory that is gone.
    const survivors = [first, second];
    await daemons.stop(third);
    const wiped = await start(2, await daemons.directory());
    await until('the refusal', async () => (await trouble(wiped)).includes('n3 is taken'));
    expect(wiped.status().condition).toBe('clean');
    expect(clusterIds(survivors)).toEqual([clusterId]);
    const [leader] = survivors;
    const client = new QuorateClient({ address: leader?.api ?? '' });
    const { nodes } = await client.status();
    client.close();
    expect(nodes.map(({ name }) => name)).toEqual(['n1', 'n2', 'n3']);
  }, 60_000);
});

describe('nodes that find each other by multicast', () => {
  test('form a cluster of so many as are expected, and a later one joins it as a voter', async () => {
    const [port] = await freePorts(1);
    const connect = [`udp://239.255.44.${(process.pid % 200) + 1}:${port}`];
    const both = { connect, expect: 2 };
    const first = await daemons.start({ name: 'n1', ...both });
    const second = await daemons.start({ name: 'n2', ...both });
    await until('one cluster', () => isWhole([first, second]));
    const late = await daemons.start({ name: 'n3', ...both });
    const stranger = await daemons.start({ name: 'n4', clusterName: 'other', ...both });
    await until('the third to join', () => isWhole([first, second, late]));
    expect(stranger.status().condition).toBe('clean');
    expect(await trouble(stranger)).toBe('forming: 1 of 2 heard, waiting for 1 more');
  }, 60_000);
});

describe('a node that expects nobody else', () => {
  test('is master at once, and one that knows a single address joins it', async () => {
    const first = await daemons.start({ name: 'n1', expect: 1 });
    await until('its cluster', () => first.status().isPrimary);
    const connect = [`tcp://${first.address}`];
    const second = await daemons.start({ name: 'n2', connect });
    await until('the second to join', () => isWhole([first, second]));
  }, 60_000);
});

describe('a promise on disk', () => {
  test('outlives a restart, and binds the node until the attempt ends', async () => {
    const [port = 0, silent = 0] = await freePorts(2);
    const hosts = [
      { name: 'n1', address: `127.0.0.1:${port}` },
      { name: 'n2', address: `127.0.0.1:${silent}` },
    ];
    const dataDir = await daemons.directory();
    const lone = await daemons.start({ name: 'n1', listen: `127.0.0.1:${port}`, hosts, dataDir });
    await until('it to wait', async () => (await trouble(lone)).includes('waiting for n2'));
    await daemons.stop(lone);
    const again = await daemons.start({ name: 'n1', listen: `127.0.0.1:${port}`, hosts, dataDir });
    expect(again.status().condition).toBe('clean');
    const other = await daemons.start({ name: 'n2', listen: `127.0.0.1:${silent}`, hosts });
    await until('one cluster', () => isWhole([again, other]));
  }, 60_000);
});
