// How jobs are shown, and what becomes of a job that a command does: done, failed with its exit code, stopped when it is to be cancelled.
// The services are real and in this process; the commands are real processes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { styleFor } from '../../cli/format.js';
import { jobLines, jobTable, jobView } from '../../cli/job-view.js';
import { runForJob } from '../../cli/job-work.js';
import { connect } from '../../src/client/index.js';
import type { JobWorker, Quorate } from '../../src/client/index.js';
import type { Job__Output } from '../../src/generated/quorate/v1/Job.js';
import { eventuallyAnswers, TestCluster } from '../service/harness.js';

const PLAIN = styleFor({ isTTY: false });

const JOB: Job__Output = {
  id: 'deploy-3',
  type: 'deploy',
  payload: Buffer.from('v3'),
  resumable: true,
  attempts: 5,
  backoffMs: 1000,
  backoffMaxMs: 60_000,
  heartbeatMs: 30_000,
  status: 'JOB_CLAIMED',
  failures: 1,
  moves: 2,
  claim: { worker: 'w1', epoch: 7, token: 9, remainingMs: 100 },
  readyInMs: 0,
  steps: [{ name: 'build', result: Buffer.from('"ok"'), epoch: 7, revision: 10 }],
  result: Buffer.alloc(0),
  reason: 'exit code 2',
  ageMs: 61_000,
  revision: 10,
};

test('a job is shown with its steps, and as a row of a table', () => {
  const words =
    'deploy claimed · by w1 under epoch 7 · 1 step · 1 of 5 attempts failed · exit code 2';
  expect(jobLines(jobView(JOB), PLAIN)).toEqual([
    `deploy-3 · ${words}`,
    '  payload: v3',
    '  1. build · epoch 7 "ok"',
  ]);
  const [head, row] = jobTable([jobView(JOB)], PLAIN);
  expect(head).toMatch(/^JOB +TYPE +STATUS +STEPS +FAILURES +AGE +WORKER OR REASON$/);
  expect(row).toMatch(/^deploy-3 +deploy +claimed +1 +1 .* w1$/);
});

describe('a job that a command does', () => {
  const cluster = new TestCluster();
  let client: Quorate;
  let worker: JobWorker;

  beforeAll(async () => {
    const [node] = await cluster.form(1);
    client = connect({ addresses: [node?.api ?? ''] });
    worker = client.worker();
    worker.on('sh', (job) => runForJob(job, ['sh', '-c', job.payload.toString()]));
    worker.on('missing', (job) => runForJob(job, ['/no/such/program']));
  });

  afterAll(async () => {
    await worker.close();
    client.close();
    await cluster.stop();
  });

  test('is done if it ends with 0, and has failed with its exit code or why it cannot be started', async () => {
    const good = await client.jobs.submit('sh', { payload: 'test "$QUORATE_JOB_TYPE" = sh' });
    expect(await client.jobs.ended(good.id)).toMatchObject({ status: 'done' });
    const bad = await client.jobs.submit('sh', { payload: 'exit 7' });
    const failed = { status: 'failed', reason: 'exit code 7' };
    expect(await client.jobs.ended(bad.id)).toMatchObject(failed);
    const none = await client.jobs.submit('missing');
    const why = (await client.jobs.ended(none.id))?.reason;
    expect(why).toMatch(/^the command cannot be started/);
  });

  test('is stopped when it is to be cancelled', async () => {
    const { id } = await client.jobs.submit('sh', { payload: 'sleep 60', heartbeatMs: 1000 });
    await eventuallyAnswers(
      () => client.jobs.get(id),
      (job) => job?.status === 'claimed',
    );
    await client.jobs.cancel(id, { reason: 'enough' });
    expect(await client.jobs.ended(id)).toMatchObject({ status: 'cancelled', reason: 'enough' });
  });
});
