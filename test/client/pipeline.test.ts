// `client.store.pipeline` and `client.sessions.pipeline` against real services on loopback: whatever is asked is answered as a naive model
// answers it, in order and once, also while the leader is cut off again and again; each operation fails alone; what is under
// way is bounded; and it ends as its caller wants. Deaths of real processes are in failover.test.ts.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { connect, QuorateError } from '../../src/client/index.js';
import type { Quorate } from '../../src/client/index.js';
import type { StorePipeline } from '../../src/client/store-client.js';
import { eventually, TestCluster } from '../service/harness.js';
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
  fc.record({ do: fc.constant('append' as const), key: anyKey, value: fc.string({ maxLength: 3 }) }),
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
      { numRuns: IS_LONG ? 500 : 40 },
    );
    await pipeline.close();
  });
});
