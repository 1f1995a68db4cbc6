// The Command Center of a daemon with certificates, as a browser meets it: the cookie of a login, and whose page may act. The daemon, its
// certificates and its port are real.
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemon } from '../../src/main.js';
import type { Daemon } from '../../src/main.js';
import { Authority } from '../support/authority.js';
import { PASSWORD } from './world.js';

const root = mkdtempSync(join(tmpdir(), 'quorate-center-tls-'));
let daemon: Daemon;
let ca: Authority;
let http: string;

beforeAll(async () => {
  ca = await Authority.make('CA of the page');
  daemon = await startDaemon({
    dataDir: join(root, 'n1'),
    name: 'n1',
    listen: '127.0.0.1:0',
    api: '127.0.0.1:0',
    http: '127.0.0.1:0',
    logLevel: 'silent',
    commandCenterPassword: PASSWORD,
    tls: await ca.write(join(root, 'node'), { name: 'n1' }),
  });
  http = daemon.http ?? '';
});

afterAll(async () => {
  await daemon.stop();
  rmSync(root, { recursive: true, force: true });
});

interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(
  path: string,
  { body, ...headers }: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  const [, port = ''] = http.split(':');
  const options = {
    host: '127.0.0.1',
    port,
    path: `/commandcenter${path}`,
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    ca: ca.certificate,
    agent: false as const,
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    }).once('error', reject);
    sent.end(body);
  });
}

function logIn(origin: string): Promise<Asked> {
  return ask('/login', { Origin: origin, body: JSON.stringify({ password: PASSWORD }) });
}

describe('with certificates the login', () => {
  test('is a cookie that scripts do not see, other sites do not send, and http does not carry', async () => {
    const { status, headers } = await logIn(`https://${http}`);
    expect(status).toBe(200);
    const [cookie = '', ...more] = headers['set-cookie'] ?? [];
    expect(more).toEqual([]);
    const [value = '', ...attributes] = cookie.split('; ');
    expect(value).toMatch(/^quorate-login-\d+=[\w-]{20,}$/);
    expect(attributes.map((text) => text.replace(/\d+/, 'N'))).toEqual([
      'Path=/commandcenter',
      'Max-Age=N',
      'HttpOnly',
      'SameSite=Strict',
      'Secure',
    ]);
  });

  test('lets its holder see and act; logging out takes the cookie back the same way', async () => {
    const { headers } = await logIn(`https://${http}`);
    const Cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const Origin = `https://${http}`;
    const pause = { reason: 'a test', dryRun: true };
    const acted = await ask('/actions/pause', { Origin, Cookie, body: JSON.stringify(pause) });
    const refused = await ask('/actions/pause', { Origin, body: JSON.stringify(pause) });
    // A clean node has nothing to pause: who is logged in is told so, and anybody else is not even heard.
    expect(refused.status).toBe(401);
    expect(acted.status).not.toBe(401);
    expect(acted.text).toContain('belongs to no cluster');
    const left = await ask('/logout', { Origin, Cookie, body: '{}' });
    expect(left.headers['set-cookie']?.[0]).toMatch(
      /=; .*Max-Age=0; HttpOnly; SameSite=Strict; Secure$/,
    );
    const after = await ask('/actions/pause', { Origin, Cookie, body: JSON.stringify(pause) });
    expect(after.status).toBe(401);
  });

  test('is not for a page that came by http, be it of the same address', async () => {
    const { status, headers } = await logIn(`http://${http}`);
    expect(status).toBe(403);
    expect(headers).not.toHaveProperty('set-cookie');
  });

  test('belongs to a page whose policy asks members by https only', async () => {
    const policy = String((await ask('')).headers['content-security-policy']);
    expect(policy).toContain(`connect-src 'self' https://${http};`);
    expect(policy).not.toContain('http:');
  });
});
