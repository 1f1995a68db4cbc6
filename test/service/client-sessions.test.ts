// Exactly-once over real gRPC with the real driver. A repetition gets the first answer through whatever member it comes, also
// after the leader that gave it is gone; and the client library goes through a fail-over without a doubt.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QuorateClient } from '../../src/client/client.js';
import { CLIENT_SESSIONS, SESSIONS } from '../../src/client/protos.js';
import { eventually, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

const WRITE = { isWrite: true } as const;
const UNKNOWN = 'f'.repeat(32);

async function opened(node: TestNode): Promise<string> {
  return (await node.ask(CLIENT_SESSIONS.Open, {})).session;
}

describe('a client session', () => {
  const cluster = new TestCluster();
  let first: TestNode;
  let second: TestNode;

  beforeAll(async () => {
    const [one, two] = await cluster.form(2);
    if (one === undefined || two === undefined) throw new Error('expected two nodes');
    [first, second] = [one, two];
  });

  afterAll(async () => {
    await cluster.stop();
  });

  test('is opened anew by each call, through any member', async () => {
    const answer = await second.ask(CLIENT_SESSIONS.Open, {});
    expect(answer).toMatchObject({ window: 1024, idleMs: 3_600_000 });
    expect(answer.session).toMatch(/^[0-9a-f]{32}$/);
    expect(await opened(first)).not.toBe(answer.session);
  });

  test('gives a repeated request the first answer, through another member too', async () => {
    const client = { session: await opened(first), sequence: 1 };
    const put = { id: 'a', attributes: { k: Buffer.from('v') }, client };
    const before = await second.ask(SESSIONS.Put, put, WRITE);
    await first.ask(SESSIONS.Put, { id: 'a', owner: 'somebody else' }, WRITE);
    const again = await first.ask(SESSIONS.Put, put, WRITE);
    expect(again.header?.revision).toBe(before.header?.revision);
    expect({ ...again.session, remainingMs: 0 }).toEqual({ ...before.session, remainingMs: 0 });
    const { session } = await first.ask(SESSIONS.Get, { id: 'a' });
    expect(session?.owner).toBe('somebody else');
  });

  test('repeats a refusal by the state, and what deleting and touching answered', async () => {
    const session = await opened(first);
    const doomed = { id: 'r', ifRevision: 7, client: { session, sequence: 1 } };
    const refused = await second.refused(SESSIONS.Put, doomed, WRITE);
    await first.ask(SESSIONS.Put, { id: 'r', client: { session, sequence: 2 } }, WRITE);
    const again = await second.refused(SESSIONS.Put, doomed, WRITE);
    expect(again).toMatchObject({ code: 'REVISION_MISMATCH', data: refused.data });
    const touch = { id: 'r', client: { session, sequence: 3 } };
    const touched = await first.ask(SESSIONS.Touch, touch, WRITE);
    const remove = { id: 'r', client: { session, sequence: 4 } };
    for (const node of [first, second]) {
      expect(await node.ask(SESSIONS.Delete, remove, WRITE)).toMatchObject({ existed: true });
      const { header } = await node.ask(SESSIONS.Touch, touch, WRITE);
      expect(header?.revision).toBe(touched.header?.revision);
    }
  });

  test('that is not known refuses as forgotten, and nothing happens', async () => {
    const client = { session: UNKNOWN, sequence: 1 };
    const error = await second.refused(SESSIONS.Put, { id: 'u', client }, WRITE);
    expect(error).toMatchObject({
      code: 'REQUEST_FORGOTTEN',
      outcome: 'indeterminate',
      grpcCode: 10,
      exitCode: 3,
    });
    expect(error.data['repeated']).toBeUndefined();
    const session = await first.refused(SESSIONS.Get, { id: 'u' });
    expect(session.code).toBe('SESSION_NOT_FOUND');
  });

  test('refuses what was acknowledged, and what is too far ahead', async () => {
    const session = await opened(first);
    const at = (sequence: number, acknowledgedBelow: number): object => ({
      id: 'w',
      client: { session, sequence, acknowledgedBelow },
    });
    await first.ask(SESSIONS.Put, at(5, 5), WRITE);
    const below = await second.refused(SESSIONS.Put, at(4, 1), WRITE);
    expect(below.code).toBe('REQUEST_FORGOTTEN');
    const ahead = await second.refused(SESSIONS.Put, at(5 + 1024, 1), WRITE);
    expect(ahead).toMatchObject({ code: 'WINDOW_EXCEEDED', grpcCode: 8, outcome: 'refused' });
    expect(ahead.hint).toContain('1024');
  });

  test.each([
    ['client.session', { session: 'F'.repeat(32), sequence: 1 }],
    ['client.session', { session: '', sequence: 1 }],
    ['client.sequence', { session: UNKNOWN, sequence: 0 }],
    ['client.sequence', { session: UNKNOWN, sequence: '18446744073709551615' as never }],
    ['client.acknowledged_below', { session: UNKNOWN, sequence: 3, acknowledgedBelow: 4 }],
  ])('is refused at the gateway where %s makes no sense', async (field, client) => {
    const error = await first.refused(SESSIONS.Delete, { id: 'g', client }, WRITE);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', data: { field } });
  });
});

describe('a fail-over', () => {
  test('does not make a repeated request happen twice, nor change its answer', async () => {
    const cluster = new TestCluster();
    const [first, second, third] = await cluster.form(3);
    if (first === undefined || second === undefined || third === undefined) throw new Error();
    const client = { session: await opened(second), sequence: 1 };
    const put = { id: 's', ifRevision: 0, client };
    const before = await first.ask(SESSIONS.Put, put, WRITE);
    await first.stop();
    for (const node of [second, third]) {
      const again = await node.ask(SESSIONS.Put, put, WRITE);
      expect(again.session?.revision).toBe(before.session?.revision);
    }
    await cluster.stop();
  });

  test('leaves no write of the client library in doubt: every increment happens once', async () => {
    const cluster = new TestCluster();
    const [first, second] = await cluster.form(3);
    if (first === undefined || second === undefined) throw new Error('expected nodes');
    const client = new QuorateClient({ address: second.api, timeoutMs: 20_000 });
    const increments = 60;
    let revision = 0;
    for (let value = 1; value <= increments; value += 1) {
      const attributes = { value: Buffer.from(String(value)) };
      const writing = client.putSession({ id: 'counter', attributes, ifRevision: revision });
      // The leader is cut off with the write under way: it takes it, and its answer never comes.
      if (value === 20) cluster.cut(first.id);
      if (value === 40) cluster.heal();
      revision = (await writing).session?.revision ?? 0;
    }
    const { session } = await client.getSession({ id: 'counter' });
    expect(session?.attributes['value']?.toString()).toBe(String(increments));
    expect(session?.revision).toBe(revision);
    await eventually(() => second.node.state.clientSessionCount === 1);
    client.close();
    await cluster.stop();
  });

  test('that never comes leaves a write in doubt, and an unsent one refused', async () => {
    const cluster = new TestCluster();
    const [first, second] = await cluster.form(2);
    if (first === undefined || second === undefined) throw new Error('expected nodes');
    const client = new QuorateClient({ address: first.api, timeoutMs: 800 });
    await client.putSession({ id: 's' });
    cluster.cut(second.id);
    const doubtful: unknown = await client.putSession({ id: 's' }).catch((error: unknown) => error);
    expect(doubtful).toMatchObject({ code: 'INDETERMINATE', outcome: 'indeterminate' });
    client.close();
    const late = new QuorateClient({ address: second.api, timeoutMs: 800 });
    const unsent: unknown = await late.putSession({ id: 't' }).catch((error: unknown) => error);
    expect(unsent).toMatchObject({ outcome: 'refused', exitCode: 3 });
    late.close();
    await cluster.stop();
  });
});
