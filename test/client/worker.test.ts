// When a worker of the client library claims no more, before a member that answers as told. That jobs are done, on real daemons, is
// for jobs.test.ts.

import { expect, test } from 'vitest';

import type { Caller } from '../../src/client/caller.js';
import { JobWorker } from '../../src/client/worker.js';
import type { WorkerOptions } from '../../src/client/worker.js';
import { QuorateError } from '../../src/errors.js';

/** A worker whose first question comes in the moment in which one reign takes the place of another; told how often it asked. */
function askedAcrossReigns(options: WorkerOptions): {
  readonly worker: JobWorker;
  readonly secondQuestion: Promise<void>;
  readonly asked: () => number;
} {
  let asked = 0;
  let isAskedAgain = (): void => undefined;
  const secondQuestion = new Promise<void>((resolve) => (isAskedAgain = resolve));
  const caller = {
    change: (): Promise<unknown> => {
      asked += 1;
      if (asked === 1) return Promise.reject(new QuorateError('STALE_EPOCH', 'epoch 7 is over'));
      isAskedAgain();
      return Promise.resolve({ job: null });
    },
    watch: () => [],
  };
  const worker = new JobWorker(caller as unknown as Caller, options);
  worker.on('deploy', () => Promise.resolve());
  return { worker, secondQuestion, asked: () => asked };
}

test('a worker of any reign asks on when its claim came too late for one', async () => {
  const { worker, secondQuestion, asked } = askedAcrossReigns({});
  await secondQuestion;
  await worker.close();
  expect(asked()).toBeGreaterThanOrEqual(2);
});

test('a worker of one reign ends with it', async () => {
  const { worker, asked } = askedAcrossReigns({ epoch: 7 });
  await worker.ended();
  expect(asked()).toBe(1);
});
