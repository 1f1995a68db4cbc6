// The composition root: what a daemon refuses to start with, and that one starts, resumes its membership and stops.
// Disk and sockets are real, on loopback.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { advertised, daemonAddresses } from '../../src/config/daemon-addresses.js';
import { QuorateError } from '../../src/errors.js';
import { startDaemon } from '../../src/main.js';
import type { Daemon, DaemonOptions } from '../../src/main.js';
import { NodeLinks } from '../../src/client/node-links.js';
import { CLUSTER, SESSIONS } from '../../src/client/protos.js';
import { ELECTION_TIMEOUT_MS, eventually } from './harness.js';

let directory: string;
let daemons: Daemon[];
let links: NodeLinks;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-daemon-'));
  daemons = [];
  links = new NodeLinks();
});

afterEach(async () => {
  links.close();
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  rmSync(directory, { recursive: true, force: true });
});

function options(more: Partial<DaemonOptions> = {}): DaemonOptions {
  return {
    dataDir: join(directory, 'n1'),
    name: 'n1',
    listen: '127.0.0.1:0',
    api: '127.0.0.1:0',
    http: '127.0.0.1:0',
    electionTimeoutMs: ELECTION_TIMEOUT_MS,
    logLevel: 'silent',
    ...more,
  };
}

async function start(more: Partial<DaemonOptions> = {}): Promise<Daemon> {
  const daemon = await startDaemon(options(more));
  daemons.push(daemon);
  return daemon;
}

async function refused(more: Partial<DaemonOptions>): Promise<QuorateError> {
  const answer = await start(more).catch((error: unknown) => error);
  if (answer instanceof QuorateError) return answer;
  throw new Error('expected a refusal');
}

function write(): { metadata: Metadata; timeoutMs: number; isWrite: true } {
  return { metadata: new Metadata(), timeoutMs: 5000, isWrite: true };
}

async function occupied(): Promise<{ server: Server; address: string }> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('a daemon does not start', () => {
  test.each([
    { name: 'with a name that is none', more: { name: 'a b' }, code: 'INVALID_ARGUMENT' },
    { name: 'with an address that is none', more: { listen: 'a:b' }, code: 'WRONG_USAGE' },
    { name: 'with a timeout out of range', more: { electionTimeoutMs: 10 }, code: 'WRONG_USAGE' },
    { name: 'for peers beyond loopback', more: { listen: '10.0.0.1:0' }, code: 'INSECURE_ADDRESS' },
    { name: 'for clients beyond loopback', more: { api: '0.0.0.0:0' }, code: 'INSECURE_ADDRESS' },
    { name: 'for balancers beyond it', more: { http: '0.0.0.0:0' }, code: 'INSECURE_ADDRESS' },
    {
      name: 'everywhere without an address to tell',
      more: { listen: '0.0.0.0:0', insecure: true },
      code: 'WRONG_USAGE',
    },
    {
      name: 'at an address of another machine',
      more: { listen: '203.0.113.7:0', insecure: true },
      code: 'ADDRESS_NOT_LOCAL',
    },
    { name: 'in a file', more: { dataDir: '/dev/null/x' }, code: 'DATA_DIRECTORY' },
  ])('$name: $code', async ({ more, code }) => {
    const error = await refused(more);
    expect(error.code).toBe(code);
    expect(error.hint).not.toBe('');
  });

  test.each(['listen', 'api', 'http'] as const)('where something else has --%s', async (option) => {
    const { server, address } = await occupied();
    const error = await refused({ [option]: address });
    expect(error.code).toBe('ADDRESS_IN_USE');
    expect(error.message).toContain(address);
    expect(error.hint).toContain(`--${option}`);
    server.close();
    await start();
  });
});

describe('addresses', () => {
  const host = '127.0.0.1';
  const base = { listen: host, advertise: null, api: host, http: host, mayLeaveLoopback: false };

  test('have the ports of the product where none is given, and tell the ports that were bound', () => {
    const addresses = daemonAddresses(base);
    expect(addresses.listen.port).toBe(6000);
    expect(addresses.api.port).toBe(6001);
    expect(addresses.http?.port).toBe(8080);
    expect(daemonAddresses({ ...base, http: 'none' }).http).toBeNull();
    expect(advertised(addresses, 6000, 6001)).toEqual({
      address: '127.0.0.1:6000',
      api: '127.0.0.1:6001',
    });
  });

  test('advertised differ from those listened at', () => {
    const listen = { ...base, listen: '0.0.0.0', api: '[::]:7001', mayLeaveLoopback: true };
    const open = daemonAddresses({ ...listen, advertise: 'db1.example' });
    expect(advertised(open, 6000, 7001)).toEqual({
      address: 'db1.example:6000',
      api: 'db1.example:7001',
    });
    const mapped = daemonAddresses({ ...listen, advertise: '[2001:db8::1]:9000' });
    expect(advertised(mapped, 6000, 7001).address).toBe('[2001:db8::1]:9000');
    expect(() => daemonAddresses({ ...listen, advertise: '0.0.0.0:6000' })).toThrow('reach');
  });
});

describe('a daemon', () => {
  test('is clean, starts a cluster, and resumes it after a stop', async () => {
    const first = await start();
    expect(first.status().condition).toBe('clean');
    await links.ask(first.api, CLUSTER.Start, {}, write());
    await links.ask(first.api, SESSIONS.Put, { id: 's' }, write());
    const { epoch } = first.status();
    await first.stop();
    const again = await start({ name: 'other', electionTimeoutMs: 500 });
    expect(again.name).toBe('n1');
    await eventually(() => again.status().isPrimary);
    expect(again.status().epoch).toBeGreaterThan(epoch);
    const got = await links.ask(again.api, SESSIONS.Get, { id: 's' }, write());
    expect(got.session?.id).toBe('s');
    await again.stop();
    const mismatch = await refused({ clusterName: 'other' });
    expect(mismatch.code).toBe('CLUSTER_NAME_MISMATCH');
    expect(mismatch.hint).toContain('--cluster quorate');
  });

  test('that leads hands over when it is stopped', async () => {
    const first = await start();
    await links.ask(first.api, CLUSTER.Start, {}, write());
    const second = await start({ dataDir: join(directory, 'n2'), name: 'n2' });
    await links.ask(second.api, CLUSTER.Join, { addresses: [first.api] }, write());
    await eventually(() => second.status().settledVoters.length === 2);
    const { epoch } = second.status();
    await first.stop();
    expect(second.status().role).toBe('leader');
    expect(second.status().epoch).toBeGreaterThan(epoch);
  });

  test('stops once, however often it is asked', async () => {
    const daemon = await start();
    await Promise.all([daemon.stop(), daemon.stop()]);
    await daemon.stop();
  });
});
