// quorate.v1.Jobs, what clients ask: each call is validated, brought to the leader, proposed or read behind a barrier, and answered. What
// workers ask stands in job-worker-service.ts, how jobs change in the state machine.

import type { CancelJobRequest__Output } from '../generated/quorate/v1/CancelJobRequest.js';
import type { CancelJobResponse } from '../generated/quorate/v1/CancelJobResponse.js';
import type { GetJobRequest__Output } from '../generated/quorate/v1/GetJobRequest.js';
import type { GetJobResponse } from '../generated/quorate/v1/GetJobResponse.js';
import type { ListJobsRequest__Output } from '../generated/quorate/v1/ListJobsRequest.js';
import type { ListJobsResponse } from '../generated/quorate/v1/ListJobsResponse.js';
import type { RetryJobRequest__Output } from '../generated/quorate/v1/RetryJobRequest.js';
import type { RetryJobResponse } from '../generated/quorate/v1/RetryJobResponse.js';
import type { SubmitJobRequest__Output } from '../generated/quorate/v1/SubmitJobRequest.js';
import type { SubmitJobResponse } from '../generated/quorate/v1/SubmitJobResponse.js';
import { JOBS } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import { invariant } from '../raft/assert.js';
import { JOB_LIMITS } from '../state-machine/job-types.js';
import type { JobWish } from '../state-machine/job-types.js';
import type { CallContext } from './call-context.js';
import { jobMessage, wholeJobMessage } from './job-message.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { propose } from './node-calls.js';
import { answerRead } from './reads.js';
import { checkNumber, checkText, clientRequestOf, pageLimit, tooLarge } from './validate.js';

/** Answers Jobs.Submit. */
export async function submitJob(
  modules: ServiceModules,
  request: SubmitJobRequest__Output,
  context: CallContext,
): Promise<SubmitJobResponse> {
  const wish = wishOf(request);
  const { delayMs } = request;
  checkNumber('delay_ms', delayMs, 0, JOB_LIMITS.delayMaxMs);
  const client = clientRequestOf(request.client);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, JOBS.Submit, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { requestId, deadlineMs } = context;
      const command = { kind: 'submitJob', requestId, client, ...wish, delayMs } as const;
      const { revision, result } = await propose(node, clock, command, deadlineMs);
      invariant(result.type === 'job', 'a job that is submitted is answered by a job');
      return { header: headerFor(modules, { revision }), created: result.isNew };
    },
  });
}

/** Answers Jobs.Cancel. */
export async function cancelJob(
  modules: ServiceModules,
  request: CancelJobRequest__Output,
  context: CallContext,
): Promise<CancelJobResponse> {
  const { id, reason } = request;
  checkJobId(id);
  checkText('reason', reason, 0, JOB_LIMITS.reasonBytesMax);
  const client = clientRequestOf(request.client);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, JOBS.Cancel, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { requestId, deadlineMs } = context;
      const command = { kind: 'cancelJob', requestId, client, id, reason } as const;
      const { revision } = await propose(node, clock, command, deadlineMs);
      const ended = node.state.jobs.get(id)?.claim === null;
      return { header: headerFor(modules, { revision }), ended };
    },
  });
}

/** Answers Jobs.Retry. */
export async function retryJob(
  modules: ServiceModules,
  request: RetryJobRequest__Output,
  context: CallContext,
): Promise<RetryJobResponse> {
  const { id } = request;
  checkJobId(id);
  const client = clientRequestOf(request.client);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, JOBS.Retry, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { requestId, deadlineMs } = context;
      const command = { kind: 'retryJob', requestId, client, id } as const;
      const { revision } = await propose(node, clock, command, deadlineMs);
      return { header: headerFor(modules, { revision }) };
    },
  });
}

/** Answers Jobs.Get. */
export async function getJob(
  modules: ServiceModules,
  request: GetJobRequest__Output,
  context: CallContext,
): Promise<GetJobResponse> {
  const { id } = request;
  checkJobId(id);
  const { node } = modules;
  return answerRead(modules, context, JOBS.Get, request, (isStale) => {
    const job = node.state.jobs.get(id);
    if (job === null) {
      throw new QuorateError('JOB_NOT_FOUND', `there is no job ${JSON.stringify(id)}`, { id });
    }
    return { header: headerFor(modules, { isStale }), job: wholeJobMessage(node, job) };
  });
}

/** Answers Jobs.List. */
export async function listJobs(
  modules: ServiceModules,
  request: ListJobsRequest__Output,
  context: CallContext,
): Promise<ListJobsResponse> {
  const { prefix, afterId: after } = request;
  checkText('prefix', prefix, 0, JOB_LIMITS.idBytesMax);
  checkText('after_id', after, 0, JOB_LIMITS.idBytesMax);
  const countMax = pageLimit(request.limit);
  const { node } = modules;
  return answerRead(modules, context, JOBS.List, request, (isStale) => {
    const { jobs, isMore } = node.state.jobs.list({ prefix, after, countMax });
    return {
      header: headerFor(modules, { isStale }),
      jobs: jobs.map((job) => jobMessage(node, job)),
      more: isMore,
    };
  });
}

/** Checks the id of a job. */
export function checkJobId(id: string): void {
  checkText('id', id, 1, JOB_LIMITS.idBytesMax);
}

function wishOf(request: SubmitJobRequest__Output): JobWish {
  const limits = JOB_LIMITS;
  const { id, type, payload, resumable: isResumable } = request;
  const { attempts: attemptsMax = limits.attemptsDefault } = request;
  const { backoffMs = limits.backoffDefaultMs, backoffMaxMs = limits.backoffMaxDefaultMs } =
    request;
  const { heartbeatMs = limits.heartbeatDefaultMs } = request;
  checkJobId(id);
  checkText('type', type, 1, limits.typeBytesMax);
  if (payload.length > limits.payloadBytesMax) {
    throw tooLarge('payload', payload.length, limits.payloadBytesMax, 'bytes');
  }
  checkNumber('attempts', attemptsMax, 1, limits.attemptsMax);
  checkNumber('backoff_ms', backoffMs, 0, limits.backoffMaxMs);
  checkNumber('backoff_max_ms', backoffMaxMs, 0, limits.backoffMaxMs);
  checkNumber('heartbeat_ms', heartbeatMs, limits.heartbeatMinMs, limits.heartbeatMaxMs);
  // A copy: the job lives on in the log and in the state, and must not keep the message alive.
  const kept = new Uint8Array(payload);
  return {
    id,
    type,
    payload: kept,
    isResumable,
    attemptsMax,
    backoffMs,
    backoffMaxMs,
    heartbeatMs,
  };
}
