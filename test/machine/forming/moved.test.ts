// Members that all come back at other addresses, of daemons in one process that hear each other by multicast. The long form alone:
// it waits for the longest silences that discovery has. What each node believes of an address is in test/forming/fellows.test.ts.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Daemon } from '../../../src/main.js';
import { clusterIds, Daemons, freePorts, isWhole, trouble, until } from '../../forming/words.js';

let daemons: Daemons;

beforeEach(() => {
  daemons = new Daemons();
});

afterEach(async () => {
  await daemons.close();
});

describe('members that all restart at other addresses', () => {
  test('find each other by multicast, also where they exchanged theirs, and trust no wiped node there', async () => {
    const [group = 0, ...ports] = await freePorts(4);
    const connect = [`udp://239.255.45.${(process.pid % 200) + 1}:${group}`];
    const names = ['n1', 'n2', 'n3'];
    const directories = await Promise.all(names.map(() => daemons.directory()));
    const start = (at: number, place: number, dataDir = directories[at] ?? ''): Promise<Daemon> =>
      daemons.start({
        name: names[at] ?? '',
        listen: `127.0.0.1:${ports[place]}`,
        connect,
        expect: 3,
        dataDir,
      });
    const before = await Promise.all(names.map((_, at) => start(at, at)));
    await until('one cluster', () => isWhole(before));
    const [clusterId] = clusterIds(before);
    await Promise.all(before.map((daemon) => daemons.stop(daemon)));

    const moved = await Promise.all(names.map((_, at) => start(at, (at + 1) % 3)));
    const places = (daemon: Daemon): string[] =>
      daemon.status().configuration.members.map(({ name, address }) => `${name} ${address}`);
    const wanted = moved.map(({ name, address }) => `${name} ${address}`).toSorted();
    const isTold = (daemon: Daemon): boolean =>
      JSON.stringify(places(daemon).toSorted()) === JSON.stringify(wanted);
    await until('a primary', () => moved.some((daemon) => daemon.status().isPrimary));
    await until('the log to say where they are', () => moved.every(isTold));
    expect(clusterIds(moved)).toEqual([clusterId]);

    const [first, second, third] = moved as [Daemon, Daemon, Daemon];
    await daemons.stop(third);
    const wiped = await start(2, 0, await daemons.directory());
    await until('the refusal', async () => (await trouble(wiped)).includes('n3 is taken'));
    expect(wiped.status().condition).toBe('clean');
    expect(wiped.address).toBe(third.address);
    const rows = first.status().configuration.members.map(({ installId }) => installId);
    expect(rows).toEqual(second.status().configuration.members.map(({ installId }) => installId));
    expect(first.status().leaderId).not.toBeNull();
  }, 90_000);
});
