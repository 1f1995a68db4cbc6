// `client.store.pipeline` and `client.sessions.pipeline` against real services on loopback: whatever is asked is answered as a naive model
// answers it, in order and once, also while the leader is cut off again and again; each operation fails alone; what is under
// way is bounded; and it ends as its caller wants. Deaths of real processes are in failover.test.ts.
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { connect, QuorateError } from '../../src/client/index.js';
import type { Quorate } from '../../src/client/index.js';
import type { StorePipeline } from '../../src/client/store-client.js';
import { leading, leads, patiently, TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';

async function failure(promise: Promise<unknown>): Promise<QuorateError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof QuorateError) return error;
  throw new Error(`expected a QuorateError, got ${String(error)}`);
}

type Step =
  | { readonly do: 'put'; readonly key: string; readonly value: string; readonly isNew: boolean }
  | { readonly do: 'get' | 'delete'; readonly key: string }
  | { readonly do: 'append'; readonly key: string; readonly value: string };

const anyKey = fc.constantFrom('a', 'b', 'c');
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    key: anyKey,
    value: fc.string({ maxLength: 8 }),
    isNew: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('get' as const, 'delete' as const), key: anyKey }),
  fc.record({
    do: fc.constant('append' as const),
    key: anyKey,
    value: fc.string({ maxLength: 3 }),
  }),
);

/** What the store shall answer, from a map; `append` is a transaction that puts where there is nothing, else gets. */
function modelled(model: Map<string, string>, step: Step): string {
  const { key } = step;
  const had = model.get(key);
  switch (step.do) {
    case 'get':
      return had ?? 'none';
    case 'delete':
      return String(model.delete(key));
    case 'put':
      if (step.isNew && had !== undefined) return 'REVISION_MISMATCH';
      model.set(key, step.value);
      return 'put';
    case 'append':
      if (had !== undefined) return `had ${had}`;
      model.set(key, step.value);
      return 'made';
  }
}

/** The same from the pipeline. */
async function asked(pipeline: StorePipeline, prefix: string, step: Step): Promise<string> {
  const key = prefix + step.key;
  switch (step.do) {
    case 'get':
      return (await pipeline.get(key))?.value.toString() ?? 'none';
    case 'delete':
      return String(await pipeline.delete(key));
    case 'put': {
      const options = step.isNew ? { ifRevision: 0 } : {};
      const done = await pipeline.put(key, step.value, options).catch((error: unknown) => error);
      return done instanceof QuorateError ? done.code : 'put';
    }
    case 'append': {
      const { results } = await pipeline.transaction({
        compares: [{ key, exists: false }],
        success: [{ put: key, value: step.value }],
        failure: [{ get: key }],
      });
      const [result] = results;
      return result?.type === 'get' ? `had ${result.entry?.value.toString() ?? ''}` : 'made';
    }
  }
}

