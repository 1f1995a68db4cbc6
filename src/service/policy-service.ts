// quorate.v1.Policies, what clients ask: each call is validated, brought to the leader, proposed or read behind a barrier, and answered. What
// each member runs stands in policy-status-service.ts, how policies change in the state machine.

import type { DeletePolicyRequest__Output } from '../generated/quorate/v1/DeletePolicyRequest.js';
import type { DeletePolicyResponse } from '../generated/quorate/v1/DeletePolicyResponse.js';
import type { GetPolicyRequest__Output } from '../generated/quorate/v1/GetPolicyRequest.js';
import type { GetPolicyResponse } from '../generated/quorate/v1/GetPolicyResponse.js';
import type { ListPoliciesRequest__Output } from '../generated/quorate/v1/ListPoliciesRequest.js';
import type { ListPoliciesResponse } from '../generated/quorate/v1/ListPoliciesResponse.js';
import type { PolicyHistoryRequest__Output } from '../generated/quorate/v1/PolicyHistoryRequest.js';
import type { PolicyHistoryResponse } from '../generated/quorate/v1/PolicyHistoryResponse.js';
import type { PutPolicyRequest__Output } from '../generated/quorate/v1/PutPolicyRequest.js';
import type { PutPolicyResponse } from '../generated/quorate/v1/PutPolicyResponse.js';
import type { RollBackPolicyRequest__Output } from '../generated/quorate/v1/RollBackPolicyRequest.js';
import type { RollBackPolicyResponse } from '../generated/quorate/v1/RollBackPolicyResponse.js';
import { POLICIES } from '../client/protos.js';
import { invariant } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { ClientRequest } from '../state-machine/command.js';
import { isPolicyName, POLICY_LIMITS, policyNow } from '../state-machine/policy-types.js';
import type {
  Policy,
  PolicyCommand,
  PolicyResult,
  PolicyVersion,
} from '../state-machine/policy-types.js';
import type { CallContext } from './call-context.js';
import { askedMember, headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { propose } from './node-calls.js';
import { policyMessage, wholePolicyMessage } from './policy-message.js';
import { answerRead } from './reads.js';
import { policyNotFound, policyVersionNotFound } from './status-map.js';
import {
  checkNumber,
  checkReason,
  checkText,
  clientRequestOf,
  invalid,
  pageLimit,
  tooLarge,
} from './validate.js';

const NAME_BYTES_MAX = 63;

/** Answers Policies.Put. */
export async function putPolicy(
  modules: ServiceModules,
  request: PutPolicyRequest__Output,
  context: CallContext,
): Promise<PutPolicyResponse> {
  const client = checkWrite(request);
  const { document } = request;
  const { documentBytesMax } = POLICY_LIMITS;
  if (document.length > documentBytesMax) {
    throw tooLarge('document', document.length, documentBytesMax, 'bytes');
  }
  return modules.routing.toLeader(context, POLICIES.Put, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const about = { ...asked(modules, request, context), client };
      // A copy: the command lives on in the log, and must not keep the message alive.
      const copy = new Uint8Array(document);
      const command = { kind: 'putPolicy', ...about, document: copy } as const;
      return changed(modules, await change(modules, command, context));
    },
  });
}

/** Answers Policies.RollBack. */
export async function rollBackPolicy(
  modules: ServiceModules,
  request: RollBackPolicyRequest__Output,
  context: CallContext,
): Promise<RollBackPolicyResponse> {
  const client = checkWrite(request);
  const { version } = request;
  checkNumber('version', version, 1, Number.MAX_SAFE_INTEGER);
  return modules.routing.toLeader(context, POLICIES.RollBack, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const about = { ...asked(modules, request, context), client };
      const command = { kind: 'rollBackPolicy', ...about, version } as const;
      return changed(modules, await change(modules, command, context));
    },
  });
}

/** Answers Policies.Delete. */
export async function deletePolicy(
  modules: ServiceModules,
  request: DeletePolicyRequest__Output,
  context: CallContext,
): Promise<DeletePolicyResponse> {
  const client = checkWrite(request);
  return modules.routing.toLeader(context, POLICIES.Delete, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const about = { ...asked(modules, request, context), client };
      const done = await change(modules, { kind: 'deletePolicy', ...about }, context);
      const { revision, result } = done;
      return { header: headerFor(modules, { revision }), existed: result.isNew };
    },
  });
}

