// A job for a message: whole for whoever asks for it or claims it, without the bytes that it carries in lists and watches. Times are
// told as distances of cluster time, counted now.

import type { Job as JobMessage } from '../generated/quorate/v1/Job.js';
import type { JobStatus as StatusName } from '../generated/quorate/v1/JobStatus.js';
import type { NodeApi } from '../node/api.js';
import type { JobOutline } from '../state-machine/changes.js';
import type { Job, JobStatus } from '../state-machine/job-types.js';

const STATUSES: Readonly<Record<JobStatus, StatusName & string>> = {
  waiting: 'JOB_WAITING',
  claimed: 'JOB_CLAIMED',
  done: 'JOB_DONE',
  failed: 'JOB_FAILED',
  cancelled: 'JOB_CANCELLED',
};

type Clock = Pick<NodeApi, 'clusterTimeMs'>;

/** The job as it stands now, with what it carries. */
export function wholeJobMessage(node: Clock, job: Job): JobMessage {
  return {
    ...jobMessage(node, job),
    payload: viewOf(job.payload),
    result: viewOf(job.result),
    steps: job.steps.map((step) => ({ ...step, result: viewOf(step.result) })),
  };
}

/** The job as it stands now. */
export function jobMessage(node: Clock, job: JobOutline): JobMessage {
  const nowMs = node.clusterTimeMs();
  const { claim, cancelReason } = job;
  return {
    id: job.id,
    type: job.type,
    resumable: job.isResumable,
    attempts: job.attemptsMax,
    backoffMs: job.backoffMs,
    backoffMaxMs: job.backoffMaxMs,
    heartbeatMs: job.heartbeatMs,
    status: STATUSES[job.status],
    failures: job.failures,
    moves: job.moves,
    ...(claim === null
      ? {}
      : {
          claim: {
            worker: claim.worker,
            epoch: claim.epoch,
            token: claim.token,
            remainingMs: Math.max(0, claim.deadlineMs - nowMs),
          },
        }),
    readyInMs: Math.max(0, job.readyAtMs - nowMs),
    ...(cancelReason === null ? {} : { cancelReason }),
    steps: job.steps.map(({ name, epoch, revision }) => ({ name, epoch, revision })),
    reason: job.reason,
    ageMs: Math.max(0, nowMs - job.submittedAtMs),
    revision: job.revision,
  };
}

/** The same memory: what a message carries is put on the wire before anything changes. */
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
