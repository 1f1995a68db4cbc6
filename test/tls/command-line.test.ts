// What an operator typed about TLS and what was printed, row by row, by the built command against real ports: files that
// cannot be used, ends that do not accept each other. The ports stand in this process, so that their clocks can be wrong.
// No row waits for its deadline, which is an hour.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bindGrpc } from '../../src/tls/grpc.js';
import { TlsIdentity } from '../../src/tls/identity.js';
import type { TlsFiles } from '../../src/tls/identity.js';
import { Authority } from '../support/authority.js';
import type { CertificatePlan } from '../support/authority.js';
import { run } from '../support/cluster.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const root = mkdtempSync(join(tmpdir(), 'quorate-typed-'));
const ca = await Authority.make('CA 1');
const otherCa = await Authority.make('CA 2');
const alice = await ca.write(join(root, 'alice'), { name: 'alice', use: 'client', hosts: [] });

interface PortPlan extends Partial<CertificatePlan> {
  readonly by?: Authority;
  readonly aheadMs?: number;
}

const PORTS = {
  good: {},
  expired: { fromMs: -2 * DAY_MS, toMs: -DAY_MS, aheadMs: -1.5 * DAY_MS },
  early: { fromMs: DAY_MS, toMs: 2 * DAY_MS, aheadMs: 1.5 * DAY_MS },
  elsewhere: { hosts: ['n9.example'] },
  stranger: { by: otherCa },
} as const satisfies Readonly<Record<string, PortPlan>>;

type PortName = keyof typeof PORTS | 'plain';

const servers: Server[] = [];
const closings: (() => void)[] = [];
const ports = new Map<PortName, number>();

async function open(name: PortName, plan: PortPlan | null): Promise<void> {
  let tls: TlsIdentity | null = null;
  if (plan !== null) {
    const { by = ca, aheadMs = 0 } = plan;
    const files = await by.write(join(root, name), { name, ...plan });
    tls = TlsIdentity.load(files, 'node', () => Date.now() + aheadMs);
  }
  const server = new Server();
  const listen = { host: '127.0.0.1', port: 0 };
  const port = await bindGrpc(server, { listen, tls, isForNodes: false, onRefused: () => {} });
  ports.set(name, port.port);
  servers.push(server);
  closings.push(port.close);
}

beforeAll(async () => {
  await open('plain', null);
  for (const [name, plan] of Object.entries(PORTS)) await open(name as PortName, plan);
});

afterAll(() => {
  for (const close of closings) close();
  for (const server of servers) server.forceShutdown();
  rmSync(root, { recursive: true, force: true });
});

function flags({ certFile, keyFile, caFile }: TlsFiles): string[] {
  return ['--tls-cert', certFile, '--tls-key', keyFile, '--tls-ca', caFile];
}

/** The words as they were printed, but for what differs from run to run: directory, port, date, code of OpenSSL. */
function shown(text: string): string {
  return text
    .replaceAll(root, 'DIR')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'DATE')
    .replaceAll(/\([A-Z_]+\)/g, '(CODE)')
    .trim();
}