/** Answers Policies.Get. */
export async function getPolicy(
  modules: ServiceModules,
  request: GetPolicyRequest__Output,
  context: CallContext,
): Promise<GetPolicyResponse> {
  const { name, version } = request;
  checkPolicyName('name', name);
  if (version !== undefined) checkNumber('version', version, 1, Number.MAX_SAFE_INTEGER);
  const { node } = modules;
  return answerRead(modules, context, POLICIES.Get, request, (isStale) => {
    const found = versionOf(node.state.policies.get(name), name, version ?? null);
    const policy = wholePolicyMessage(node, name, found);
    return { header: headerFor(modules, { isStale }), policy };
  });
}

/** Answers Policies.List. */
export async function listPolicies(
  modules: ServiceModules,
  request: ListPoliciesRequest__Output,
  context: CallContext,
): Promise<ListPoliciesResponse> {
  const { prefix, afterName: after } = request;
  checkText('prefix', prefix, 0, NAME_BYTES_MAX);
  checkText('after_name', after, 0, NAME_BYTES_MAX);
  const countMax = pageLimit(request.limit);
  const { node } = modules;
  return answerRead(modules, context, POLICIES.List, request, (isStale) => {
    const wish = { prefix, after, countMax, withDeleted: false };
    const { policies, isMore } = node.state.policies.list(wish);
    return {
      header: headerFor(modules, { isStale }),
      policies: policies.flatMap((policy) => {
        const now = policyNow(policy);
        return now === null ? [] : [policyMessage(node, policy.name, now)];
      }),
      more: isMore,
    };
  });
}

/** Answers Policies.History. */
export async function policyHistory(
  modules: ServiceModules,
  request: PolicyHistoryRequest__Output,
  context: CallContext,
): Promise<PolicyHistoryResponse> {
  const { name } = request;
  checkPolicyName('name', name);
  const { node } = modules;
  return answerRead(modules, context, POLICIES.History, request, (isStale) => {
    const policy = node.state.policies.get(name);
    if (policy === null) throw policyNotFound(name);
    const versions = policy.versions.map((each) => policyMessage(node, name, each)).toReversed();
    return { header: headerFor(modules, { isStale }), versions };
  });
}

/** Checks the name of a policy. */
export function checkPolicyName(field: string, name: string): void {
  if (isPolicyName(name)) return;
  const got = JSON.stringify(name.slice(0, 80));
  throw invalid(
    field,
    `expected 1 to 63 letters, digits, dots, underscores or hyphens, not beginning with a dot, got ${got}`,
  );
}

interface Write {
  readonly name: string;
  readonly ifVersion?: number;
  readonly reason: string;
  readonly client: Parameters<typeof clientRequestOf>[0];
}

function checkWrite({ name, ifVersion, reason, client }: Write): ClientRequest | null {
  checkPolicyName('name', name);
  checkReason(reason);
  if (ifVersion !== undefined) checkNumber('if_version', ifVersion, 0, Number.MAX_SAFE_INTEGER);
  return clientRequestOf(client);
}

/** What every request says of itself in the log: who asked which member, as events have it. */
function asked(
  modules: ServiceModules,
  { name, ifVersion = null, reason }: { name: string; ifVersion?: number | null; reason: string },
  context: CallContext,
): Omit<Extract<PolicyCommand, { kind: 'deletePolicy' }>, 'kind' | 'client'> {
  const { requestId, who } = context;
  return { requestId, name, ifVersion, who, node: askedMember(modules, context), reason };
}

async function change(
  { node, clock }: ServiceModules,
  command: PolicyCommand,
  { deadlineMs }: CallContext,
): Promise<{ readonly revision: LogIndex; readonly result: PolicyResult }> {
  const { revision, result } = await propose(node, clock, command, deadlineMs);
  invariant(result.type === 'policy', 'a request on a policy is answered by a policy');
  return { revision, result };
}

function changed(
  modules: ServiceModules,
  { revision, result: { version, isNew } }: Awaited<ReturnType<typeof change>>,
): PutPolicyResponse {
  return { header: headerFor(modules, { revision }), version, created: isNew };
}

/** The version that is asked for; `version` null: the one in force. */
function versionOf(policy: Policy | null, name: string, version: number | null): PolicyVersion {
  const now = policy === null ? null : policyNow(policy);
  if (policy === null || (version === null && now === null)) throw policyNotFound(name);
  if (version === null && now !== null) return now;
  const found = policy.versions.find((each) => each.version === version);
  if (found !== undefined && found.document !== null) return found;
  const [oldest, newest] = [policy.versions[0], policy.versions.at(-1)];
  throw policyVersionNotFound({
    name,
    version: version ?? 0,
    oldest: oldest?.version ?? 0,
    newest: newest?.version ?? 0,
  });
}
