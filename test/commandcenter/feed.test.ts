// The feed on a real port: what a page is greeted with, how it goes on after its server died, what it is told without a quorum, by a
// clean node and by one without a password, and how it ends. Over one cluster of two nodes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QuorateClient } from '../../src/client/client.js';
import type { ClusterMessage, Hello } from '../../src/commandcenter/feed.js';
import { eventually } from '../http/asking.js';
import { TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';
import { Center } from './world.js';
import type { OpenFeed } from './world.js';

let cluster: TestCluster;
let nodes: TestNode[];
let client: QuorateClient;
let centers: Center[];

beforeAll(async () => {
  cluster = new TestCluster();
  nodes = await cluster.form(2);
  client = new QuorateClient({ address: nodes[0]?.api ?? '' });
  centers = await Promise.all(nodes.map((node) => Center.open(cluster, node)));
});

afterAll(async () => {
  client.close();
  await Promise.all(centers.map((center) => center.stop()));
  await cluster.stop();
});

function at(index: number): Center {
  const center = centers[index];
  if (center === undefined) throw new Error(`there is no node ${index}`);
  return center;
}

async function pauseAndResume(): Promise<void> {
  await client.changeSettings({ paused: true, reason: 'a test' });
  await client.changeSettings({ paused: false, reason: 'a test' });
}

function newest(feed: OpenFeed): ClusterMessage | undefined {
  return feed.of('cluster').at(-1)?.data as ClusterMessage | undefined;
}

describe('the feed', () => {
  test('greets with what a page needs, in order, then goes on', async () => {
    const feed = at(0).feed();
    await feed.until('cluster', 2);
    await feed.until('figures');
    const names = feed.told.map(({ name }) => name).filter((name) => name !== 'cluster');
    expect(names.slice(0, 3)).toEqual(['hello', 'history', 'events']);
    const hello = feed.of('hello')[0]?.data as unknown as Hello;
    expect(hello).toMatchObject({ node: 'n1', cluster: 'quorate', isWitness: false });
    expect(hello.login).toEqual({ isConfigured: true, user: null, hint: null });
    // Whoever leads: a busy machine may have elected anew, and a new leader is not primary at once.
    await eventually('a confirmed view', () => {
      const { isConfirmed = false, view } = newest(feed) ?? {};
      return isConfirmed && view?.primary !== null;
    });
    const message = newest(feed);
    const { leader = null, primary = null, nodes: lines = [] } = message?.view ?? {};
    expect([primary, message?.own.leader]).toEqual([leader, leader]);
    expect(message?.own.role).toBe(leader === 'n1' ? 'leader' : 'follower');
    const other = lines.find(({ name }) => name !== leader)?.name;
    expect(message?.links).toMatchObject([{ from: leader, to: other }]);
    expect(message?.leaseRemainingMs).toBeGreaterThanOrEqual(0);
    feed.close();
  });

  test('goes on at another member without a gap or a repeat', async () => {
    const first = at(0).feed();
    await first.until('events');
    await pauseAndResume();
    await eventually('what was done', () => first.events.at(-1)?.text.includes('resumed') === true);
    const last = first.of('events').at(-1)?.id ?? '';
    first.close();
    await pauseAndResume();
    const [byQuery, byHeader] = [
      at(1).feed(`?after=${last}`),
      at(1).feed('?after=1', { 'Last-Event-ID': last }),
    ];
    for (const feed of [byQuery, byHeader]) {
      await eventually('the rest', () => feed.events.at(-1)?.text.includes('resumed') === true);
      const seen = [...first.events, ...feed.events].map(({ revision }) => revision);
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
      const texts = feed.events.map(({ text }) => text.split(':')[0]);
      const asked = texts.filter((text) => text?.startsWith('automatic reigns') === true);
      expect(asked).toEqual(['automatic reigns were paused', 'automatic reigns were resumed']);
      expect(feed.of('events')[0]?.data).toMatchObject({ isGap: false });
      feed.close();
    }
  });

  test('begins anew where another cluster answers', async () => {
    const feed = at(0).feed(`?after=999999&cluster=${'0'.repeat(32)}`);
    await feed.until('events');
    expect(feed.events[0]?.revision).toBe(1);
    feed.close();
  });

  test.each(['?after=x', '?after=-1', '?since=1'])('is not opened with %s', async (query) => {
    expect((await at(0).get(`/feed${query}`)).status).toBe(400);
  });

  test('is bounded in number, and ends with the server, which does not wait for it', async () => {
    const [node] = nodes;
    if (node === undefined) throw new Error('there are nodes');
    const center = await Center.open(cluster, node, { password: null, limits: { feedsMax: 1 } });
    const feed = center.feed();
    const [hello] = await feed.until('hello');
    const hint = expect.stringContaining('QUORATE_COMMANDCENTER_PASSWORD') as string;
    expect(hello?.data).toMatchObject({ login: { isConfigured: false, hint } });
    expect((await center.post('/login', { password: 'x'.repeat(12) })).status).toBe(403);
    const { status, headers } = await center.get('/feed');
    expect([status, headers['retry-after']]).toEqual([503, '2']);
    await center.stop();
    await eventually('the end of the feed', () => feed.isOver);
    expect(feed.of('bye')).toHaveLength(1);
  });

  test('is for those who may ask the API', async () => {
    const [node] = nodes;
    if (node === undefined) throw new Error('there are nodes');
    const center = await Center.open(cluster, node, { authorise: () => false });
    for (const path of ['/feed', '/facts/sessions', '/reigns']) {
      expect((await center.get(path)).status).toBe(403);
    }
    await center.stop();
  });
});

test('a clean node says that it has no cluster, and no facts', async () => {
  const center = await Center.open(cluster, await cluster.add(9));
  const feed = center.feed();
  await eventually('its view', () => newest(feed)?.own.state === 'CLEAN');
  expect(newest(feed)).toMatchObject({ isConfirmed: true, view: { cluster: null } });
  const { status, text } = await center.get('/facts/sessions');
  expect([status, text]).toMatchObject([409, expect.stringContaining('CLEAN')]);
  feed.close();
  await center.stop();
});

// The last: it takes the quorum away.
test('without a quorum the feed says so, and facts are read with how stale they are', async () => {
  await client.putStore({ key: 'kept', value: Buffer.from('x') });
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error('there are nodes');
  await eventually('the key at the other', () => second.node.state.storeEntry('kept') !== null);
  const feed = at(1).feed();
  await eventually('a confirmed view', () => newest(feed)?.isConfirmed === true);
  cluster.cut(first.id);
  await eventually('a view without a quorum', () => newest(feed)?.isConfirmed === false);
  expect(newest(feed)).toMatchObject({ view: { quorum: false, primary: null }, failures: null });
  const { status, text } = await at(1).get('/facts/store');
  expect(status).toBe(200);
  const answer = JSON.parse(text) as { rows: unknown[]; stalenessMs: number };
  expect(answer.rows).toMatchObject([{ key: 'kept' }]);
  expect(answer.stalenessMs).toBeGreaterThan(0);
  feed.close();
});
