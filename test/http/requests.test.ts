// What the HTTP port takes and what it refuses, request by request: methods, paths, hosts, bodies, and bytes that are no
// HTTP at all. Each refusal says why, and the port goes on serving.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refuseForeignHost } from '../../src/http/host-check.js';
import { ask, RawConnection } from './asking.js';
import { World } from './world.js';

let world: World;
let port: number;

beforeAll(async () => {
  world = await World.open(1);
  world.form();
  ({ port } = world.machine(1));
});

afterAll(() => world.stop());

async function raw(text: string): Promise<RawConnection> {
  return new RawConnection(port).send(text).closed();
}

const OWN = 'Host: 127.0.0.1\r\n';

describe('a method', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])(
    '%s is refused',
    async (method) => {
      const { status, headers, text } = await ask(port, '/primary', { method });
      expect(status).toBe(405);
      expect(headers.allow).toBe('GET, HEAD, OPTIONS');
      expect(JSON.parse(text)).toHaveProperty('hint');
    },
  );

  test('CONNECT is refused', async () => {
    const { statuses } = await raw(`CONNECT example.org:443 HTTP/1.1\r\n${OWN}\r\n`);
    expect(statuses).toEqual([405]);
  });

  test('OPTIONS tells which there are, of a path and of the whole', async () => {
    for (const path of ['/primary', '/v1/cluster', '*']) {
      const { status, headers, text } = await ask(port, path, { method: 'OPTIONS' });
      expect([status, headers.allow, text]).toEqual([204, 'GET, HEAD, OPTIONS', '']);
    }
  });

  test('HEAD is GET without the body', async () => {
    for (const path of ['/primary', '/standby', '/primary?epoch=0', '/primary?epoch=x', '/none']) {
      const got = await ask(port, path);
      const head = await ask(port, path, { method: 'HEAD' });
      expect(head.text).toBe('');
      expect(head.status).toBe(got.status);
      expect(head.headers['content-type']).toBe(got.headers['content-type']);
      expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
    }
  });
});

