// Reads under the primary's lease through the API. They are answered by the primary alone, without a quorum, only while its lease
// holds; forwarded by others; and what is not there is an answer like any other.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SESSIONS, STORE } from '../../src/client/protos.js';
import type { ReadConsistency } from '../../src/generated/quorate/v1/ReadConsistency.js';
import { eventually, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

const WRITE = { isWrite: true } as const;
const LEASED = { consistency: 'LEASED' } as const;
/** Attempts at an answer under a lease that a busy machine may have let run out. */
const ATTEMPTS_MAX = 20;

describe('a read under the lease', () => {
  const cluster = new TestCluster();
  let nodes: TestNode[] = [];
  let first: TestNode;
  let second: TestNode;

  beforeAll(async () => {
    nodes = await cluster.form(3);
    const [one, two] = nodes;
    if (one === undefined || two === undefined) throw new Error('expected three nodes');
    [first, second] = [one, two];
    await first.ask(SESSIONS.Put, { id: 's', attributes: { a: Buffer.from('1') } }, WRITE);
    await first.ask(STORE.Put, { key: 'k', value: Buffer.from('v') }, WRITE);
  });

  afterAll(async () => {
    await cluster.stop();
  });

  test.each(['first', 'second'])('is answered whoever is asked: %s', async (which) => {
    const node = which === 'first' ? first : second;
    const got = await node.ask(SESSIONS.Get, { id: 's', ...LEASED });
    expect(got.session?.attributes).toEqual({ a: Buffer.from('1') });
    expect(got.header?.stalenessMs).toBeUndefined();
    const { entry } = await node.ask(STORE.Get, { key: 'k', ...LEASED });
    expect(entry?.value.toString()).toBe('v');
    expect((await node.ask(SESSIONS.List, LEASED)).sessions).toHaveLength(1);
    expect((await node.ask(STORE.List, LEASED)).entries).toHaveLength(1);
  });

  test('that finds nothing says so', async () => {
    const session = await second.refused(SESSIONS.Get, { id: 'none', ...LEASED });
    expect(session.code).toBe('SESSION_NOT_FOUND');
    expect((await first.refused(STORE.Get, { key: 'none', ...LEASED })).code).toBe('KEY_NOT_FOUND');
  });

  test('of a consistency that nobody knows is refused', async () => {
    const consistency = 7 as unknown as ReadConsistency;
    const session = await first.refused(SESSIONS.Get, { id: 's', consistency });
    const key = await first.refused(STORE.Get, { key: 'k', consistency });
    for (const { code, data } of [session, key]) {
      expect({ code, field: data['field'] }).toEqual({
        code: 'INVALID_ARGUMENT',
        field: 'consistency',
      });
    }
  });

  test('sees what was acknowledged before it', async () => {
    for (let n = 2; n < 12; n += 1) {
      const value = Buffer.from(String(n));
      await second.ask(SESSIONS.Put, { id: 's', attributes: { a: value } }, WRITE);
      const { session } = await second.ask(SESSIONS.Get, { id: 's', ...LEASED });
      expect(session?.attributes['a']).toEqual(value);
    }
  });

  test('is answered without a quorum while the lease holds, and not a moment longer', async () => {
    const primary = (): TestNode | undefined => nodes.find(({ node }) => node.status().isPrimary);
    let answered = 0;
    for (let attempt = 0; attempt < ATTEMPTS_MAX && answered === 0; attempt += 1) {
      await eventually(() => primary() !== undefined);
      const alone = primary() ?? first;
      cluster.cut(alone.id);
      const asked = alone.ask(SESSIONS.Get, { id: 's', ...LEASED }, { timeoutMs: 700 });
      answered += await asked.then(
        () => 1,
        () => 0,
      );
      await eventually(() => !alone.node.status().isPrimary);
      expect(alone.node.leased(() => 'an answer')).toBeNull();
      const late = await alone.refused(SESSIONS.Get, { id: 's', ...LEASED }, { timeoutMs: 300 });
      expect(late.code).toBe('NO_QUORUM');
      cluster.heal();
    }
    expect(answered).toBe(1);
  }, 60_000);
});
