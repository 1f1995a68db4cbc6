// The Command Center as a browser meets it: real requests to a real port, over a cluster of one node. What may be seen without a login,
// what needs one, who is refused and why, and what an action leaves in the events.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QuorateClient } from '../../src/client/client.js';
import { FACT_SOURCES } from '../../src/commandcenter/facts.js';
import type { ActionAnswer, FactsAnswer } from '../../src/commandcenter/feed.js';
import { TestCluster } from '../service/harness.js';
import { Center, PASSWORD } from './world.js';

const SECRET = 'hunter2-the-secret';

let cluster: TestCluster;
let center: Center;
let client: QuorateClient;

beforeAll(async () => {
  cluster = new TestCluster();
  const [first] = await cluster.form(1);
  if (first === undefined) throw new Error('there is one node');
  client = new QuorateClient({ address: first.api });
  center = await Center.open(cluster, first);
  await client.putSession({ id: 'alice', attributes: { token: Buffer.from(SECRET) } });
  for (const key of ['b/1', 'a/2', 'a/1']) {
    await client.putStore({ key, value: Buffer.from(SECRET) });
  }
});

afterAll(async () => {
  client.close();
  await center.stop();
  await cluster.stop();
});

async function facts(path: string, headers: Record<string, string> = {}): Promise<FactsAnswer> {
  const { text } = await center.get(`/facts/${path}`, headers);
  return JSON.parse(text) as FactsAnswer;
}

describe('the page', () => {
  test('comes with a policy that lets nothing in from elsewhere', async () => {
    for (const path of ['', '/', '/page.js']) {
      const { status, headers } = await center.get(path);
      expect(status).toBe(200);
      expect(headers['content-security-policy']).toBe(
        `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${center.origin}; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'`,
      );
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
    }
    const { headers } = await center.get('/page.js');
    const etag = headers.etag ?? '';
    expect((await center.get('/page.js', { 'If-None-Match': etag })).status).toBe(304);
  });

  test.each(['/none.js', '/..%2f..%2fpackage.json', '/../package.json', '/page.js/', '/page%2ejs'])(
    'has no file %s',
    async (path) => {
      expect((await center.get(path)).status).toBe(404);
    },
  );
});

describe('facts', () => {
  test('show keys and sizes to everybody, and secrets to nobody', async () => {
    for (const kind of Object.keys(FACT_SOURCES)) {
      const { status, text } = await center.get(`/facts/${kind}`);
      expect([kind, status]).toEqual([kind, 200]);
      expect(text).not.toContain(SECRET);
      expect(text).toContain('"isOpen":false');
    }
    const { rows, total, stalenessMs } = await facts('sessions');
    expect(rows).toMatchObject([{ id: 'alice', attributeCount: 1, attributes: null }]);
    expect([total, typeof stalenessMs]).toEqual([1, 'number']);
  });

  test('show secrets to whoever is logged in, as text of a bounded length', async () => {
    const cookie = await center.cookie();
    const { rows, isOpen } = await facts('sessions', cookie);
    expect(isOpen).toBe(true);
    expect(rows).toMatchObject([{ attributes: { token: { text: SECRET, bytes: 18 } } }]);
    expect((await facts('store', cookie)).rows).toContainEqual(
      expect.objectContaining({ key: 'a/1', value: { text: SECRET, bytes: 18 } }),
    );
  });

  test('come in pages in the order of their keys, and are searched', async () => {
    const first = await facts('store?limit=2');
    expect(first.rows).toMatchObject([{ key: 'a/1' }, { key: 'a/2' }]);
    const second = await facts(`store?limit=2&after=${encodeURIComponent(first.next ?? '')}`);
    expect([second.rows, second.next]).toMatchObject([[{ key: 'b/1' }], null]);
    expect((await facts('store?search=/1')).rows).toMatchObject([{ key: 'a/1' }, { key: 'b/1' }]);
    expect((await facts('store?search=hunter2')).rows).toEqual([]);
  });

  test.each(['limit=0', 'limit=501', 'limit=x', 'serach=a', `search=${'x'.repeat(201)}`])(
    'are not asked for with %s',
    async (query) => {
      expect((await center.get(`/facts/store?${query}`)).status).toBe(400);
    },
  );

  test('are shared with the page of a member, and with no other', async () => {
    const shared = await center.get('/facts/store', { Origin: center.origin });
    expect(shared.headers['access-control-allow-origin']).toBe(center.origin);
    const named = `http://localhost:${center.port}`;
    const { headers } = await center.get('/reigns', { Origin: named });
    expect(headers['access-control-allow-origin']).toBe(named);
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', `${named}/x`]) {
      const refused = await center.get('/facts/store', { Origin: origin });
      expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
      expect(refused.headers.vary).toBe('Origin');
    }
  });
});

describe('the reigns', () => {
  test('are told with their cause', async () => {
    const { status, text } = await center.get('/reigns');
    expect(status).toBe(200);
    const { reigns } = JSON.parse(text) as { reigns: unknown[] };
    expect(reigns).toMatchObject([{ node: 'n1', end: null, cause: expect.any(String) as string }]);
  });
});

