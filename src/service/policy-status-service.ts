// Policies.NodeStatus and Status: which version of each policy every member runs, by what each of them says of itself. The leader asks all
// members at once and compares their answers with what the cluster holds once they are there, behind a read barrier.

import type { NodePoliciesRequest__Output } from '../generated/quorate/v1/NodePoliciesRequest.js';
import type {
  NodePoliciesResponse,
  NodePoliciesResponse__Output,
} from '../generated/quorate/v1/NodePoliciesResponse.js';
import type { NodePolicy } from '../generated/quorate/v1/NodePolicy.js';
import type { PolicyOnNode } from '../generated/quorate/v1/PolicyOnNode.js';
import type { PolicyStatus } from '../generated/quorate/v1/PolicyStatus.js';
import type { PolicyStatusRequest__Output } from '../generated/quorate/v1/PolicyStatusRequest.js';
import type { PolicyStatusResponse } from '../generated/quorate/v1/PolicyStatusResponse.js';
import { POLICIES } from '../client/protos.js';
import type { Member, NodeId } from '../raft/types.js';
import { POLICY_LIMITS, policyNow } from '../state-machine/policy-types.js';
import type { Policy } from '../state-machine/policy-types.js';
import type { CallContext } from './call-context.js';
import { askOthers } from './fan-out.js';
import { checkHasState, headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { readLinearizable } from './node-calls.js';
import { nodePolicyMessage } from './policy-message.js';
import { checkPolicyName } from './policy-service.js';
import { checkText, pageLimit, tooLarge } from './validate.js';

/** Policies on a page: each has a row for every member. */
const PAGE = { pageDefault: 100, pageMax: 200 } as const;
const NAMES_MAX = 1000;
const NAME_BYTES_MAX = 63;

/** Answers Policies.NodeStatus: what this node runs. */
export async function nodePolicies(
  modules: ServiceModules,
  { names }: NodePoliciesRequest__Output,
): Promise<NodePoliciesResponse> {
  if (names.length > NAMES_MAX) throw tooLarge('names', names.length, NAMES_MAX, 'names');
  for (const name of names) checkPolicyName('names', name);
  const { node } = modules;
  const status = node.status();
  checkHasState(status);
  const all = { prefix: '', after: '', countMax: POLICY_LIMITS.policiesMax, withDeleted: false };
  const { policies } = node.state;
  const wanted = names.length > 0 ? names : policies.list(all).policies.map(({ name }) => name);
  const answer = {
    header: headerFor(modules, { isStale: true }),
    nodeId: status.nodeId,
    installId: status.installId,
    directory: modules.policyFiles?.directory ?? '',
    policies: wanted.map((name) => ownPolicy(modules, name)),
  };
  return Promise.resolve(answer);
}

/** Answers Policies.Status. */
export async function policyStatus(
  modules: ServiceModules,
  request: PolicyStatusRequest__Output,
  context: CallContext,
): Promise<PolicyStatusResponse> {
  const { prefix, afterName: after } = request;
  checkText('prefix', prefix, 0, NAME_BYTES_MAX);
  checkText('after_name', after, 0, NAME_BYTES_MAX);
  const countMax = pageLimit(request.limit, PAGE);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, POLICIES.Status, {
    isWrite: false,
    request,
    here: async () => {
      const wish = { prefix, after, countMax, withDeleted: true };
      const { deadlineMs } = context;
      const page = await readLinearizable(node, clock, deadlineMs, () =>
        node.state.policies.list(wish),
      );
      const names = page.policies.map(({ name }) => name);
      const answers = names.length === 0 ? new Map() : await askAll(modules, context, names);
      // Read once more: what was changed while they answered is not their fault, where they have it already.
      return readLinearizable(node, clock, deadlineMs, () => ({
        header: headerFor(modules),
        policies: names.flatMap((name) => statusOf(modules, name, answers)),
        more: page.isMore,
      }));
    },
  });
}

type Answers = ReadonlyMap<NodeId, NodePoliciesResponse__Output>;

function askAll(
  modules: ServiceModules,
  context: CallContext,
  names: readonly string[],
): Promise<Answers> {
  return askOthers(modules, context, {
    method: POLICIES.NodeStatus,
    request: { names: [...names] },
    isOf: ({ nodeId, installId, header }, member, now) =>
      nodeId === member.id &&
      installId === member.installId &&
      header?.clusterId === now.cluster?.clusterId,
  });
}

/** None if it was forgotten meanwhile. */
function statusOf(modules: ServiceModules, name: string, answers: Answers): PolicyStatus[] {
  const { node } = modules;
  const policy = node.state.policies.get(name);
  if (policy === null) return [];
  const status = node.status();
  const runs = ownPolicy(modules, name);
  const members = status.configuration.members.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [
    {
      name,
      version: policy.versions.at(-1)?.version ?? 0,
      deleted: policyNow(policy) === null,
      sha256: runs.sha256 ?? '',
      nodes: members.map((member) => {
        const answer = member.id === status.nodeId ? runs : answerOf(answers, member, name);
        return onNode(member, answer, policy, runs.sha256 ?? '');
      }),
    },
  ];
}

function answerOf(answers: Answers, { id }: Member, name: string): NodePolicy | null {
  return answers.get(id)?.policies.find((each) => each.name === name) ?? null;
}

function onNode(
  member: Member,
  runs: NodePolicy | null,
  { versions }: Policy,
  sha256: string,
): PolicyOnNode {
  const { name: node, witness } = member;
  if (runs === null) {
    return { node, standing: witness ? 'POLICY_NO_STATE' : 'POLICY_UNREACHABLE' };
  }
  const last = versions.at(-1);
  return { node, standing: standingOf(runs, last?.version ?? 0, sha256), runs };
}

function standingOf(
  { version = 0, file, sha256 = '' }: NodePolicy,
  inForce: number,
  digest: string,
): NonNullable<PolicyOnNode['standing']> {
  // One that is ahead answered before this node had it: it is told by its own, later answer.
  if (Number(version) < inForce) return 'POLICY_BEHIND';
  if (version === inForce && sha256 !== digest) return 'POLICY_DIVERGED';
  const isWrong = file === 'POLICY_FILE_DIFFERS' || file === 'POLICY_FILE_FAILED';
  return isWrong ? 'POLICY_FILE_WRONG' : 'POLICY_AGREES';
}

function ownPolicy({ node, policyFiles = null }: ServiceModules, name: string): NodePolicy {
  return nodePolicyMessage(name, node.state.policies.get(name), policyFiles);
}
