// Health checks by gRPC, and by https, as they are carried out: against real servers without TLS, with TLS and with mutual TLS, by
// certificates that fit and by those that do not. Each reason is one line for people, and no connection stays open.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';

import { grpcProbe } from '../../src/checks/grpc-probe.js';
import { httpProbe } from '../../src/checks/probes.js';
import type { CheckTls } from '../../src/health/definition.js';
import type { TlsFiles } from '../../src/tls/identity.js';
import { Authority } from '../support/authority.js';

const LONG_MS = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'quorate-checks-'));
const ends: (() => unknown)[] = [];
let server: TlsFiles;
let stranger: TlsFiles;
let client: TlsFiles;

beforeAll(async () => {
  const [ours, theirs] = [await Authority.make('ours'), await Authority.make('theirs')];
  const plan = { name: 'api', hosts: ['api.example', '127.0.0.1'], use: 'server' } as const;
  server = await ours.write(join(folder, 'server'), plan);
  client = await ours.write(join(folder, 'client'), { name: 'n1', use: 'client' });
  stranger = await theirs.write(join(folder, 'stranger'), { name: 'n9', use: 'client' });
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = (bytes: Buffer): Buffer => bytes;
const CHECK = {
  path: '/grpc.health.v1.Health/Check',
  requestStream: false,
  responseStream: false,
  requestSerialize: plain,
  requestDeserialize: plain,
  responseSerialize: plain,
  responseDeserialize: plain,
};

/** A server of grpc-js; the service `sick` is not well, `gone` is unknown. Answers its port. */
async function grpcServer(credentials = ServerCredentials.createInsecure()): Promise<number> {
  const grpc = new Server();
  grpc.addService(
    { check: CHECK },
    {
      check: (call: { request: Buffer }, answer: (error: object | null, bytes?: Buffer) => void) =>
        call.request.toString().endsWith('gone')
          ? answer({ code: 5, details: 'no service "gone"' })
          : answer(null, Buffer.from([8, call.request.toString().endsWith('sick') ? 2 : 1])),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  ends.push(() => grpc.forceShutdown());
  return port;
}

function secure(isMutual: boolean): ServerCredentials {
  const pair = {
    cert_chain: readFileSync(server.certFile),
    private_key: readFileSync(server.keyFile),
  };
  return ServerCredentials.createSsl(readFileSync(server.caFile), [pair], isMutual);
}

function asked(port: number, tls: CheckTls | null, service = '', host = '127.0.0.1') {
  return { type: 'grpc', host, port, service, tls } as const;
}

function tlsOf({ by = server, as = null as TlsFiles | null, serverName = null as string | null }) {
  const shown = as === null ? null : { cert: as.certFile, key: as.keyFile };
  return { ca: by.caFile, client: shown, serverName };
}

async function listening(listener: NetServer): Promise<number> {
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  ends.push(() => listener.close());
  return (listener.address() as AddressInfo).port;
}

describe('the health protocol of gRPC without TLS', () => {
  it.each([
    ['', 'null'],
    ['sick', 'it answers NOT_SERVING'],
    ['gone', 'gRPC status 5: no service "gone"'],
  ])('of the service %j is %s', async (service, why) => {
    expect(String(await grpcProbe(asked(await grpcServer(), null, service), LONG_MS))).toBe(why);
  });

  test('fails where nobody listens, TLS is spoken, or something else answers', async () => {
    const port = await grpcServer(secure(false));
    expect(await grpcProbe(asked(port, null), LONG_MS)).not.toBe(null);
    for (const end of ends.splice(0)) await end();
    expect(await grpcProbe(asked(port, null), LONG_MS)).toMatch(/ECONNREFUSED/);
    const talker = createTcpServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    expect(await grpcProbe(asked(await listening(talker), null), LONG_MS)).not.toBe(null);
  });

  test('closes the connection to a server that accepts and stays silent', async () => {
    let openCount = 0;
    const silent = createTcpServer((socket) => {
      openCount += 1;
      socket.on('error', () => undefined);
      socket.resume().on('close', () => {
        openCount -= 1;
      });
    });
    const port = await listening(silent);
    expect(await grpcProbe(asked(port, null), 300)).toBe('no answer within 300 ms');
    await expect.poll(() => openCount, { timeout: LONG_MS }).toBe(0);
  });
});

describe('with TLS', () => {
  test('a server whose certificate the CA signed, for this name', async () => {
    const port = await grpcServer(secure(false));
    expect(await grpcProbe(asked(port, tlsOf({})), LONG_MS)).toBe(null);
    expect(await grpcProbe(asked(port, tlsOf({ serverName: 'api.example' })), LONG_MS)).toBe(null);
    expect(await grpcProbe(asked(port, tlsOf({ serverName: 'other.example' })), LONG_MS)).toMatch(
      /other\.example/,
    );
    expect(await grpcProbe(asked(port, tlsOf({ by: stranger })), LONG_MS)).toMatch(/certificate/);
    const bySystem = { ca: null, client: null, serverName: null };
    expect(await grpcProbe(asked(port, bySystem), LONG_MS)).toMatch(/certificate/);
    expect(await grpcProbe(asked(port, null), LONG_MS)).not.toBe(null);
  });

  test('mutual: by the certificate that is given, and not without it', async () => {
    const port = await grpcServer(secure(true));
    expect(await grpcProbe(asked(port, tlsOf({ as: client })), LONG_MS)).toBe(null);
    expect(await grpcProbe(asked(port, tlsOf({})), LONG_MS)).not.toBe(null);
    const wrong = { ...tlsOf({ as: stranger }), ca: server.caFile };
    expect(await grpcProbe(asked(port, wrong), LONG_MS)).not.toBe(null);
  });

  test('files that are not there, or hold no certificate, are named', async () => {
    const tls = { ...tlsOf({}), ca: join(folder, 'none.crt') };
    expect(await grpcProbe(asked(1, tls), LONG_MS)).toMatch(/^tls\.ca: ENOENT.*none\.crt/);
    const noKey = { ...tlsOf({}), client: { cert: client.certFile, key: client.certFile } };
    expect(await grpcProbe(asked(1, noKey), LONG_MS)).toMatch(/^the files of tls cannot be used: /);
  });

  test('https by a CA of its own', async () => {
    const [cert, key] = [readFileSync(server.certFile), readFileSync(server.keyFile)];
    const web = createSecureServer({ cert, key }, (_request, response) => response.end('fine'));
    ends.push(() => web.closeAllConnections());
    const port = await listening(web);
    const url = `https://127.0.0.1:${port}/`;
    expect(await httpProbe(url, LONG_MS, tlsOf({}))).toBe(null);
    expect(await httpProbe(url, LONG_MS, null)).toMatch(/certificate/);
  });
});