describe('mon-cluster', () => {
  test.each<{
    readonly name: string;
    readonly asks: PortName;
    readonly with?: () => readonly string[] | Promise<readonly string[]>;
    readonly prints: string;
    readonly code: number;
  }>([
    {
      name: 'with a certificate and no more',
      asks: 'good',
      with: () => ['--tls-cert', alice.certFile],
      prints:
        'quorate: TLS needs a certificate, its key and a CA; missing: --tls-key and --tls-ca. Give all three of --tls-cert, --tls-key and --tls-ca, or none.',
      code: 2,
    },
    {
      name: 'with a file that is not there',
      asks: 'good',
      with: () => flags({ ...alice, caFile: join(root, 'nosuch.crt') }),
      prints:
        'quorate: cannot read DIR/nosuch.crt: there is no such file. Give for --tls-ca a file in PEM form that the user of this process may read.',
      code: 1,
    },
    {
      name: 'with a key that does not fit',
      asks: 'good',
      with: async () => {
        const keyFile = join(root, 'other.key');
        writeFileSync(keyFile, (await ca.issue({ name: 'bob' })).key);
        return flags({ ...alice, keyFile });
      },
      prints:
        'quorate: the key in DIR/other.key does not fit the certificate in DIR/alice/node.crt. Give --tls-key and --tls-cert that were made together.',
      code: 1,
    },
    {
      name: 'with a certificate that has expired',
      asks: 'good',
      with: async () => {
        const plan = { name: 'bob', fromMs: -DAY_MS, toMs: -1000 };
        return flags(await ca.write(join(root, 'bob'), plan));
      },
      prints: 'quorate: the certificate in DIR/bob/node.crt expired on DATE. Have it renewed.',
      code: 1,
    },
    {
      name: 'with a certificate that is not valid yet',
      asks: 'good',
      with: async () => flags(await ca.write(join(root, 'eve'), { name: 'eve', fromMs: DAY_MS })),
      prints:
        'quorate: the certificate in DIR/eve/node.crt is not valid before DATE. Set the clock of this machine right, or wait until then.',
      code: 1,
    },
    {
      name: 'with a certificate that its CA did not sign',
      asks: 'good',
      with: () => {
        const caFile = join(root, 'other-ca.crt');
        writeFileSync(caFile, otherCa.certificate);
        return flags({ ...alice, caFile });
      },
      prints:
        'quorate: the certificate in DIR/alice/node.crt was not signed by the CA in DIR/other-ca.crt. Add the certificate of the CA that signed it to the file of --tls-ca: CN=CA 1.',
      code: 1,
    },
    {
      name: 'without TLS, of a port that speaks it',
      asks: 'good',
      with: () => [],
      prints:
        'quorate: no secure connection with 127.0.0.1:PORT: it speaks TLS only. Give --tls-cert, --tls-key and --tls-ca.',
      code: 3,
    },
    {
      name: 'with TLS, of a port that does not speak it',
      asks: 'plain',
      prints:
        'quorate: no secure connection with 127.0.0.1:PORT: it speaks no TLS. Leave --tls-cert, --tls-key and --tls-ca out here, or start that daemon with them.',
      code: 3,
    },
    {
      name: 'of a port whose certificate has expired',
      asks: 'expired',
      prints:
        'quorate: no secure connection with 127.0.0.1:PORT: its certificate expired on DATE. Renew its certificate; a daemon takes the new files without a restart.',
      code: 3,
    },
    {
      name: 'of a port whose certificate is not valid yet',
      asks: 'early',
      prints:
        'quorate: no secure connection with 127.0.0.1:PORT: its certificate is not valid before DATE. Compare the clocks of both machines, or wait.',
      code: 3,
    },
    {
      name: 'of a port whose certificate has another name',
      asks: 'elsewhere',
      prints:
        'quorate: no secure connection with 127.0.0.1:PORT: its certificate is not for 127.0.0.1; it has DNS:n9.example. Ask it by one of its names, or have its certificate issued with this one.',
      code: 3,
    },
    {
      name: 'of a port whose certificate another CA signed',
      asks: 'stranger',
      prints:
        'quorate: no secure connection with 127.0.0.1:PORT: its certificate was signed by the CA "CA 2", which is not trusted here (CODE). Both sides need the CA that signed the certificate of the other in --tls-ca.',
      code: 3,
    },
    {
      name: 'of a port that trusts another CA',
      asks: 'stranger',
      with: () => {
        const caFile = join(root, 'both.crt');
        writeFileSync(caFile, `${ca.certificate}\n${otherCa.certificate}\n`);
        return flags({ ...alice, caFile });
      },
      prints:
        'quorate: no secure connection with 127.0.0.1:PORT: it refuses this end: the caller\'s certificate was signed by the CA "CA 1", which is not trusted here (CODE). Its --tls-ca must have the CA that signed the certificate of our --tls-cert.',
      code: 3,
    },
  ])('$name', async ({ asks, with: given = () => flags(alice), prints, code }) => {
    const node = `127.0.0.1:${ports.get(asks)}`;
    const typed = ['mon-cluster', '--node', node, '--timeout', '1h', ...(await given())];
    const ended = await run(typed);
    expect(shown(ended.stderr)).toBe(prints);
    expect(ended).toMatchObject({ code, stdout: '' });
  });

  test('takes the files from the environment, and tells programs the reason', async () => {
    const env = {
      QUORATE_NODE: `127.0.0.1:${ports.get('elsewhere')}`,
      QUORATE_TLS_CERT: alice.certFile,
      QUORATE_TLS_KEY: alice.keyFile,
      QUORATE_TLS_CA: alice.caFile,
    };
    const ended = await run(['mon-cluster', '--json', '--timeout', '1h'], { env });
    expect(ended.code).toBe(3);
    expect(JSON.parse(ended.stderr)).toMatchObject({ code: 'TLS_FAILED' });
  });
});

describe('start', () => {
  const data = (name: string): string[] => ['--data-dir', join(root, name, 'data')];
  const anyPort = ['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'];

  test.each<{
    readonly name: string;
    readonly typed: () => readonly string[] | Promise<readonly string[]>;
    readonly prints: RegExp;
    readonly code: number;
  }>([
    {
      name: 'off loopback without TLS',
      typed: () => ['--listen', '0.0.0.0:0', '--advertise', '127.0.0.1'],
      prints: /--listen: 0\.0\.0\.0:0 is not loopback.* Give --tls-cert, --tls-key and --tls-ca/,
      code: 2,
    },
    {
      name: 'with a key and no more',
      typed: () => ['--tls-key', alice.keyFile],
      prints: /missing: --tls-cert and --tls-ca\./,
      code: 2,
    },
    {
      name: "with a client's certificate",
      typed: () => flags(alice),
      prints: /does not allow what a node does with it\. Have one issued with extendedKeyUsage=/,
      code: 1,
    },
    {
      name: 'with a certificate that is not for its address',
      typed: async () =>
        flags(await ca.write(join(root, 'n9'), { name: 'n9', hosts: ['n9.example'] })),
      prints: /is not for 127\.0\.0\.1, by which others reach this node; it has DNS:n9\.example\./,
      code: 1,
    },
    {
      name: 'with a certificate that has expired',
      typed: async () =>
        flags(await ca.write(join(root, 'old'), { name: 'n1', fromMs: -DAY_MS, toMs: -1000 })),
      prints: /the certificate in .*node\.crt expired on .* Have it renewed\./,
      code: 1,
    },
  ])('$name: says why in one line and ends', async ({ typed, prints, code }) => {
    const ended = await run(['start', ...data('refused'), ...anyPort, ...(await typed())]);
    const said = ended.stderr.split('\n').filter((line) => line.startsWith('quorate: '));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(prints);
    expect(ended.code).toBe(code);
  });

  test('is not alone: the help of every command names the files', async () => {
    const { stdout } = await run(['session', 'get', '--help']);
    const variables = ['QUORATE_TLS_CERT', 'QUORATE_TLS_KEY', 'QUORATE_TLS_CA'];
    expect(variables.filter((variable) => !stdout.includes(variable))).toEqual([]);
  });
});