describe('a pipeline', () => {
  const cluster = new TestCluster();
  let nodes: TestNode[];
  let client: Quorate;

  beforeAll(async () => {
    nodes = await cluster.form(3);
    client = connect({ addresses: nodes.map(({ api }) => api), timeoutMs: 30_000 });
  });

  afterAll(async () => {
    client.close();
    await cluster.stop();
  });

  let runs = 0;

  test('answers as a map does, in order, whatever is asked', async () => {
    const pipeline = client.store.pipeline();
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60 }), async (steps) => {
        runs += 1;
        const model = new Map<string, string>();
        const expected = steps.map((step) => modelled(model, step));
        const answers = steps.map((step) => asked(pipeline, `map/${runs}/`, step));
        expect(await Promise.all(answers)).toEqual(expected);
      }),
      { numRuns: IS_LONG ? 500 : 12 },
    );
    await pipeline.close();
  });

  test('carries each write out once and in order over leader changes, and reads what it wrote', async () => {
    const pipeline = client.store.pipeline({ operationsMax: 16 });
    const written: Promise<{ readonly revision: number }>[] = [];
    const read: Promise<unknown>[] = [];
    let isOver = false;
    const writing = (async () => {
      for (let at = 0; !isOver; at += 1) {
        await pipeline.room();
        // A second one of the same would be refused.
        written.push(pipeline.put(`once/${at}`, String(at), { ifRevision: 0 }));
        if (at % 16 === 0) read.push(pipeline.get(`once/${at}`).then((entry) => entry?.revision));
        for (const one of [written.at(-1), read.at(-1)]) one?.catch(() => (isOver = true));
      }
    })();
    try {
      for (let round = 0; round < (IS_LONG ? 20 : 2) && !isOver; round += 1) {
        const before = written.length;
        const leader = await leading(nodes);
        cluster.cut(leader.id);
        await patiently(() => nodes.some((one) => one !== leader && leads(one)));
        await patiently(() => written.length > before + 40 || isOver);
        cluster.heal();
        await patiently(() => nodes.every(({ node }) => node.status().leaderId !== null));
      }
    } finally {
      isOver = true;
      cluster.heal();
      await writing;
    }
    const revisions = (await Promise.all(written)).map(({ revision }) => revision);
    expect(revisions).toEqual(revisions.toSorted((one, other) => one - other));
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(await Promise.all(read)).toEqual(revisions.filter((_, at) => at % 16 === 0));
    await pipeline.close();
    expect(pipeline.outstanding).toBe(0);
  }, 120_000);

  test('of sessions answers as its calls do, each failing alone', async () => {
    const pipeline = client.sessions.pipeline();
    const put = pipeline.put('s', { attributes: { a: '1' }, ttlMs: 60_000 });
    const late = failure(pipeline.put('s', { ifRevision: 0 }));
    const bad = failure(pipeline.put('s', { ttlMs: 1 }));
    const touched = pipeline.touch('nobody');
    const got = pipeline.get('s');
    const gone = pipeline.delete('s');
    const none = pipeline.get('s');
    const { revision } = await put;
    expect(await late).toMatchObject({
      code: 'REVISION_MISMATCH',
      outcome: 'refused',
      data: { actual: String(revision) },
    });
    expect(await bad).toMatchObject({ code: 'INVALID_ARGUMENT', data: { field: 'ttl_ms' } });
    expect(await touched).toBeNull();
    expect((await got)?.attributes['a']?.toString()).toBe('1');
    expect(await gone).toBe(true);
    expect(await none).toBeNull();
    await pipeline.close();
    expect(await failure(pipeline.get('s'))).toMatchObject({
      code: 'CANCELLED',
      outcome: 'refused',
    });
  });

  test('does what the page about the library shows', async () => {
    const page = readFileSync(new URL('../../src/client/README.md', import.meta.url), 'utf8');
    const [, code = ''] = /```js\n(const pipeline [^`]+(?:`[^`]+`[^`]+)*?)```/.exec(page) ?? [];
    expect(code).toContain('pipeline.close()');
    const AsyncFunction = (async () => {}).constructor as new (
      ...text: string[]
    ) => (of: Quorate) => Promise<string>;
    const last = await new AsyncFunction('client', `${code}\nreturn last.value.toString();`)(
      client,
    );
    expect(last).toBe('299');
  });

  test('takes no operation that it has no bound for', async () => {
    expect(() => client.store.pipeline({ operationsMax: 1025 })).toThrow('1 to 1024');
    const pipeline = client.store.pipeline({ operationsMax: 2 });
    const puts = Array.from({ length: 6 }, (_, at) => pipeline.put(`bound/${at}`, 'x'));
    expect(pipeline.outstanding).toBe(6);
    await pipeline.room();
    expect(pipeline.outstanding).toBeLessThan(2);
    await Promise.all(puts);
    const transaction = {
      success: ['a', 'b'].map((put) => ({ put, value: Buffer.alloc(1024 * 1024) })),
    };
    expect(await failure(pipeline.transaction(transaction))).toMatchObject({ code: 'TOO_LARGE' });
    const own = failure(pipeline.put('k', 'v', { timeoutMs: 5 }));
    expect(await own).toMatchObject({ code: 'INVALID_ARGUMENT', data: { field: 'timeoutMs' } });
    expect(await pipeline.delete('k')).toBe(false);
    await pipeline.close();
  });

  test('ends one operation, or all, as the caller signals', async () => {
    const one = new AbortController();
    const all = new AbortController();
    const pipeline = client.store.pipeline({ signal: all.signal });
    const kept = pipeline.put('signal/kept', 'x');
    const ended = failure(pipeline.put('signal/one', 'x', { signal: one.signal }));
    one.abort();
    expect(await ended).toMatchObject({ code: 'CANCELLED' });
    await kept;
    const rest = Array.from({ length: 80 }, (_, at) => failure(pipeline.put(`signal/${at}`, 'x')));
    all.abort();
    const codes = new Set((await Promise.all(rest)).map(({ code }) => code));
    expect([...codes]).toEqual(['CANCELLED']);
    await pipeline.close();
  });

  test('goes on when an operation that its caller ended is answered by an error afterwards', async () => {
    const one = new AbortController();
    const pipeline = client.store.pipeline({ timeoutMs: 10_000 });
    await pipeline.put('late/first', 'x');
    const asked = { ifRevision: 77, signal: one.signal };
    const ended = failure(pipeline.put('late/first', 'y', asked));
    // It is on its way by then.
    await nextTurn();
    await nextTurn();
    one.abort();
    expect(await ended).toMatchObject({ code: 'CANCELLED' });
    // By when it is answered: that there is another revision.
    await client.store.put('late/beside', 'x');
    await client.store.put('late/beside', 'y');
    await pipeline.put('late/next', 'x');
    expect((await client.store.get('late/next'))?.value.toString()).toBe('x');
    await pipeline.close();
  });

  test('ends with the client', async () => {
    const own = connect({ addresses: nodes.map(({ api }) => api) });
    const pipeline = own.store.pipeline();
    await pipeline.put('client/a', 'x');
    const open = failure(pipeline.put('client/b', 'x'));
    own.close();
    expect((await open).code).toMatch(/CANCELLED|INDETERMINATE/);
    await pipeline.close();
  });
});
