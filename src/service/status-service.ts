// Cluster.Status, NodeStatus, Members and CheckEpoch: what is so now, as far as this node or the leader can tell.
// Status is answered by the leader behind a read barrier; where none can be reached in time it is answered from this
// node's own knowledge with `quorum: false`, which is an answer and not an error.

import { QuorateError } from '../errors.js';
import type { CheckEpochRequest__Output } from '../generated/quorate/v1/CheckEpochRequest.js';
import type { CheckEpochResponse } from '../generated/quorate/v1/CheckEpochResponse.js';
import type { Member as MemberMessage } from '../generated/quorate/v1/Member.js';
import type { MembersRequest__Output } from '../generated/quorate/v1/MembersRequest.js';
import type { MembersResponse } from '../generated/quorate/v1/MembersResponse.js';
import type { NodeStatusResponse } from '../generated/quorate/v1/NodeStatusResponse.js';
import type { StatusRequest__Output } from '../generated/quorate/v1/StatusRequest.js';
import type { StatusResponse } from '../generated/quorate/v1/StatusResponse.js';
import type { NodeStatus } from '../node/api.js';
import { EPOCH_MAX, isCurrentEpoch } from '../node/epoch.js';
import { isVoter } from '../node/own-state.js';
import type { CallContext } from './call-context.js';
import { askOthers, FAN_OUT_LIMITS } from './fan-out.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { readLinearizable } from './node-calls.js';
import { CLUSTER } from '../client/protos.js';
import { memberMessage } from './member-message.js';
import { memberById } from './status-map.js';
import { leaderView, localView, ownLine } from './status-view.js';
import type { Answers, OwnView } from './status-view.js';
import { checkNumber } from './validate.js';

/** Election timeouts that Status waits for a leader before it answers from its own knowledge. */
const STATUS_WAIT_TIMEOUTS = 3;

/** Answers Cluster.Status. */
export async function status(
  modules: ServiceModules,
  request: StatusRequest__Output,
  context: CallContext,
): Promise<StatusResponse> {
  const { clock, node } = modules;
  const own = node.status();
  if (own.condition === 'clean') return localView(ownView(modules), new Map());
  const timeoutMs = own.cluster?.electionTimeoutMs ?? 1000;
  if (!request.local && own.condition === 'member') {
    const leftMs = context.deadlineMs - clock.nowMs();
    // Half of what is left is kept for the answer without a leader.
    const waitMs = Math.min(leftMs / 2, STATUS_WAIT_TIMEOUTS * timeoutMs);
    const deadlineMs = clock.nowMs() + Math.max(0, Math.floor(waitMs));
    try {
      return await modules.routing.toLeader(context, CLUSTER.Status, {
        isWrite: false,
        request,
        deadlineMs,
        here: () => statusHere(modules, context, deadlineMs),
      });
    } catch (error) {
      // Whoever forwarded it has a view of its own; and a caller who wants the leader's address shall have it.
      const isAnswer = error instanceof QuorateError && error.code === 'NO_QUORUM';
      if (!isAnswer || context.forwards > 0) throw error;
    }
  }
  const answers = await askHow(modules, context);
  return localView(ownView(modules), answers);
}

/** Answers Cluster.NodeStatus: at once, whatever this node is. */
export function nodeStatus(modules: ServiceModules): NodeStatusResponse {
  const own = ownView(modules);
  const { status: now } = own;
  const leader = memberById(now, now.leaderId)?.name;
  return {
    node: ownLine(own),
    ...(now.cluster === null
      ? {}
      : { cluster: now.cluster.clusterName, clusterId: now.cluster.clusterId }),
    term: now.term,
    ...(leader === undefined ? {} : { leader }),
    epoch: now.epoch,
    electionTimeoutMs: now.cluster?.electionTimeoutMs ?? modules.self.electionTimeoutMs,
    isPrimary: now.isPrimary,
    installId: now.installId,
    lastLogIndex: now.lastLogIndex,
  };
}

/** Answers Cluster.Members, linearizable. */
export async function members(
  modules: ServiceModules,
  request: MembersRequest__Output,
  context: CallContext,
): Promise<MembersResponse> {
  const { node, clock } = modules;
  return modules.routing.toLeader(context, CLUSTER.Members, {
    isWrite: false,
    request,
    here: () =>
      readLinearizable(node, clock, context.deadlineMs, () => {
        return {
          header: headerFor(modules),
          members: memberMessages(node.status()),
        };
      }),
  });
}

/** Answers Cluster.CheckEpoch: behind a read barrier, by the primary while its lease holds. */
export async function checkEpoch(
  modules: ServiceModules,
  request: CheckEpochRequest__Output,
  context: CallContext,
): Promise<CheckEpochResponse> {
  checkNumber('epoch', request.epoch, 0, EPOCH_MAX);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, CLUSTER.CheckEpoch, {
    isWrite: false,
    request,
    here: () =>
      readLinearizable(node, clock, context.deadlineMs, () => {
        const now = node.status();
        const { isPrimary, epoch, cluster } = now;
        return {
          header: headerFor(modules),
          current: isCurrentEpoch(now, request.epoch),
          epoch,
          ...(isPrimary && cluster !== null ? { primary: cluster.nodeName } : {}),
        };
      }),
  });
}

/** The members of a configuration as the API tells them, in the order of their ids. */
export function memberMessages(status: NodeStatus): MemberMessage[] {
  return status.configuration.members.map((member) =>
    memberMessage(member, isVoter(status, member.id)),
  );
}

async function statusHere(
  modules: ServiceModules,
  context: CallContext,
  deadlineMs: number,
): Promise<StatusResponse> {
  const { node, clock } = modules;
  await readLinearizable(node, clock, deadlineMs, () => null);
  const answers = await askHow(modules, context);
  // The others took their time to answer: leadership may have ended meanwhile, so the view is read behind a barrier.
  return readLinearizable(node, clock, deadlineMs + FAN_OUT_LIMITS.maxMs, () =>
    leaderView(ownView(modules), answers),
  );
}

/** Asks every other member how it is. */
function askHow(modules: ServiceModules, context: CallContext): Promise<Answers> {
  return askOthers(modules, context, {
    method: CLUSTER.NodeStatus,
    request: {},
    isOf: ({ node, installId, clusterId }, member, now) =>
      node?.id === member.id &&
      installId === member.installId &&
      clusterId === now.cluster?.clusterId,
  });
}

function ownView({
  node,
  self,
  clock,
  forming,
  processes,
  configuration,
  policyFiles,
}: ServiceModules): OwnView {
  const stays = (processes?.stays.all ?? []).map(({ line }) => line).join('; ');
  const waiting = forming?.standing() ?? (stays === '' ? null : stays);
  const differs = [...(configuration?.differs() ?? []), ...(policyFiles?.troubles() ?? [])];
  const gapMs = node.state.reigns.at(-1)?.gapMs ?? null;
  return { status: node.status(), self, nowMs: clock.nowMs(), waiting, differs, gapMs };
}
