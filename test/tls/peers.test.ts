// Peers over TLS on real sockets: members find each other, take new certificates without losing their links, and say, once
// and at both ends, why they do not accept each other. A tap between them counts attempts, so that "once" means once in
// several.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { formatAddress } from '../../src/address.js';
import { TlsIdentity } from '../../src/tls/identity.js';
import { Authority } from '../support/authority.js';
import type { CertificatePlan } from '../support/authority.js';
import { member, N } from '../support/raft-words.js';
import { closeAll, descriptorCount, heartbeat, Tap, TestNode, until } from '../transport/bench.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const root = mkdtempSync(join(tmpdir(), 'quorate-peers-'));
const ca = await Authority.make('CA 1');
const otherCa = await Authority.make('CA 2');
let nodes: TestNode[] = [];
let taps: Tap[] = [];
let count = 0;

/** Node warns when an IP address is sent as a server's name. */
const warnings: string[] = [];
process.on('warning', ({ message }) => warnings.push(message));

afterEach(async () => {
  await Promise.all(taps.map((tap) => tap.close()));
  await closeAll(nodes);
  nodes = [];
  taps = [];
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

interface Side {
  readonly plan?: Partial<CertificatePlan>;
  readonly by?: Authority;
  readonly trusts?: readonly Authority[];
  /** What its clock is ahead. */
  readonly aheadMs?: number;
  readonly isPlain?: boolean;
  /** Loaded as a client does, which checks less. */
  readonly isClient?: boolean;
}

async function identityOf(side: Side): Promise<TlsIdentity> {
  const { plan = {}, by = ca, trusts = [by], aheadMs = 0, isClient = false } = side;
  count += 1;
  const files = await by.write(join(root, `side-${count}`), { name: `n${count}`, ...plan }, trusts);
  return TlsIdentity.load(files, isClient ? 'client' : 'node', () => Date.now() + aheadMs);
}

async function start(node: number, side: Side = {}): Promise<TestNode> {
  const extra = side.isPlain === true ? {} : { tls: await identityOf(side) };
  const started = await TestNode.start(node, extra);
  nodes.push(started);
  return started;
}

describe('two peers with certificates of one CA', () => {
  test.each([
    { name: 'an IP address', host: '127.0.0.1', plan: { hosts: ['127.0.0.1'] } },
    { name: 'a host name', host: 'localhost', plan: { hosts: ['localhost'] } },
  ])('exchange messages under $name, and leave nothing behind', async ({ host, plan }) => {
    const before = descriptorCount();
    const [one, two] = [await start(1), await start(2, { plan })];
    const address = formatAddress({ host, port: two.address.port });
    one.transport.setPeers([member(2, { address })]);
    await until('the peer is up', () => one.sees(two));
    one.transport.send(N(2), heartbeat(7));
    await until('the message arrived', () => two.received.length === 1);
    expect(two.rounds()).toEqual([7]);
    expect(warnings).toEqual([]);
    await closeAll(nodes);
    await until('all descriptors are closed', () => descriptorCount() <= before);
  });

  test('keep their link when certificates are replaced, and use the new ones for the next', async () => {
    const names = ['n1-old', 'n2-old'];
    const [first, second] = await Promise.all(
      names.map(async (name) => {
        const files = await ca.write(join(root, name), { name }, [ca, otherCa]);
        return { directory: join(root, name), tls: TlsIdentity.load(files, 'node') };
      }),
    );
    if (first === undefined || second === undefined) throw new Error('two were made');
    const one = await TestNode.start(1, { tls: first.tls });
    const two = await TestNode.start(2, { tls: second.tls });
    nodes.push(one, two);
    one.meets(two);
    await until('the peer is up', () => one.sees(two));
    for (const { directory, tls } of [first, second]) {
      await otherCa.write(directory, { name: 'new' }, [otherCa]);
      expect(await tls.reload()).toBe(true);
    }
    one.transport.send(N(2), heartbeat(1));
    await until('the link goes on', () => two.received.length === 1);
    expect(one.log.count(`cluster member ${formatAddress(two.address)} is up`)).toBe(1);
    // Who comes with a certificate of the old CA alone is no longer heard.
    const late = await start(3);
    late.meets(two);
    const refused = 'no secure connection with a peer';
    await until('the old CA is refused', () => late.log.count(refused) === 1);
    const fresh = await start(4, { by: otherCa });
    fresh.meets(two);
    await until('the new CA is accepted', () => fresh.sees(two));
  });
});

describe('peers that do not accept each other', () => {
  test.each<{
    readonly name: string;
    readonly caller?: Side;
    readonly called?: Side;
    readonly reason: string;
    /** What the caller's log says, and the log of the called. */
    readonly says: RegExp;
    readonly heard: RegExp | null;
  }>([
    {
      name: 'without TLS at the caller',
      caller: { isPlain: true },
      reason: 'TLS_EXPECTED',
      says: /^it speaks TLS only\. Give --tls-cert/,
      heard: /^the caller speaks no TLS$/,
    },
    {
      name: 'without TLS at the called',
      called: { isPlain: true },
      reason: 'NO_TLS',
      says: /^it speaks no TLS\. Leave --tls-cert/,
      heard: null,
    },
    {
      name: 'whose CAs differ',
      called: { by: otherCa },
      reason: 'WRONG_CA',
      says: /^its certificate was signed by the CA "CA 2", which is not trusted here .*--tls-ca/,
      heard: null,
    },
    {
      name: 'where the called trusts another CA',
      caller: { trusts: [ca, otherCa] },
      called: { by: otherCa },
      reason: 'WRONG_CA',
      says: /^it refuses this end: the caller's certificate was signed by the CA "CA 1", which is not/,
      heard: /^the caller's certificate was signed by the CA "CA 1", which is not trusted here/,
    },
    {
      name: 'where the certificate of the called has expired',
      called: { plan: { fromMs: -2 * DAY_MS, toMs: -DAY_MS }, aheadMs: -1.5 * DAY_MS },
      reason: 'EXPIRED',
      says: /^its certificate expired on \d{4}-.*Renew its certificate/,
      heard: null,
    },
    {
      name: 'where the certificate of the called is not valid yet',
      called: { plan: { fromMs: DAY_MS, toMs: 2 * DAY_MS }, aheadMs: 1.5 * DAY_MS },
      reason: 'NOT_YET_VALID',
      says: /^its certificate is not valid before \d{4}-.*Compare the clocks/,
      heard: null,
    },
    {
      name: 'where the certificate of the caller has expired',
      caller: { plan: { fromMs: -2 * DAY_MS, toMs: -DAY_MS }, aheadMs: -1.5 * DAY_MS },
      reason: 'EXPIRED',
      says: /^it refuses this end: the caller's certificate expired on .*Renew the certificate of --tls/,
      heard: /^the caller's certificate expired on \d{4}-/,
    },
    {
      name: 'where the certificate of the caller is not valid yet',
      caller: { plan: { fromMs: DAY_MS, toMs: 2 * DAY_MS }, aheadMs: 1.5 * DAY_MS },
      reason: 'NOT_YET_VALID',
      says: /^it refuses this end: the caller's certificate is not valid before/,
      heard: /^the caller's certificate is not valid before/,
    },
    {
      name: 'where the called has another name',
      called: { plan: { hosts: ['n2.example', '10.0.0.2'] } },
      reason: 'WRONG_NAME',
      says: /^its certificate is not for 127\.0\.0\.1; it has DNS:n2\.example, IP Address:10\.0\.0\.2/,
      heard: null,
    },
    {
      name: "where the caller has a client's certificate",
      caller: { plan: { use: 'client' }, isClient: true },
      reason: 'WRONG_USE',
      says: /^it refuses this end: the caller's certificate is not a node's/,
      heard: /^the caller's certificate is not a node's/,
    },
  ])('$name: say why, once', async ({ caller, called, reason, says, heard }) => {
    const [one, two] = [await start(1, caller), await start(2, called)];
    const tap = await Tap.start(two.address);
    taps.push(tap);
    one.transport.setPeers([member(2, { address: formatAddress(tap.address) })]);
    await until('it was tried again and again', () => tap.acceptedCount >= 4, 20_000);
    const said = one.log.lines.filter(({ sentence }) => sentence.startsWith('no secure'));
    expect(said).toHaveLength(1);
    expect(said[0]?.fields['reason']).toBe(reason);
    expect(said[0]?.fields['detail']).toMatch(says);
    expect(one.log.lines.filter(({ sentence }) => sentence.endsWith('is down'))).toHaveLength(1);
    const refused = two.log.lines.filter(({ sentence }) => sentence.startsWith('a caller of'));
    const told = heard === null ? 0 : 1;
    expect(refused.filter(({ fields }) => fields['caller'] === '127.0.0.1')).toHaveLength(told);
    const details = refused.map(({ fields }) => fields['detail']);
    expect(details.filter((detail) => heard?.test(detail as string))).toHaveLength(told);
    expect(two.received).toEqual([]);
  });
});

describe('a port that speaks TLS', () => {
  test('tells a caller without a certificate so, in the last frame of HTTP/2', async () => {
    const two = await start(2);
    const { port } = two.address;
    const said = await new Promise<string>((resolve, reject) => {
      const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: ca.certificate });
      session.on('error', reject);
      session.on('goaway', (_code, _last, data) => resolve(String(data)));
    });
    expect(said).toBe('quorate-tls NO_CERTIFICATE the caller shows no certificate');
    expect(two.log.count('a caller of the peer port was refused')).toBe(1);
  });

  test('resumes no session, so that each connection shows a certificate that is valid', async () => {
    const two = await start(2);
    const { context } = (await identityOf({})).current;
    const options = { host: '127.0.0.1', port: two.address.port, secureContext: context };
    let session: Buffer | undefined;
    const isReused: boolean[] = [];
    for (const maxVersion of ['TLSv1.3', 'TLSv1.3', 'TLSv1.2', 'TLSv1.2'] as const) {
      const resumed = session === undefined ? {} : { session };
      const socket = connectTls({ ...options, ...resumed, maxVersion, ALPNProtocols: ['h2'] });
      socket.on('session', (offered: Buffer) => (session = offered));
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        // The server's settings come after its tickets.
        socket.once('data', () => resolve());
      });
      session ??= socket.getSession();
      isReused.push(socket.isSessionReused());
      socket.destroy();
    }
    expect(isReused).toEqual([false, false, false, false]);
  });

  test('drops callers that say nothing, or nonsense, and stays up', async () => {
    const two = await start(2);
    const before = descriptorCount();
    const ended = [Buffer.from('\x16garbage'), Buffer.from('GET / HTTP/1.1\r\n\r\n')].map(
      (bytes) =>
        new Promise<void>((resolve) => {
          const socket = connectTcp(two.address.port, '127.0.0.1', () => socket.write(bytes));
          socket.on('error', () => {});
          socket.on('close', () => resolve());
          socket.resume();
        }),
    );
    await Promise.all(ended);
    const silent = connectTcp(two.address.port, '127.0.0.1');
    silent.on('error', () => {});
    await until('it is connected', () => !silent.connecting);
    await two.transport.close();
    await until('the silent one is dropped', () => silent.destroyed || silent.readableEnded);
    silent.destroy();
    await until('all descriptors are closed', () => descriptorCount() < before);
    nodes = [];
  });
});
