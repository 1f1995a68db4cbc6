// The order of a pipeline, attacked where it could break: a leader that loses its office while writes of the stream stand in its log
// and others come behind them, and what is refused while later operations are under way. Whatever happens, revisions rise in the order
// in which the writes were asked for. Kills of real processes are in failover.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { connect } from '../../src/client/index.js';
import { leading, leads, patiently, TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';

type Written = Promise<{ readonly revision: number }>;

/** Expects that each was written once, in the order in which it was asked for; `mayFail`: but for those of which that is not known. */
async function expectOrder(writes: readonly Written[], mayFail = false): Promise<void> {
  const ends = await Promise.allSettled(writes);
  const revisions = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value.revision] : []));
  const failures = ends.flatMap((end) =>
    end.status === 'rejected' ? [end.reason as unknown] : [],
  );
  for (const error of failures) expect(error).toMatchObject({ code: 'INDETERMINATE' });
  expect(mayFail ? [] : failures).toEqual([]);
  expect(revisions).toEqual(revisions.toSorted((one, other) => one - other));
  expect(new Set(revisions).size).toBe(revisions.length);
}

describe('the order of a pipeline', () => {
  const cluster = new TestCluster();
  let nodes: TestNode[];

  beforeAll(async () => {
    nodes = await cluster.form(3);
  });

  afterAll(async () => {
    await cluster.stop();
  });

  test.each([true, false])(
    'holds when the leader that took writes is deposed, and forwards those behind them; client session: %s',
    async (clientSession) => {
      for (let round = 0; round < (IS_LONG ? 20 : 1); round += 1) {
        const deposed = await leading(nodes);
        // It is asked first, and says that it leads.
        const client = connect({ addresses: [deposed.api], timeoutMs: 30_000, clientSession });
        const pipeline = client.store.pipeline();
        const put = (part: string): Written => {
          const key = `deposed/${clientSession}/${round}/${part}`;
          const written = pipeline.put(key, part, { ifRevision: 0 });
          // It may fail before all have been asked for.
          written.catch(() => {});
          return written;
        };
        await put('first');
        const settled = deposed.node.state.lastApplied.index;
        cluster.cut(deposed.id);
        const early = Array.from({ length: 20 }, (_, at) => put(`early ${at}`));
        const isReplaced = (): boolean => nodes.some((one) => one !== deposed && leads(one));
        const lastIndex = (): number => deposed.node.raft?.state.log.lastIndex ?? 0;
        // On a loaded machine it may have lost its office before they came.
        await patiently(() => lastIndex() >= settled + 20 || isReplaced());
        await patiently(isReplaced);
        cluster.heal();
        // It may lead anew; else it knows whom to forward to.
        await patiently(() => deposed.node.outline().leaderId !== null);
        const late = Array.from({ length: 5 }, (_, at) => put(`late ${at}`));
        await expectOrder([...early, ...late], !clientSession);
        await pipeline.close();
        client.close();
      }
    },
    IS_LONG ? 900_000 : 120_000,
  );
});
