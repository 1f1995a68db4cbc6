// The HTTP port of a node with certificates: https without a client's certificate, a certificate that is replaced under
// connections that stay, and callers that speak no TLS, the wrong one, or none to the end. Certificates and sockets
// are real.
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HttpServer } from '../../src/http/http-server.js';
import { HTTP_LIMITS } from '../../src/http/limits.js';
import { json } from '../../src/http/answer.js';
import { startDaemon } from '../../src/main.js';
import { TlsIdentity } from '../../src/tls/identity.js';
import { Authority } from '../support/authority.js';
import { RawConnection } from './asking.js';
import { SILENT } from './world.js';

const root = mkdtempSync(join(tmpdir(), 'quorate-http-tls-'));
const ca = await Authority.make('CA of the port');
const other = await Authority.make('CA of somebody else');

let identity: TlsIdentity;
let server: HttpServer;
let port: number;

function write(name: string, hosts = ['127.0.0.1', 'db1.example']) {
  return ca.write(join(root, 'node'), { name, hosts });
}

beforeEach(async () => {
  identity = TlsIdentity.load(await write('n1'), 'node');
  const limits = { ...HTTP_LIMITS, handshakeMs: 300, drainMs: 200 };
  const listen = { host: '127.0.0.1', port: 0 };
  server = new HttpServer(
    { listen, tls: identity, names: ['n1'], limits },
    { log: SILENT, onFatal: () => {} },
  );
  server.serve(new Map([['/livez', { parameters: [], answer: () => json(200, {}) }]]));
  port = await server.listen();
});

afterEach(async () => {
  await server.stop();
  identity.close();
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Told {
  readonly status: number;
  /** Common name of the certificate that was shown. */
  readonly shown: string;
}

function ask(at: number, agent: Agent, host = 'db1.example', trusted = ca): Promise<Told> {
  const options = {
    host: '127.0.0.1',
    port: at,
    path: '/livez',
    agent,
    ca: trusted.certificate,
    // The name to find in the certificate, whatever the request calls the server.
    servername: 'db1.example',
    headers: { Host: host },
  };
  return new Promise((resolve, reject) => {
    get(options, (response) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume().once('end', () => {
        resolve({ status: response.statusCode ?? 0, shown: String(subject.CN) });
      });
    }).once('error', reject);
  });
}

describe('with certificates the port', () => {
  test('asks callers for none', async () => {
    expect(await ask(port, new Agent())).toEqual({ status: 200, shown: 'n1' });
  });

  test('is known by the names in its certificate, and by no others', async () => {
    const codes = ['db1.example', 'n1', '127.0.0.1', 'db2.example'].map(async (host) => {
      return (await ask(port, new Agent(), host)).status;
    });
    expect(await Promise.all(codes)).toEqual([200, 200, 200, 421]);
  });

  test('is not believed by whoever trusts another CA', async () => {
    await expect(ask(port, new Agent(), 'n1', other)).rejects.toThrow('certificate');
  });

  test('shows a new certificate to newcomers, and keeps the connections it has', async () => {
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await ask(port, kept)).toEqual({ status: 200, shown: 'n1' });
    await write('n1-renewed');
    expect(await identity.reload()).toBe(true);
    expect(await ask(port, kept)).toEqual({ status: 200, shown: 'n1' });
    expect(await ask(port, new Agent())).toEqual({ status: 200, shown: 'n1-renewed' });
    kept.destroy();
  });

  test('tells a caller without TLS that it speaks TLS', async () => {
    const request = 'GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    const { statuses, received } = await new RawConnection(port).send(request).closed();
    expect(statuses).toEqual([400]);
    expect(received).toContain('https');
  });

  test.each([
    { name: 'says nothing', text: '' },
    { name: 'stops in its handshake', text: '\x16\x03\x01\x02\x00\x01' },
    { name: 'sends a handshake that is none', text: `\x16\x03\x01\x00\x40${'x'.repeat(64)}` },
  ])('cuts a caller that $name', async ({ text }) => {
    const connection = new RawConnection(port);
    connection.socket.write(text, 'latin1');
    await connection.closed();
    expect(connection.statuses).toEqual([]);
    expect((await ask(port, new Agent())).status).toBe(200);
  });

  test('speaks nothing older than TLS 1.2', async () => {
    const ended = new Promise((resolve) => {
      const options = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ca: ca.certificate } as const;
      const socket = connect({ host: '127.0.0.1', port, ciphers: 'ALL:@SECLEVEL=0', ...options });
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.once('secureConnect', () => resolve('connected'));
    });
    expect(await ended).toMatch(/^ERR_SSL_|ECONNRESET/);
  });

  test('stops although connections stay open', async () => {
    const kept = new Agent({ keepAlive: true });
    await ask(port, kept);
    const silent = new RawConnection(port);
    await server.stop();
    await silent.closed();
    await expect(ask(port, new Agent())).rejects.toThrow('ECONNREFUSED');
    kept.destroy();
  });
});

test('a daemon with certificates has https there', async () => {
  const directory = mkdtempSync(join(root, 'daemon-'));
  const any = '127.0.0.1:0';
  const tls = await write('n1');
  const daemon = await startDaemon({
    dataDir: directory,
    name: 'n1',
    listen: any,
    api: any,
    http: any,
    tls,
    logLevel: 'silent',
  });
  try {
    const at = Number(daemon.http?.split(':')[1]);
    expect(await ask(at, new Agent())).toEqual({ status: 200, shown: 'n1' });
  } finally {
    await daemon.stop();
  }
});
