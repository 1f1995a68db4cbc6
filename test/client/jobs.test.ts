// `client.jobs` and `client.worker` against real services on loopback: a job with ten steps goes on while two primaries die under it, an old claimant is
// refused, a cancellation is seen, an attempt is repeated. The long form kills in fifty rounds at random moments.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { connect, JobGivenUp } from '../../src/client/index.js';
import type { JobWorker, Quorate, WorkedJob } from '../../src/client/index.js';
import { JOBS } from '../../src/client/protos.js';
import { eventually, eventuallyAnswers, TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';

const clients: Quorate[] = [];

function opened(nodes: readonly TestNode[]): Quorate {
  // A busy machine elects anew more than once.
  const client = connect({ addresses: nodes.map(({ api }) => api), timeoutMs: 30_000 });
  clients.push(client);
  return client;
}

const STEPS = Array.from({ length: 10 }, (_, at) => `step ${at + 1}`);
const ROUNDS = process.env['QUORATE_TEST_LONG'] === '1' ? 50 : 1;

describe('a job with ten steps', () => {
  test.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
    'is done on the third primary, each step recorded once (round %i)',
    async (round) => {
      const cluster = new TestCluster();
      const nodes = await cluster.form(5);
      const client = opened(nodes);
      const workers = new Map<string, JobWorker>();
      const runs = new Map<string, number>();
      /** In which steps the primary dies: they are done a second time. */
      const killedAt = ROUNDS === 1 ? [4, 8] : [1 + (round % 5), 6 + (round % 5)];
      const killed: string[] = [];
      const reigns = new Set<string>();
      const kill = async (name: string): Promise<void> => {
        killed.push(name);
        workers.get(name)?.abandon();
        await nodes.find(({ id }) => `n${id}` === name)?.stop();
      };
      for (const { id } of nodes) {
        const name = `n${id}`;
        const worker = opened(nodes).worker({ node: name, name });
        workers.set(name, worker);
        worker.on('deploy', async (job) => {
          reigns.add(name);
          for (const [at, step] of STEPS.entries()) {
            await job.step(step, async () => {
              runs.set(step, (runs.get(step) ?? 0) + 1);
              if (at + 1 === killedAt[killed.length]) await kill(name);
              return { at, by: name };
            });
          }
          return 'deployed';
        });
      }
      await client.jobs.submit('deploy', { id: 'd', resumable: true, heartbeatMs: 60_000 });
      const job = await client.jobs.ended('d');
      expect(job).toMatchObject({ status: 'done', failures: 0 });
      expect(job?.result.toString()).toBe('"deployed"');
      expect(job?.steps.map(({ name }) => name)).toEqual(STEPS);
      // On a machine that is too busy, a reign may end by itself besides.
      expect(killed).toHaveLength(2);
      expect(job?.moves).toBeGreaterThanOrEqual(2);
      expect(reigns.size).toBeGreaterThanOrEqual(3);
      const epochs = job?.steps.map(({ epoch }) => epoch) ?? [];
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
      const last = JSON.parse(job?.steps.at(-1)?.result.toString() ?? '') as { by: string };
      expect(killed).not.toContain(last.by);
      for (const at of killedAt) expect(runs.get(`step ${at}`)).toBeGreaterThanOrEqual(2);
      await Promise.all([...workers.values()].map((worker) => worker.close()));
      for (const each of clients.splice(0)) each.close();
      await cluster.stop();
    },
    120_000,
  );
});

