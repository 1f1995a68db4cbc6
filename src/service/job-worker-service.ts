// quorate.v1.Jobs, what workers ask: claims under the running reign, and reports under a claim. Who waits for a job waits at the member that was
// asked, on what is applied there, so that nothing is written while there is nothing to do.

import type { MethodDefinition } from '@grpc/proto-loader';
import type { ClaimJobRequest__Output } from '../generated/quorate/v1/ClaimJobRequest.js';
import type { ClaimJobResponse } from '../generated/quorate/v1/ClaimJobResponse.js';
import type { ClientRequest__Output } from '../generated/quorate/v1/ClientRequest.js';
import type { CompleteJobRequest__Output } from '../generated/quorate/v1/CompleteJobRequest.js';
import type { CompleteJobResponse } from '../generated/quorate/v1/CompleteJobResponse.js';
import type { FailJobRequest__Output } from '../generated/quorate/v1/FailJobRequest.js';
import type { FailJobResponse } from '../generated/quorate/v1/FailJobResponse.js';
import type { JobHeartbeatRequest__Output } from '../generated/quorate/v1/JobHeartbeatRequest.js';
import type { JobHeartbeatResponse } from '../generated/quorate/v1/JobHeartbeatResponse.js';
import type { JobStanding } from '../generated/quorate/v1/JobStanding.js';
import type { RecordStepRequest__Output } from '../generated/quorate/v1/RecordStepRequest.js';
import type { RecordStepResponse } from '../generated/quorate/v1/RecordStepResponse.js';
import type { ResponseHeader } from '../generated/quorate/v1/ResponseHeader.js';
import { JOBS } from '../client/protos.js';
import { invariant } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import { JOB_LIMITS } from '../state-machine/job-types.js';
import type { Job, JobReport } from '../state-machine/job-types.js';
import type { CallContext } from './call-context.js';
import { wholeJobMessage } from './job-message.js';
import { checkJobId } from './job-service.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { propose } from './node-calls.js';
import { checkNumber, checkText, clientRequestOf, invalid, tooLarge } from './validate.js';

/** Answers Jobs.Claim. */
export async function claimJob(
  modules: ServiceModules,
  request: ClaimJobRequest__Output,
  context: CallContext,
): Promise<ClaimJobResponse> {
  checkClaim(request);
  const client = clientRequestOf(request.client);
  const { node, clock, routing } = modules;
  const untilMs = Math.min(clock.nowMs() + request.waitMs, context.deadlineMs);
  if (request.waitMs > 0) await mayHave(modules, request, untilMs);
  return routing.toLeader(context, JOBS.Claim, {
    isWrite: true,
    isCovered: client !== null,
    // The member that was asked waits, not the leader.
    request: { ...request, waitMs: 0 },
    here: async () => {
      const { isPrimary, epoch: running, cluster } = node.status();
      const isBeside = request.node === '' || request.node === cluster?.nodeName;
      const epoch = (request.epoch ?? running) as LogIndex;
      const { types, worker } = request;
      const next = node.state.jobs.next(types, node.clusterTimeMs());
      if (!isPrimary || !isBeside || next === null) return { header: headerFor(modules) };
      const { requestId, deadlineMs } = context;
      const command = { kind: 'claimJob', requestId, client, types, worker, epoch } as const;
      const { revision, result } = await propose(node, clock, command, deadlineMs);
      invariant(result.type === 'jobClaim', 'a claim is answered by a claim');
      const header = headerFor(modules, { revision });
      const job = result.id === null ? null : node.state.jobs.get(result.id);
      // One that was claimed by an earlier attempt may be another's by now.
      if (job?.claim?.token !== result.token) return { header };
      return { header, job: wholeJobMessage(node, job) };
    },
  });
}

/** Answers Jobs.RecordStep. */
export async function recordStep(
  modules: ServiceModules,
  request: RecordStepRequest__Output,
  context: CallContext,
): Promise<RecordStepResponse> {
  const { name, result } = request;
  checkText('name', name, 1, JOB_LIMITS.stepNameBytesMax);
  checkResult(result);
  const report: JobReport = { type: 'step', name, result: new Uint8Array(result) };
  return reported(modules, JOBS.RecordStep, request, context, report, (header, job, isNew) => {
    const stands = job?.steps.find((step) => step.name === name)?.result ?? result;
    const bytes = Buffer.from(stands.buffer, stands.byteOffset, stands.byteLength);
    return { header, recorded: isNew, result: bytes, standing: standingOf(job) };
  });
}

