// Clients that hold the port up: that send nothing, or slowly, or much at once, that do not read, or come in hundreds. Each
// is bounded, and whoever asks in good manners meanwhile is answered as if they were not there.
import { afterEach, describe, expect, test } from 'vitest';
import type { ClusterView } from '../../src/client/cluster-view.js';
import { QuorateError } from '../../src/errors.js';
import { HttpServer } from '../../src/http/http-server.js';
import type { HttpLimits } from '../../src/http/limits.js';
import { ask, eventually, RawConnection } from './asking.js';
import { SILENT, TIMERS, World } from './world.js';

const GET = 'GET /primary HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const VIEW_GET = 'GET /v1/cluster HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
/** As quick as a busy machine lets a well-behaved client be in time. */
const QUICK: Partial<HttpLimits> = {
  headersMs: 400,
  requestMs: 500,
  keepAliveMs: 400,
  checkMs: 50,
};

let world: World;

async function serving(limits: Partial<HttpLimits> = {}): Promise<number> {
  world = await World.open(1, limits);
  world.form();
  return world.machine(1).port;
}

afterEach(() => world.stop());

/** A look at the cluster that ends when the test says so. */
function heldViews(): { count: number; release: () => void } {
  const waiting: (() => void)[] = [];
  const held = {
    count: 0,
    release: () => {
      for (const go of waiting.splice(0)) go();
    },
  };
  world.view = () => {
    held.count += 1;
    return new Promise((resolve) => waiting.push(() => resolve(EMPTY_VIEW)));
  };
  return held;
}

const EMPTY_VIEW: ClusterView = {
  cluster: null,
  clusterId: null,
  quorum: false,
  term: 0,
  leader: null,
  primary: null,
  epoch: 0,
  failureTolerance: 0,
  nodes: [],
};

describe('a slow client', () => {
  test.each([
    { name: 'that says nothing', text: '', status: 408 },
    { name: 'that stops in its headers', text: 'GET /primary HTTP/1.1\r\nHost: 127', status: 408 },
  ])('$name is told, and cut', async ({ text, status }) => {
    const port = await serving(QUICK);
    const connection = await new RawConnection(port).send(text).closed();
    expect(connection.statuses).toEqual([status]);
  });

  test('that sends byte by byte is cut all the same', async () => {
    const port = await serving(QUICK);
    const connection = new RawConnection(port).send('GET /primary HTTP/1.1\r\n');
    const timer = setInterval(() => connection.send('a'), 20);
    await connection.closed();
    clearInterval(timer);
    expect(connection.statuses).toEqual([408]);
  });

  test('that asks once and stays is cut when nothing more comes', async () => {
    const port = await serving(QUICK);
    const connection = await new RawConnection(port).send(GET).closed();
    expect(connection.statuses).toEqual([200]);
  });

  test('that does not read what it asked for is cut', async () => {
    const port = await serving({ idleMs: 400, requestsPerConnectionMax: 1_000_000 });
    const connection = new RawConnection(port);
    connection.socket.pause();
    // More answers than the system keeps for a reader that does not come.
    connection.send(GET.repeat(40_000));
    // It does not notice its end until it says something; more often would look alive.
    const timer = setInterval(() => connection.send(' '), 1000);
    await connection.closed();
    clearInterval(timer);
    expect((await ask(port, '/primary')).status).toBe(200);
  });

  test('that speaks no HTTP and goes on is cut', async () => {
    const port = await serving({ farewellMs: 200 });
    const connection = new RawConnection(port).send('nonsense\r\n\r\n');
    const timer = setInterval(() => connection.send('more nonsense\r\n'), 5);
    await connection.closed();
    clearInterval(timer);
    expect(connection.statuses).toEqual([400]);
  });
});

describe('500 connections', () => {
  test.each([
    { name: 'that say nothing', text: '' },
    { name: 'that stop in their headers', text: 'GET /primary HTTP/1.1\r\nHost: 127' },
    { name: 'that were answered and stay', text: GET },
  ])('$name keep nobody out', async ({ text }) => {
    const port = await serving();
    const held: RawConnection[] = [];
    const asked: number[] = [];
    for (let at = 0; at < 500; at += 1) {
      held.push(new RawConnection(port).send(text));
      if (at % 50 === 49) asked.push((await ask(port, '/primary')).status);
    }
    expect(asked).toEqual(Array.from({ length: 10 }, () => 200));
    // 256 are held; those that came first made room for the others.
    await eventually('the end of the first', () => held.slice(0, 244).every((one) => one.isClosed));
    expect(held.filter(({ isClosed }) => !isClosed).length).toBeGreaterThan(200);
    expect(held.at(-1)?.isClosed).toBe(false);
    for (const { socket } of held) socket.destroy();
  });
});