describe('a worker', () => {
  const cluster = new TestCluster();
  const workers: JobWorker[] = [];
  let nodes: TestNode[] = [];

  beforeAll(async () => {
    nodes = await cluster.form(1);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close()));
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await cluster.stop();
  });

  function works(type: string, handler: (job: WorkedJob) => Promise<unknown>): Quorate {
    const client = opened(nodes);
    workers.push(client.worker().on(type, handler));
    return client;
  }

  test('gets what was recorded instead of doing it again, on the next attempt', async () => {
    const did: string[] = [];
    const client = works('twice', async (job) => {
      const a = await job.step('a', () => {
        did.push('a');
        return { number: 7 };
      });
      if (job.attempt === 1) throw new Error('not yet');
      const nothing = await job.step('nothing', () => {});
      return [a, nothing, job.payload.toString()];
    });
    const wish = { payload: 'p', resumable: true, attempts: 2, backoffMs: 10 };
    const { id, isNew } = await client.jobs.submit('twice', wish);
    expect(isNew).toBe(true);
    expect((await client.jobs.submit('twice', { ...wish, id })).isNew).toBe(false);
    const job = await client.jobs.ended(id);
    expect(job).toMatchObject({ status: 'done', failures: 1 });
    expect(JSON.parse(job?.result.toString() ?? '')).toEqual([{ number: 7 }, null, 'p']);
    expect(did).toEqual(['a']);
  });

  test('ends a job for good by giving it up, and it is done when it is tried again', async () => {
    let isReady = false;
    const client = works('hard', async () => {
      if (!isReady) throw new JobGivenUp('no way');
      return Promise.resolve();
    });
    const { id } = await client.jobs.submit('hard', { attempts: 5 });
    expect(await client.jobs.ended(id)).toMatchObject({ status: 'failed', reason: 'no way' });
    isReady = true;
    await client.jobs.retry(id);
    expect(await client.jobs.ended(id)).toMatchObject({ status: 'done' });
    await expect(client.jobs.retry(id)).rejects.toMatchObject({ code: 'JOB_STATUS' });
  });

  test('sees that its job shall be cancelled', async () => {
    let hasBegun = false;
    const client = works('long', async (job) => {
      hasBegun = true;
      await pause(60_000, undefined, { signal: job.signal });
    });
    const { id } = await client.jobs.submit('long', { heartbeatMs: 1000, attempts: 9 });
    await eventually(() => hasBegun);
    expect(await client.jobs.cancel(id, { reason: 'not wanted' })).toBe(false);
    expect(await client.jobs.ended(id)).toMatchObject({
      status: 'cancelled',
      reason: 'not wanted',
    });
  });

  test('whose claim is over is refused by its epoch and told by its signal', async () => {
    const codes: unknown[] = [];
    const [node] = nodes;
    const client = works('lost', async (job) => {
      const { token } = (await client.jobs.get(job.id))?.claim ?? { token: 0 };
      const by = { id: job.id, epoch: job.epoch, token };
      await node?.ask(
        JOBS.Fail,
        { ...by, reason: 'from elsewhere', final: true },
        { isWrite: true },
      );
      const late = await node?.refused(JOBS.Complete, by, { isWrite: true });
      codes.push(late?.code, late?.grpcCode, late?.data['status']);
      await job.step('too late', () => 1).catch(() => {});
      codes.push((job.signal.reason as { code: string }).code);
    });
    const { id } = await client.jobs.submit('lost');
    await eventually(() => codes.length === 4);
    expect(codes).toEqual(['JOB_CLAIM_LOST', 9, 'failed', 'JOB_CLAIM_LOST']);
    expect((await client.jobs.get(id))?.reason).toBe('from elsewhere');
  });

  test('of a reign that is over ends, and others see jobs in lists and watches', async () => {
    const client = opened(nodes);
    const worker = client.worker({ epoch: 1 }).on('never', () => Promise.resolve());
    await client.jobs.submit('never', { id: 'x/1', payload: 'large' });
    // It was started under an epoch that does not run.
    await worker.ended();
    const listed = [];
    for await (const job of client.jobs.list({ prefix: 'x/' })) listed.push(job);
    expect(listed).toMatchObject([{ id: 'x/1', status: 'waiting', payload: Buffer.alloc(0) }]);
    const filters = [{ fact: 'FACT_JOB', prefix: 'x/' } as const];
    const watch = client.watch({ filters, withState: true });
    const { value } = await watch.next();
    expect(value).toMatchObject({ rows: [{ key: 'x/1', job: { status: 'JOB_WAITING' } }] });
    expect(await client.jobs.cancel('x/1')).toBe(true);
    const next = await eventuallyAnswers(
      async () => (await watch.next()).value,
      (update) => update?.type === 'changes',
    );
    expect(next).toMatchObject({
      revisions: [{ changes: [{ job: { status: 'JOB_CANCELLED' } }] }],
    });
    await watch.return();
    expect(await client.jobs.get('nobody')).toBeNull();
  });
});
