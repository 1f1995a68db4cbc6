// Jobs by tables, and any run against the naive model across snapshots. What happens to a job when its reign ends, its worker falls silent or
// somebody wants it cancelled is said one by one; the model says it of all together.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOB_LIMITS } from '../../src/state-machine/job-types.js';
import type { Job, JobCommand } from '../../src/state-machine/job-types.js';
import { Jobs } from '../../src/state-machine/jobs.js';
import {
  anyJobCommand,
  cancel,
  claim,
  failed,
  JobModel,
  report,
  retry,
  step,
  submit,
} from '../support/job-words.js';
import { A, AppliedLog, index, restored, snapshotOf } from '../support/log-words.js';
import { bytes, covered, open } from '../support/session-words.js';

/** A log with a running reign, and its epoch. */
function reigning(): { readonly log: AppliedLog; readonly epoch: number } {
  const log = AppliedLog.started();
  return { log, epoch: reign(log) };
}

function reign(log: AppliedLog): number {
  log.write({
    kind: 'activation',
    nodeId: A.id,
    leaseMs: 750,
    cause: 'elected',
    isChosen: false,
    gapMs: null,
  });
  return log.state.epoch;
}

function job(log: AppliedLog, id = 'a'): Job {
  const found = log.state.jobs.get(id);
  if (found === null) throw new Error(`expected job ${id}`);
  return found;
}

/** Claims the first job; answers the claim's token. */
function claimed(log: AppliedLog, epoch: number): number {
  const result = log.command(claim(epoch));
  if (result.type !== 'jobClaim') throw new Error(`expected a claim, got ${result.type}`);
  return result.token;
}