describe('requests sent ahead', () => {
  test('are answered in their order', async () => {
    const port = await serving();
    const paths = ['/livez', '/standby', '/primary', '/none', '/primary?epoch=0', '/livez'];
    const all = paths.map((path) => GET.replace('/primary', path)).join('');
    const connection = await new RawConnection(port).send(all).answered(paths.length);
    expect(connection.statuses).toEqual([200, 503, 200, 404, 409, 200]);
    connection.socket.destroy();
  });

  test('are answered with what is so when their turn comes, not when they came', async () => {
    const port = await serving();
    const views = heldViews();
    const connection = new RawConnection(port).send(VIEW_GET + GET);
    await eventually('the look', () => views.count === 1);
    expect((await ask(port, '/primary')).status).toBe(200);
    world.nowMs += TIMERS.electionTimeoutMaxMs;
    views.release();
    await connection.answered(2);
    expect(connection.statuses).toEqual([200, 503]);
    connection.socket.destroy();
  });

  test('are cut beyond a number that wait', async () => {
    const port = await serving({ pipelinedMax: 4 });
    const views = heldViews();
    const patient = new RawConnection(port).send(VIEW_GET + GET.repeat(4));
    const flood = new RawConnection(port).send(VIEW_GET + GET.repeat(500));
    await flood.closed();
    expect(flood.statuses).toEqual([]);
    views.release();
    await patient.answered(5);
    expect(patient.statuses).toEqual([200, 200, 200, 200, 200]);
    patient.socket.destroy();
  });

  test('that turn into nonsense do not mix up the answers before them', async () => {
    const port = await serving();
    const views = heldViews();
    const connection = await new RawConnection(port).send(`${VIEW_GET}nonsense\r\n\r\n`).closed();
    expect(connection.received).toBe('');
    views.release();
    expect((await ask(port, '/primary')).status).toBe(200);
  });

  test('end with the connection after a number of them', async () => {
    const port = await serving({ ...QUICK, requestsPerConnectionMax: 3 });
    const connection = await new RawConnection(port).send(GET.repeat(5)).closed();
    expect(connection.statuses.filter((status) => status === 200)).toHaveLength(3);
  });
});

describe('looks at the whole cluster', () => {
  test('are bounded, and the rest of the port does not notice', async () => {
    const port = await serving({ clusterViewsMax: 3 });
    const views = heldViews();
    const asked = Array.from({ length: 3 }, () => ask(port, '/v1/cluster'));
    await eventually('three looks', () => views.count === 3);
    const more = await ask(port, '/v1/cluster');
    expect([more.status, more.text.includes('too many')]).toEqual([503, true]);
    expect((await ask(port, '/primary')).status).toBe(200);
    views.release();
    for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
    const again = ask(port, '/v1/cluster');
    await eventually('one more', () => views.count === 4);
    views.release();
    expect((await again).status).toBe(200);
  });

  test.each([
    { error: new QuorateError('PERMISSION_DENIED', 'not you'), code: 403 },
    { error: new QuorateError('OVERLOADED', 'too many'), code: 503 },
    { error: new Error('a bug'), code: 500 },
  ])('that fail with $error are answered with $code', async ({ error, code }) => {
    const port = await serving({ clusterViewsMax: 1 });
    world.view = () => Promise.reject(error);
    for (let time = 0; time < 2; time += 1) {
      const { status, text } = await ask(port, '/v1/cluster');
      expect(status).toBe(code);
      expect(JSON.parse(text)).toHaveProperty('hint');
      expect(text).not.toContain('a bug');
    }
  });
});

describe('a server that stops', () => {
  test('lets what it answers end, cuts what only waits, and says that it closes', async () => {
    const port = await serving();
    const views = heldViews();
    const idle = await new RawConnection(port).send(GET).answered(1);
    const silent = new RawConnection(port);
    const busy = new RawConnection(port).send(VIEW_GET);
    await eventually('the look', () => views.count === 1);
    const stopped = world.machine(1).server.stop();
    await idle.closed();
    expect(busy.isClosed).toBe(false);
    views.release();
    await busy.closed();
    expect(busy.statuses).toEqual([200]);
    expect(busy.received).toMatch(/connection: close/i);
    await silent.closed();
    await stopped;
    await expect(ask(port, '/livez')).rejects.toThrow('ECONNREFUSED');
  });

  test('waits for nobody longer than its limit', async () => {
    const port = await serving({ drainMs: 200 });
    heldViews();
    const silent = new RawConnection(port);
    const half = new RawConnection(port).send('GET /pri');
    const busy = new RawConnection(port).send(VIEW_GET);
    await new RawConnection(port).send(GET).answered(1);
    expect(await world.machine(1).server.stop()).toBe(false);
    await Promise.all([silent, half, busy].map((one) => one.closed()));
    expect(busy.statuses).toEqual([]);
  });

  test('that never served answers that it is starting', async () => {
    await serving();
    const options = { listen: { host: 'localhost', port: 0 }, tls: null, names: [] };
    const server = new HttpServer(options, { log: SILENT, onFatal: () => {} });
    const port = await server.listen();
    const { status, text } = await ask(port, '/livez');
    expect([status, text.includes('starting')]).toEqual([503, true]);
    expect(await server.stop()).toBe(true);
  });
});