describe('a path', () => {
  test.each([
    '/',
    '/primary/',
    '//primary',
    '/PRIMARY',
    '/%70rimary',
    '/../primary',
    '/primary%00',
  ])('%s is none', async (path) => {
    const { status, text } = await ask(port, path);
    expect(status).toBe(404);
    expect(text).toContain('/read-only');
  });

  test.each(['/livez', '/readyz', '/health', '/standby', '/v1/cluster'])(
    '%s takes no parameters',
    async (path) => {
      expect((await ask(port, `${path}?`)).status).not.toBe(400);
      const { status, text } = await ask(port, `${path}?x=1`);
      expect(status).toBe(400);
      expect(text).toContain('unknown parameter');
    },
  );

  test('is not kept, guessed at or shown elsewhere', async () => {
    for (const path of ['/primary', '/standby', '/none', '/primary?x']) {
      const { headers } = await ask(port, path);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
        'content-type': 'application/json; charset=utf-8',
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
});

describe('a Host header', () => {
  const names = ['n1', 'db1.example', '10.0.0.1'];

  test.each([
    { hosts: ['127.0.0.1'], status: 200 },
    { hosts: ['127.0.0.1:8080'], status: 200 },
    { hosts: ['203.0.113.9:1'], status: 200 },
    { hosts: ['[::1]:8080'], status: 200 },
    { hosts: ['[fe80::1]'], status: 200 },
    { hosts: ['localhost'], status: 200 },
    { hosts: ['LocalHost:9'], status: 200 },
    { hosts: ['n1:8080'], status: 200 },
    { hosts: ['N1'], status: 200 },
    { hosts: ['db1.EXAMPLE.'], status: 200 },
    { hosts: ['evil.example'], status: 421 },
    { hosts: ['localhost.evil.example'], status: 421 },
    { hosts: ['127.0.0.1.evil.example'], status: 421 },
    { hosts: ['n1.evil.example:8080'], status: 421 },
    { hosts: ['n2'], status: 421 },
    { hosts: [''], status: 400 },
    { hosts: ['::1'], status: 400 },
    { hosts: ['n1@evil.example'], status: 400 },
    { hosts: ['http://n1'], status: 400 },
    { hosts: ['n1:80:80'], status: 400 },
    { hosts: ['n1 evil'], status: 400 },
    { hosts: ['0x7f.1'], status: 421 },
    { hosts: ['127.1'], status: 400 },
    { hosts: ['n1', 'n1'], status: 400 },
    { hosts: ['n1', 'evil.example'], status: 400 },
    { hosts: [], status: 400 },
  ])('$hosts: $status', ({ hosts, status }) => {
    const refused = refuseForeignHost(hosts, false, names);
    expect(refused?.status ?? 200).toBe(status);
    expect(refused === null || refused.body.includes('"hint"')).toBe(true);
  });

  test('may be missing before HTTP/1.1, since every browser sends one', async () => {
    expect(refuseForeignHost([], true, names)).toBeNull();
    expect((await raw('GET /primary HTTP/1.0\r\n\r\n')).statuses).toEqual([200]);
    expect((await raw('GET /primary HTTP/1.1\r\nConnection: close\r\n\r\n')).statuses).toEqual([
      400,
    ]);
  });

  test('counts for every path, whatever the request line says', async () => {
    const foreign = { Host: 'evil.example' };
    for (const path of ['/primary', '/none', '/v1/cluster']) {
      const { status, text } = await ask(port, path, { headers: foreign });
      expect(status).toBe(421);
      expect(text).toContain('evil.example is no name of this node');
    }
    const absolute = `GET http://127.0.0.1/primary HTTP/1.1\r\nConnection: close\r\n`;
    expect((await raw(`${absolute}Host: evil.example\r\n\r\n`)).statuses).toEqual([421]);
    expect((await raw(`${absolute}${OWN}\r\n`)).statuses).toEqual([400]);
    const twice = `GET /primary HTTP/1.1\r\nConnection: close\r\n${OWN}Host: evil.example\r\n\r\n`;
    expect((await raw(twice)).statuses).toEqual([400]);
  });
});

describe('a body', () => {
  test('is refused, and the connection closed', async () => {
    const body = 'x'.repeat(1000);
    const options = { body, headers: { 'Content-Length': '1000' } };
    const { status, headers } = await ask(port, '/primary', options);
    expect([status, headers.connection]).toEqual([413, 'close']);
    const head = `GET /primary HTTP/1.1\r\n${OWN}`;
    expect((await raw(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)).statuses).toEqual(
      [413],
    );
    const endless = await raw(`${head}Content-Length: 99999999999\r\n\r\nx`);
    expect(endless.statuses).toEqual([413]);
  });

  test('is not asked for', async () => {
    const expecting = `POST /primary HTTP/1.1\r\n${OWN}Content-Length: 9\r\nExpect: 100-continue\r\n\r\n`;
    expect((await raw(expecting)).statuses).toEqual([405]);
    const odd = `GET /primary HTTP/1.1\r\n${OWN}Expect: miracles\r\nConnection: close\r\n\r\n`;
    expect((await raw(odd)).statuses).toEqual([200]);
  });

  test('of no bytes is none', async () => {
    const headers = { 'Content-Length': '0' };
    expect((await ask(port, '/primary', { headers })).status).toBe(200);
  });
});

describe('bytes that are no request:', () => {
  const line = `GET /primary HTTP/1.1\r\n`;

  test.each([
    { name: 'a word', text: 'hello\r\n\r\n', status: 400 },
    { name: 'no path', text: `GET\r\n${OWN}\r\n`, status: 400 },
    { name: 'no version', text: `GET /primary\r\n${OWN}\r\n`, status: 505 },
    { name: 'a version from the future', text: `GET /primary HTTP/9.9\r\n${OWN}\r\n`, status: 400 },
    { name: 'HTTP/2', text: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 400 },
    { name: 'TLS', text: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', status: 400 },
    { name: 'an unknown method', text: `FETCH /primary HTTP/1.1\r\n${OWN}\r\n`, status: 400 },
    { name: 'a bare line feed in a header', text: `${line}A: b\nC\n\n\r\n\r\n`, status: 400 },
    { name: 'a null byte', text: `${line}A: \0\r\n\r\n`, status: 400 },
    { name: 'a folded header', text: `${line}${OWN} folded: yes\r\n\r\n`, status: 400 },
    { name: 'a space before the colon', text: `${line}Host : 127.0.0.1\r\n\r\n`, status: 400 },
    {
      name: 'two lengths',
      text: `${line}${OWN}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      status: 400,
    },
    {
      name: 'a length and chunks',
      text: `${line}${OWN}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      status: 400,
    },
    {
      name: 'a huge header',
      text: `${line}${OWN}A: ${'a'.repeat(1024 * 1024)}\r\n\r\n`,
      status: 431,
    },
    { name: 'a huge path', text: `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${OWN}\r\n`, status: 431 },
    {
      name: 'very many headers',
      text: `${line}${OWN}${'A: b\r\n'.repeat(5000)}\r\n`,
      status: 431,
    },
    { name: 'a header that never ends', text: `${line}${'a'.repeat(20_000)}`, status: 431 },
  ])('$name', async ({ text, status }) => {
    const connection = await raw(text);
    expect(connection.statuses).toEqual([status]);
    expect(connection.received).toContain('"error"');
    expect(connection.received).toMatch(/cache-control: no-store/i);
    expect((await ask(port, '/primary')).status).toBe(200);
  });
});