describe('a job', () => {
  it('is the same under its id, and another content is refused', () => {
    const { log } = reigning();
    expect(log.command(submit('a'))).toMatchObject({ type: 'job', isNew: true });
    expect(log.command(submit('a'))).toMatchObject({ type: 'job', isNew: false });
    expect(log.command(submit('a', { payload: bytes('other') }))).toMatchObject({
      refusal: { reason: 'jobExists' },
    });
  });

  it('is claimed in the order of submission, once its delay is over, under the running epoch alone', () => {
    const { log, epoch } = reigning();
    log.command(submit('a', { delayMs: 1000 }));
    log.command(submit('b'));
    expect(log.command(claim(epoch - 1))).toMatchObject({
      refusal: { reason: 'staleEpoch', epoch },
    });
    expect(log.command(claim(epoch))).toMatchObject({ id: 'b' });
    expect(log.command(claim(epoch))).toMatchObject({ id: null });
    log.wait(1000);
    expect(log.command(claim(epoch, ['mail']))).toMatchObject({ id: null });
    expect(log.command(claim(epoch))).toMatchObject({ id: 'a' });
  });

  it('records a step once: the first result stands', () => {
    const { log, epoch } = reigning();
    log.command(submit('a'));
    const token = claimed(log, epoch);
    expect(log.command(report('a', epoch, token, step('one', '1')))).toMatchObject({ isNew: true });
    expect(log.command(report('a', epoch, token, step('one', '2')))).toMatchObject({
      isNew: false,
    });
    expect(job(log).steps).toMatchObject([{ name: 'one', result: bytes('1'), epoch }]);
    log.command(report('a', epoch, token, { type: 'done', result: bytes('r') }));
    expect(job(log)).toMatchObject({ status: 'done', result: bytes('r'), claim: null });
  });

  it('goes on behind its steps when the reign ends, and the old claim is refused', () => {
    const { log, epoch } = reigning();
    log.command(submit('a', { attemptsMax: 1 }));
    log.command(submit('b', { isResumable: false }));
    const token = claimed(log, epoch);
    claimed(log, epoch);
    log.command(report('a', epoch, token, step('one')));
    const next = reign(log);
    expect(job(log, 'b')).toMatchObject({ status: 'failed', claim: null });
    expect(job(log, 'b').reason).toBe(`the reign of epoch ${epoch}, under which it ran, is over`);
    expect(job(log)).toMatchObject({ status: 'waiting', moves: 1, failures: 0 });
    expect(log.command(report('a', epoch, token, step('two')))).toMatchObject({
      refusal: { reason: 'jobClaimLost', status: 'waiting', epoch: 0 },
    });
    const second = claimed(log, next);
    expect(log.command(report('a', epoch, token, step('two')))).toMatchObject({
      refusal: { reason: 'jobClaimLost', status: 'claimed', epoch: next },
    });
    log.command(report('a', next, second, step('two')));
    expect(job(log).steps.map(({ name, epoch: by }) => [name, by])).toEqual([
      ['one', epoch],
      ['two', next],
    ]);
    expect(log.state.eventsAfter(index(0), 100, ['jobsMoved'])).toMatchObject([
      { text: '1 of its jobs wait to go on, 1 ended since they cannot be resumed' },
    ]);
  });

  it('waits longer with each failure, fails with its last, and is tried again on request', () => {
    const { log, epoch } = reigning();
    log.command(submit('a', { attemptsMax: 3 }));
    const pauses: number[] = [];
    for (;;) {
      const token = claimed(log, epoch);
      log.command(report('a', epoch, token, failed('broken')));
      const { status, readyAtMs } = job(log);
      if (status === 'failed') break;
      pauses.push(readyAtMs - log.state.clusterTimeMs);
      log.wait(pauses.at(-1) ?? 0);
    }
    expect(pauses).toEqual([500, 800]);
    expect(job(log)).toMatchObject({ failures: 3, reason: 'broken' });
    log.command(retry('a'));
    expect(job(log)).toMatchObject({ status: 'waiting', failures: 0, reason: '' });
    expect(log.command(retry('a'))).toMatchObject({ refusal: { reason: 'jobStatus' } });
  });

  it('of a silent worker is claimed by another, or fails if it cannot be resumed', () => {
    const { log, epoch } = reigning();
    log.command(submit('a'));
    log.command(submit('b', { isResumable: false, attemptsMax: 9 }));
    const tokens = [claimed(log, epoch), claimed(log, epoch)];
    log.wait(2000);
    log.command(report('a', epoch, tokens[0] ?? 0, { type: 'heartbeat' }));
    log.wait(1000);
    const { revision } = job(log);
    // What is proposed is what the leader's own time says; an entry brings it.
    const claims = log.state.jobs.lapsed(log.state.clusterTimeMs + 1000, 10);
    expect(claims).toEqual([{ id: 'b', token: tokens[1] }]);
    const stale = [
      { id: 'a', token: index(tokens[0] ?? 0) },
      { id: 'nobody', token: index(1) },
    ];
    log.command({ kind: 'lapseJobs', claims: [...claims, ...stale] });
    expect(job(log, 'b')).toMatchObject({
      status: 'failed',
      reason: 'nothing was heard of its worker for 3000 ms',
    });
    expect(job(log)).toMatchObject({ status: 'claimed', revision });
    log.wait(2000);
    log.command({ kind: 'lapseJobs', claims: stale });
    expect(job(log)).toMatchObject({ status: 'waiting', failures: 1 });
  });

  it('is cancelled at once if it waits, and else when its worker ends the attempt', () => {
    const { log, epoch } = reigning();
    log.command(submit('a', { attemptsMax: 9 }));
    const token = claimed(log, epoch);
    log.command(cancel('a'));
    expect(job(log)).toMatchObject({ status: 'claimed', cancelReason: 'why' });
    log.command(report('a', epoch, token, failed('stopped')));
    expect(job(log)).toMatchObject({ status: 'cancelled', reason: 'why' });
    log.command(submit('b'));
    log.command(cancel('b'));
    expect(job(log, 'b').status).toBe('cancelled');
    expect(log.command(cancel('b'))).toMatchObject({ isNew: false });
  });

  it('is claimed once by a request that a client session repeats', () => {
    const { log, epoch } = reigning();
    const id = '0'.repeat(32);
    log.command(open(id));
    log.command(submit('a'));
    log.command(submit('b'));
    const request = covered(claim(epoch), id, 1);
    const first = log.command(request);
    log.state = restored(log.meta, snapshotOf(log.state));
    expect(log.command(request)).toMatchObject({ type: 'repeated', first });
    expect(job(log, 'b').status).toBe('waiting');
  });
});