/** Answers Jobs.Heartbeat. */
export function heartbeat(
  modules: ServiceModules,
  request: JobHeartbeatRequest__Output,
  context: CallContext,
): Promise<JobHeartbeatResponse> {
  const report: JobReport = { type: 'heartbeat' };
  return reported(modules, JOBS.Heartbeat, request, context, report, (header, job) => {
    return { header, standing: standingOf(job) };
  });
}

/** Answers Jobs.Complete. */
export async function completeJob(
  modules: ServiceModules,
  request: CompleteJobRequest__Output,
  context: CallContext,
): Promise<CompleteJobResponse> {
  checkResult(request.result);
  const report: JobReport = { type: 'done', result: new Uint8Array(request.result) };
  return reported(modules, JOBS.Complete, request, context, report, (header) => ({ header }));
}

/** Answers Jobs.Fail. */
export async function failJob(
  modules: ServiceModules,
  request: FailJobRequest__Output,
  context: CallContext,
): Promise<FailJobResponse> {
  const { reason, final: isFinal } = request;
  checkText('reason', reason, 0, JOB_LIMITS.reasonBytesMax);
  const report: JobReport = { type: 'failed', reason, isFinal };
  return reported(modules, JOBS.Fail, request, context, report, (header) => ({ header }));
}

interface ReportRequest {
  readonly id: string;
  readonly epoch: number;
  readonly token: number;
  readonly client: ClientRequest__Output | null;
}

async function reported<
  Request,
  Response,
  RequestOut extends Request & ReportRequest,
  ResponseOut extends Response,
>(
  modules: ServiceModules,
  method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
  request: RequestOut,
  context: CallContext,
  report: JobReport,
  answer: (header: ResponseHeader, job: Job | null, isNew: boolean) => Response,
): Promise<Response> {
  const { id, epoch, token } = request;
  checkJobId(id);
  checkNumber('epoch', epoch, 1, Number.MAX_SAFE_INTEGER);
  checkNumber('token', token, 1, Number.MAX_SAFE_INTEGER);
  const client = clientRequestOf(request.client);
  const claim = { epoch: epoch as LogIndex, token: token as LogIndex };
  const { node, clock } = modules;
  return modules.routing.toLeader(context, method, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { requestId, deadlineMs } = context;
      const command = { kind: 'reportJob', requestId, client, id, claim, report } as const;
      const { revision, result } = await propose(node, clock, command, deadlineMs);
      invariant(result.type === 'job', 'a report is answered by the job');
      return answer(headerFor(modules, { revision }), node.state.jobs.get(id), result.isNew);
    },
  });
}

/** Each report lets the claim last as long again. */
function standingOf(job: Job | null): JobStanding {
  const cancelReason = job?.cancelReason ?? null;
  return {
    remainingMs: job?.claim === null ? 0 : (job?.heartbeatMs ?? 0),
    ...(cancelReason === null ? {} : { cancelReason }),
  };
}

/** Waits until, as far as this member knows, a claim would find a job. A witness does not know. */
async function mayHave(
  modules: ServiceModules,
  { types, node: name }: ClaimJobRequest__Output,
  untilMs: number,
): Promise<void> {
  const { node, routing } = modules;
  if (node.status().cluster?.isWitness === true) return;
  await routing.until(untilMs, () => {
    const { jobs, primary } = node.state;
    const isBeside =
      name === '' || (primary !== null && node.state.memberName(primary.nodeId) === name);
    return primary === null || !isBeside ? null : jobs.next(types, node.clusterTimeMs());
  });
}

function checkClaim({ types, worker, node, epoch }: ClaimJobRequest__Output): void {
  const { typesMax, typeBytesMax, workerBytesMax } = JOB_LIMITS;
  if (types.length === 0) throw invalid('types', 'expected at least one type of job');
  if (types.length > typesMax) throw tooLarge('types', types.length, typesMax, 'types');
  for (const type of types) checkText('types', type, 1, typeBytesMax);
  checkText('worker', worker, 0, workerBytesMax);
  checkText('node', node, 0, 63);
  if (epoch !== undefined) checkNumber('epoch', epoch, 1, Number.MAX_SAFE_INTEGER);
}

function checkResult(result: Uint8Array): void {
  const { resultBytesMax } = JOB_LIMITS;
  if (result.length > resultBytesMax) {
    throw tooLarge('result', result.length, resultBytesMax, 'bytes');
  }
}
