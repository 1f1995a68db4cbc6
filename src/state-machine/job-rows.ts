// Jobs in a snapshot: one row each, in the order of their ids, steps in the order in which they were recorded. A row is written and read
// here only; what a request was answered or refused, as the exactly-once table keeps it, stands here too.

import { unreachable } from '../raft/assert.js';
import { JOB_STATUSES } from './job-types.js';
import type { Job, JobClaim, JobRefusal, JobResult, JobStep } from './job-types.js';
import type { JobMap } from './jobs.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';
import type { ValueReader } from './value-reader.js';

export const JOBS_FACT = 'jobs';

/** One row for each job; read lazily, a slice at a time. */
export function jobRows(jobs: JobMap): FactRows {
  return { fact: JOBS_FACT, version: 1, rows: rowsOf(jobs) };
}

/** Reads one row of `jobRows`. */
export function restoreJob(row: Row): Job {
  const reader = readRow(JOBS_FACT, row);
  return {
    id: reader.string('id'),
    type: reader.string('type'),
    payload: reader.bytes('payload'),
    isResumable: reader.boolean('isResumable'),
    attemptsMax: reader.integer('attemptsMax'),
    backoffMs: reader.integer('backoffMs'),
    backoffMaxMs: reader.integer('backoffMaxMs'),
    heartbeatMs: reader.integer('heartbeatMs'),
    status: reader.oneOf('status', JOB_STATUSES),
    readyAtMs: reader.integer('readyAtMs'),
    claim: reader.nullable((field) => field.nested('claim', readClaim)),
    failures: reader.integer('failures'),
    moves: reader.integer('moves'),
    cancelReason: reader.nullable((field) => field.string('cancelReason')),
    steps: reader.list('steps', (list) => list.nested('step', readStep)),
    result: reader.bytes('result'),
    reason: reader.string('reason'),
    submittedAtMs: reader.integer('submittedAtMs'),
    createdRevision: reader.index('createdRevision'),
    revision: reader.index('revision'),
  };
}

/** What a request was answered, as plain values. */
export function jobResultRow(result: JobResult): Row {
  switch (result.type) {
    case 'job':
      return [result.id, result.revision, result.isNew];
    case 'jobClaim':
      return [result.id, result.token];
    default:
      return unreachable(result);
  }
}

/** Reads what `jobResultRow` wrote of an answer of this type. */
export function readJobResult(type: JobResult['type'], reader: ValueReader): JobResult {
  if (type === 'jobClaim') {
    return {
      type,
      id: reader.nullable((field) => field.string('id')),
      token: reader.index('token'),
    };
  }
  return {
    type,
    id: reader.string('id'),
    revision: reader.index('revision'),
    isNew: reader.boolean('isNew'),
  };
}

/** The refusals that jobs know. */
export const JOB_REASONS = [
  'jobNotFound',
  'jobExists',
  'jobStatus',
  'jobClaimLost',
  'staleEpoch',
  'jobLimit',
] as const satisfies readonly JobRefusal['reason'][];

/** A refusal as plain values, without its reason. */
export function jobRefusalRow(refusal: JobRefusal): Row {
  switch (refusal.reason) {
    case 'jobNotFound':
    case 'jobExists':
      return [refusal.id];
    case 'jobStatus':
      return [refusal.id, refusal.status];
    case 'jobClaimLost':
      return [refusal.id, refusal.status, refusal.epoch];
    case 'staleEpoch':
      return [refusal.asked, refusal.epoch];
    case 'jobLimit':
      return [refusal.detail];
    default:
      return unreachable(refusal);
  }
}

/** Reads what `jobRefusalRow` wrote of a refusal of this reason. */
export function readJobRefusal(reason: JobRefusal['reason'], reader: ValueReader): JobRefusal {
  switch (reason) {
    case 'jobNotFound':
    case 'jobExists':
      return { reason, id: reader.string('id') };
    case 'jobStatus':
      return { reason, id: reader.string('id'), status: reader.oneOf('status', JOB_STATUSES) };
    case 'jobClaimLost':
      return {
        reason,
        id: reader.string('id'),
        status: reader.oneOf('status', JOB_STATUSES),
        epoch: reader.index('epoch'),
      };
    case 'staleEpoch':
      return { reason, asked: reader.index('asked'), epoch: reader.index('epoch') };
    case 'jobLimit':
      return { reason, detail: reader.string('detail') };
    default:
      return unreachable(reason);
  }
}

function* rowsOf(jobs: JobMap): Generator<Row> {
  for (const job of jobs.values(null)) yield jobRow(job);
}

function jobRow(job: Job): Row {
  const { claim } = job;
  const held = claim === null ? null : [claim.epoch, claim.token, claim.worker, claim.deadlineMs];
  return [
    job.id,
    job.type,
    job.payload,
    job.isResumable,
    job.attemptsMax,
    job.backoffMs,
    job.backoffMaxMs,
    job.heartbeatMs,
    job.status,
    job.readyAtMs,
    held,
    job.failures,
    job.moves,
    job.cancelReason,
    job.steps.map(({ name, result, epoch, revision }) => [name, result, epoch, revision]),
    job.result,
    job.reason,
    job.submittedAtMs,
    job.createdRevision,
    job.revision,
  ];
}

function readClaim(reader: ValueReader): JobClaim {
  return {
    epoch: reader.index('epoch'),
    token: reader.index('token'),
    worker: reader.string('worker'),
    deadlineMs: reader.integer('deadlineMs'),
  };
}

function readStep(reader: ValueReader): JobStep {
  return {
    name: reader.string('name'),
    result: reader.bytes('result'),
    epoch: reader.index('epoch'),
    revision: reader.index('revision'),
  };
}
