// What clients and workers ask of jobs as fields and back, but for the client session that covers it, which every request has alike.
// Bytes are copied: a job outlives the record in which it came.

import { unreachable } from '../raft/assert.js';
import type { JobCommand, JobReport } from '../state-machine/job-types.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import type { FieldValue } from './envelope.js';
import { VALUES } from './slab.js';

type Uncovered<K extends JobCommand['kind']> = Omit<Extract<JobCommand, { kind: K }>, 'client'>;

const REPORTS = ['heartbeat', 'step', 'done', 'failed'] as const;

/** The request's fields, the client session's not among them. */
export function jobFields(command: JobCommand): FieldValue[] {
  switch (command.kind) {
    case 'submitJob':
      return [
        command.requestId,
        command.id,
        command.type,
        command.payload,
        command.isResumable,
        command.attemptsMax,
        command.backoffMs,
        command.backoffMaxMs,
        command.heartbeatMs,
        command.delayMs,
      ];
    case 'claimJob':
      return [command.requestId, command.types, command.worker, command.epoch];
    case 'reportJob': {
      const { requestId, id, claim, report } = command;
      return [requestId, id, claim.epoch, claim.token, reportFields(report)];
    }
    case 'cancelJob':
      return [command.requestId, command.id, command.reason];
    case 'retryJob':
      return [command.requestId, command.id];
    default:
      return unreachable(command);
  }
}

/** Reads what `jobFields` wrote of a job that is submitted. */
export function readSubmitJob(reader: ValueReader): Uncovered<'submitJob'> {
  return {
    kind: 'submitJob',
    requestId: reader.string('requestId'),
    id: reader.string('id'),
    type: reader.string('type'),
    payload: VALUES.copyOf(reader.bytes('payload')),
    isResumable: reader.boolean('isResumable'),
    attemptsMax: reader.integer('attemptsMax'),
    backoffMs: reader.integer('backoffMs'),
    backoffMaxMs: reader.integer('backoffMaxMs'),
    heartbeatMs: reader.integer('heartbeatMs'),
    delayMs: reader.integer('delayMs'),
  };
}

/** Reads what `jobFields` wrote of a claim. */
export function readClaimJob(reader: ValueReader): Uncovered<'claimJob'> {
  return {
    kind: 'claimJob',
    requestId: reader.string('requestId'),
    types: reader.list('types', (list) => list.string('type')),
    worker: reader.string('worker'),
    epoch: reader.index('epoch'),
  };
}

/** Reads what `jobFields` wrote of a report. */
export function readReportJob(reader: ValueReader): Uncovered<'reportJob'> {
  return {
    kind: 'reportJob',
    requestId: reader.string('requestId'),
    id: reader.string('id'),
    claim: { epoch: reader.index('epoch'), token: reader.index('token') },
    report: reader.nested('report', readReport),
  };
}

/** Reads what `jobFields` wrote of a cancellation. */
export function readCancelJob(reader: ValueReader): Uncovered<'cancelJob'> {
  return {
    kind: 'cancelJob',
    requestId: reader.string('requestId'),
    id: reader.string('id'),
    reason: reader.string('reason'),
  };
}

/** Reads what `jobFields` wrote of another try. */
export function readRetryJob(reader: ValueReader): Uncovered<'retryJob'> {
  return { kind: 'retryJob', requestId: reader.string('requestId'), id: reader.string('id') };
}

function reportFields(report: JobReport): FieldValue[] {
  switch (report.type) {
    case 'heartbeat':
      return [report.type];
    case 'step':
      return [report.type, report.name, report.result];
    case 'done':
      return [report.type, report.result];
    case 'failed':
      return [report.type, report.reason, report.isFinal];
    default:
      return unreachable(report);
  }
}

function readReport(reader: ValueReader): JobReport {
  const type = reader.oneOf('type', REPORTS);
  switch (type) {
    case 'heartbeat':
      return { type };
    case 'step':
      return { type, name: reader.string('name'), result: VALUES.copyOf(reader.bytes('result')) };
    case 'done':
      return { type, result: VALUES.copyOf(reader.bytes('result')) };
    case 'failed':
      return { type, reason: reader.string('reason'), isFinal: reader.boolean('isFinal') };
    default:
      return unreachable(type);
  }
}