describe('bounds', () => {
  it('hold for unfinished jobs, for steps, for what a job carries and for those that are remembered', () => {
    const jobs = new Jobs();
    let revision = 0;
    const at = (): {
      revision: ReturnType<typeof index>;
      nowMs: number;
      epoch: ReturnType<typeof index>;
    } => {
      revision += 1;
      return { revision: index(revision), nowMs: 0, epoch: index(1) };
    };
    const { unfinishedMax, finishedMax, stepsMax, payloadBytesMax, resultBytesMax } = JOB_LIMITS;
    const full = (detail: RegExp): object => ({
      type: 'refused',
      refusal: { reason: 'jobLimit', detail: expect.stringMatching(detail) as string },
    });
    jobs.apply(submit('first', { payload: new Uint8Array(payloadBytesMax) }), at());
    const result = jobs.apply(claim(1), at());
    if (result.type !== 'jobClaim') throw new Error('expected a claim');
    const record = (name: string, size: number): object =>
      jobs.apply(
        report('first', 1, result.token, { type: 'step', name, result: new Uint8Array(size) }),
        at(),
      );
    for (let n = 0; n < 11; n += 1) record(`large ${n}`, resultBytesMax);
    expect(record('one more', resultBytesMax)).toMatchObject(full(/^the job would have/));
    for (let n = 11; n < stepsMax; n += 1) record(`small ${n}`, 0);
    expect(record('too many', 0)).toMatchObject(full(/steps already$/));
    for (let n = 1; n < unfinishedMax; n += 1) jobs.apply(submit(`many ${n}`), at());
    expect(jobs.apply(submit('last'), at())).toMatchObject(full(/unfinished jobs already$/));
    for (let n = 1; n <= finishedMax + 1; n += 1) jobs.apply(cancel(`many ${n}`), at());
    expect(jobs.forget()).toEqual(['many 1']);
    expect(jobs.get('many 2')?.status).toBe('cancelled');
  });
});

const anyStep = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant('apply' as const),
      command: anyJobCommand,
      isStale: fc.nat({ max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 2000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'lapse' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reign' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'rest' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
);
const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 60;
const EVERYTHING = { prefix: '', after: '', countMax: 100 } as const;

/** Puts in the epoch and the claim that run, unless those of before are wanted. */
function aimed(command: JobCommand, log: AppliedLog, isStale: boolean): JobCommand {
  const epoch = index(Math.max(0, (log.state.primary?.epoch ?? 0) - (isStale ? 1 : 0)));
  if (command.kind === 'claimJob') return { ...command, epoch };
  if (command.kind !== 'reportJob') return command;
  const by = log.state.jobs.get(command.id)?.claim ?? { epoch, token: index(1) };
  const token = index(Math.max(1, by.token - (isStale ? 1 : 0)));
  return { ...command, claim: { epoch: by.epoch, token } };
}

describe('any run', () => {
  it('does what the model does, across snapshots; a recorded step never changes while its job can be resumed', () => {
    let done = 0;
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        const { log } = reigning();
        const model = new JobModel();
        const moment = (): { revision: number; nowMs: number; epoch: number } => ({
          revision: log.entries.length,
          nowMs: log.state.clusterTimeMs,
          epoch: log.state.primary?.epoch ?? 0,
        });
        const recorded = new Map<string, number>();
        for (const one of steps) {
          let [told, expected]: object[] = [{}, {}];
          if (one.do === 'wait') log.wait(one.ms);
          if (one.do === 'restore') log.state = restored(log.meta, snapshotOf(log.state));
          if (one.do === 'reign') {
            reign(log);
            model.endReigns(moment());
          }
          if (one.do === 'rest') {
            log.write({ kind: 'proof', epoch: log.state.epoch });
            model.endReigns(moment());
          }
          if (one.do === 'lapse') {
            const claims = log.state.jobs.lapsed(log.state.clusterTimeMs, 100);
            log.command({ kind: 'lapseJobs', claims });
            model.lapse(
              claims.map(({ id }) => id),
              moment(),
            );
          }
          if (one.do === 'apply') {
            const command = aimed(one.command, log, one.isStale === 0);
            told = log.command(command);
            expected = model.apply(command, moment());
          }
          expect(told).toEqual(expected);
          const { jobs } = log.state.jobs.list(EVERYTHING);
          expect(jobs).toEqual(model.list());
          for (const { id, isResumable, createdRevision, steps: now } of jobs) {
            if (!isResumable) continue;
            for (const { name, revision } of now) {
              const key = `${id} ${createdRevision} ${name}`;
              expect(recorded.get(key) ?? revision).toBe(revision);
              recorded.set(key, revision);
            }
          }
        }
        done += log.state.jobs
          .list(EVERYTHING)
          .jobs.filter(({ status }) => status === 'done').length;
      }),
      { numRuns: RUNS },
    );
    expect(done).toBeGreaterThan(0);
  });
});