describe('a login', () => {
  test('is a cookie that no script sees and no other site sends', async () => {
    const { status, headers, text } = await center.post('/login', { password: PASSWORD });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ user: 'operator' });
    expect(headers['set-cookie']?.[0]).toMatch(
      /^quorate-login-\d+=[\w-]{43}; Path=\/commandcenter; Max-Age=43(?:200|199); HttpOnly; SameSite=Strict$/,
    );
  });

  test('ends when told', async () => {
    const cookie = await center.cookie('ann');
    expect((await facts('sessions', cookie)).isOpen).toBe(true);
    const { headers } = await center.post('/logout', {}, cookie);
    expect(headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect((await facts('sessions', cookie)).isOpen).toBe(false);
  });

  test.each<[string, unknown, Record<string, string | null>, number]>([
    ['another password', { password: 'x'.repeat(20) }, {}, 401],
    ['no password', {}, {}, 400],
    ['a key too many', { password: PASSWORD, admin: true }, {}, 400],
    ['a strange name', { password: PASSWORD, user: 'a b' }, {}, 400],
    ['no JSON', 'password=x', {}, 400],
    ['a form', { password: PASSWORD }, { 'Content-Type': 'text/plain' }, 415],
    ['the page of another site', { password: PASSWORD }, { Origin: 'http://evil.example' }, 403],
    ['no origin', { password: PASSWORD }, { Origin: null }, 403],
    ['another port', { password: PASSWORD }, { Origin: 'http://127.0.0.1:1' }, 403],
    ['a body without end', { password: 'x'.repeat(5000) }, {}, 413],
  ])('is refused with %s', async (_what, body, headers, status) => {
    const answer = await center.post('/login', body, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(JSON.parse(answer.text)).toHaveProperty('hint');
  });

  test('has to wait after failures', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 6 && statuses.at(-1) !== 429; at += 1) {
      statuses.push((await center.post('/login', { password: 'wrong password!' })).status);
    }
    expect(statuses.at(-1)).toBe(429);
    const { headers, text } = await center.post('/login', { password: PASSWORD });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(text)).toHaveProperty('retryAfterMs');
  });

  test('is not asked for by GET', async () => {
    const { status, headers } = await center.get('/login');
    expect([status, headers.allow]).toEqual([405, 'POST, OPTIONS']);
  });
});

describe('an action', () => {
  const order = { reason: 'a test', dryRun: false };

  test('needs a login, the origin of this page and a reason', async () => {
    const own = await Center.open(cluster, [...cluster.nodes.values()][0] as never);
    try {
      const cookie = await own.cookie();
      const asked = async (body: unknown, headers = {}): Promise<number> =>
        (await own.post('/actions/pause', body, headers)).status;
      expect(await asked(order)).toBe(401);
      expect(await asked(order, { Cookie: 'quorate-login-1=x' })).toBe(401);
      expect(await asked(order, { ...cookie, Origin: 'http://evil.example' })).toBe(403);
      expect(await asked(order, { ...cookie, Origin: null })).toBe(403);
      expect(await asked(order, { ...cookie, 'Content-Type': 'text/plain' })).toBe(415);
      expect(await asked({ ...order, reason: ' ' }, cookie)).toBe(400);
      expect(await asked({ reason: 'a test' }, cookie)).toBe(400);
      expect(await asked({ ...order, name: 'n1' }, cookie)).toBe(400);
      expect((await own.get('/actions/pause', cookie)).status).toBe(405);
      expect((await client.status()).pausedBy).toBeUndefined();
    } finally {
      await own.stop();
    }
  });

  test('leaves in the events who asked and why; a dry run only says what would be', async () => {
    const own = await Center.open(cluster, [...cluster.nodes.values()][0] as never);
    try {
      const cookie = await own.cookie('ann');
      const act = async (action: string, body: object): Promise<ActionAnswer> =>
        JSON.parse((await own.post(`/actions/${action}`, body, cookie)).text) as ActionAnswer;
      const dry = await act('pause', { ...order, dryRun: true });
      expect(dry).toMatchObject({ dryRun: true, isUnchanged: false });
      expect(dry.forecast).toMatchObject({ failureToleranceBefore: 0, nextPrimary: 'n1' });
      expect((await client.status()).pausedBy).toBeUndefined();
      const done = await act('pause', order);
      expect(done).toMatchObject({ dryRun: false, forecast: null });
      expect((await client.status()).pausedBy).toContain('commandcenter ann@127.0.0.1: a test');
      const feed = own.feed();
      await feed.until('events');
      const event = feed.events.find(({ text }) => text.includes('commandcenter ann'));
      expect(event).toMatchObject({ kind: 'reignsPaused', requestId: done.requestId });
      feed.close();
      await act('resume', order);
      const unknown = await own.post('/actions/set-primary', { ...order, name: 'n9' }, cookie);
      expect([unknown.status, unknown.text]).toMatchObject([404, expect.stringContaining('n9')]);
      const last = await own.post('/actions/remove', { ...order, name: 'n1' }, cookie);
      expect([last.status, last.text]).toMatchObject([409, expect.stringContaining('last voter')]);
    } finally {
      await own.stop();
    }
  });
});
