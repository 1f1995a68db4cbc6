// Changes that the leader makes to the cluster: Cluster.Admit, Update, Remove and SetPrimary. Each is validated, brought to the
// leader, judged behind a read barrier by admission.ts, and done when it is in force. With `dry_run` it ends there.

import { formatAddress, parseAddress } from '../address.js';
import { QuorateError } from '../errors.js';
import type { AdmitRequest__Output } from '../generated/quorate/v1/AdmitRequest.js';
import type { AdmitResponse } from '../generated/quorate/v1/AdmitResponse.js';
import type { RemoveRequest__Output } from '../generated/quorate/v1/RemoveRequest.js';
import type { RemoveResponse } from '../generated/quorate/v1/RemoveResponse.js';
import type { SetPrimaryRequest__Output } from '../generated/quorate/v1/SetPrimaryRequest.js';
import type { SetPrimaryResponse } from '../generated/quorate/v1/SetPrimaryResponse.js';
import type { UpdateRequest__Output } from '../generated/quorate/v1/UpdateRequest.js';
import type { UpdateResponse } from '../generated/quorate/v1/UpdateResponse.js';
import type { NodeStatus } from '../node/api.js';
import { NO_CHANGE } from '../raft/types.js';
import type { Member, NodeId } from '../raft/types.js';
import {
  bestSuccessor,
  judgeAdmission,
  judgeUpdate,
  whyNotRemoved,
  whyUnfit,
} from './admission.js';
import { metadataFor } from './call-context.js';
import type { CallContext } from './call-context.js';
import { causeFor, nameOfOwn } from './modules.js';
import type { ServiceModules } from './modules.js';
import { changeMembers, handOver, readLinearizable } from './node-calls.js';
import { handOverWish, membersWish, NOTHING, rehearse } from './rehearsal.js';
import { CLUSTER } from '../client/protos.js';
import { whyUnable } from './routing.js';
import { memberByName, refusalError } from './status-map.js';
import { newcomerFrom, updateFrom } from './member-message.js';
import { memberMessages } from './status-service.js';
import { checkNodeName, checkReason } from './validate.js';

/** Answers Cluster.Admit: once the newcomer is a learner of the configuration in force. */
export async function admit(
  modules: ServiceModules,
  request: AdmitRequest__Output,
  context: CallContext,
): Promise<AdmitResponse> {
  checkReason(request.reason);
  const asked = newcomerFrom(request.member);
  if (request.replaces !== '') checkNodeName('replaces', request.replaces);
  const { node, clock, routing } = modules;
  return routing.toLeader(context, CLUSTER.Admit, {
    // Repeating it is harmless: the same node is admitted once.
    isWrite: false,
    request,
    here: async () => {
      const { newcomer, verdict } = await judged(modules, context, (now) => {
        const newcomer = { ...asked, ...purposeOf(now, request) };
        const wasRemoved = node.wasRemoved(newcomer.id);
        return {
          newcomer,
          verdict: judgeAdmission(now, newcomer, request.clusterName, wasRemoved),
        };
      });
      if (verdict.type === 'refuse') throw verdict.error;
      const change = { ...NO_CHANGE, add: [newcomer] };
      const isDue = verdict.type === 'due';
      const rehearsed = !request.dryRun
        ? {}
        : isDue
          ? rehearse(modules, membersWish(change), { type: 'admit', newcomer })
          : rehearse(modules, null, NOTHING);
      if (isDue && !request.dryRun) {
        const cause = causeFor(modules, context, request.reason);
        await changeMembers(node, clock, change, cause, context.deadlineMs);
      }
      const status = node.status();
      const { cluster } = status;
      return {
        ...rehearsed,
        cluster: cluster?.clusterName ?? '',
        clusterId: cluster?.clusterId ?? '',
        electionTimeoutMs: cluster?.electionTimeoutMs ?? 0,
        members: memberMessages(status),
      };
    },
  });
}

/** What a newcomer comes for; whoever replaces a plain learner becomes one. */
function purposeOf(
  status: NodeStatus,
  { replaces, learner }: AdmitRequest__Output,
): Pick<Member, 'autoPromote' | 'replaces'> {
  if (replaces === '') return { autoPromote: !learner, replaces: null };
  const old = memberNamed(status, replaces);
  const isVoting = status.configuration.voters.includes(old.id);
  return { autoPromote: isVoting || old.autoPromote, replaces: old.id };
}

/** Answers Cluster.Update: once the configuration that says so is in force. */
export async function update(
  modules: ServiceModules,
  request: UpdateRequest__Output,
  context: CallContext,
): Promise<UpdateResponse> {
  const said = updateFrom(request.member);
  const { node, clock } = modules;
  return modules.routing.toLeader(context, CLUSTER.Update, {
    // Repeating it is harmless: it says how things are.
    isWrite: false,
    request,
    here: async () => {
      const verdict = await judged(modules, context, (status) =>
        judgeUpdate(status, said, (member) => isElsewhere(modules, status, member)),
      );
      if (verdict.type === 'refuse') throw verdict.error;
      if (verdict.type === 'done') return {};
      const change = { ...NO_CHANGE, update: [said] };
      const cause = causeFor(modules, context, '');
      await changeMembers(node, clock, change, cause, context.deadlineMs);
      return {};
    },
  });
}

/** Whether a member is known to be reached elsewhere than its row says. */
function isElsewhere(
  modules: ServiceModules,
  status: NodeStatus,
  { id, address }: Member,
): boolean {
  const movedTo = id === status.nodeId ? modules.self.address : (modules.movedTo?.(id) ?? null);
  return movedTo !== null && formatAddress(parseAddress(movedTo, null)) !== address;
}

/** Answers Cluster.Remove: once the member is gone and joint is left. A leader hands over before it is removed. */
export async function remove(
  modules: ServiceModules,
  request: RemoveRequest__Output,
  context: CallContext,
): Promise<RemoveResponse> {
  checkReason(request.reason);
  checkNodeName('name', request.name);
  return modules.routing.toLeader(context, CLUSTER.Remove, {
    isWrite: true,
    request,
    here: async () => {
      for (;;) {
        try {
          return await removeHere(modules, request, context);
        } catch (error) {
          // An earlier change, such as a promotion, ends soon; this one waits its turn.
          const isTurnTaken = error instanceof QuorateError && error.code === 'CHANGE_RUNNING';
          if (!isTurnTaken || modules.clock.nowMs() >= context.deadlineMs) throw error;
          await modules.routing.pause();
        }
      }
    },
  });
}

async function removeHere(
  modules: ServiceModules,
  request: RemoveRequest__Output,
  context: CallContext,
): Promise<RemoveResponse> {
  const { node, clock } = modules;
  const { name } = request;
  const member = await judged(modules, context, (status) => {
    const found = memberNamed(status, name);
    const error = whyNotRemoved(status, found, request.force);
    if (error !== null) throw error;
    return found;
  });
  const isOwn = member.id === node.status().nodeId;
  const change = { ...NO_CHANGE, remove: [member.id] };
  if (request.dryRun) {
    const wish = isOwn ? handOverWish(successor(node.status()), false) : membersWish(change);
    return { node: name, ...rehearse(modules, wish, { type: 'remove', member }) };
  }
  const cause = causeFor(modules, context, request.reason);
  if (isOwn) {
    await handOverBeforeRemoval(modules, cause, context);
    // The request goes on at whoever leads now.
    throw refusalError({ reason: 'notLeader', leaderId: null }, node.status());
  }
  await changeMembers(node, clock, change, cause, context.deadlineMs);
  return { node: name };
}

async function handOverBeforeRemoval(
  { node, clock }: ServiceModules,
  cause: string,
  context: CallContext,
): Promise<void> {
  const to = successor(node.status());
  const order = { to, cause: `${cause} (the leader is removed)`, isChosen: false };
  await handOver(node, clock, order, context.deadlineMs);
}

/** Who leads after this leader; fails with TARGET_UNFIT if nobody can. */
function successor(status: NodeStatus): NodeId {
  const to = bestSuccessor(status);
  if (to !== null) return to;
  const message = 'no other voter is in contact and caught up to lead after this one';
  throw new QuorateError('TARGET_UNFIT', message);
}

/** Answers Cluster.SetPrimary: once the target is primary, or says why it could not become it. */
export async function setPrimary(
  modules: ServiceModules,
  request: SetPrimaryRequest__Output,
  context: CallContext,
): Promise<SetPrimaryResponse> {
  checkReason(request.reason);
  const { node, clock } = modules;
  const startMs = clock.nowMs();
  const status = node.status();
  const unable = whyUnable(status);
  if (unable !== null) throw unable;
  const name = request.name === '' ? nameOfOwn(modules, status) : request.name;
  checkNodeName('name', name);
  const resolved = { ...request, name };
  const answer = await modules.routing.toLeader(context, CLUSTER.SetPrimary, {
    isWrite: true,
    request: resolved,
    here: () => setPrimaryHere(modules, resolved, context),
  });
  return { ...answer, durationMs: clock.nowMs() - startMs };
}

async function setPrimaryHere(
  modules: ServiceModules,
  request: SetPrimaryRequest__Output,
  context: CallContext,
): Promise<SetPrimaryResponse> {
  const { node, clock, routing } = modules;
  const { name } = request;
  const target = await judged(modules, context, (status) => {
    const found = memberNamed(status, name);
    const error = whyUnfit(status, found);
    if (error !== null) throw error;
    return found;
  });
  const answer = (): SetPrimaryResponse => ({ primary: name, epoch: node.status().epoch });
  if (request.dryRun) {
    const { nodeId, isPrimary, isAwaited } = node.status();
    const isOwn = target.id === nodeId;
    // A leader that is primary, or about to be, is only waited for.
    const wish = isOwn && !isAwaited ? null : handOverWish(target.id, true);
    const change = isOwn && isPrimary ? NOTHING : ({ type: 'setPrimary', member: target } as const);
    return { ...answer(), ...rehearse(modules, wish, change) };
  }
  if (target.id === node.status().nodeId) {
    if (node.status().isPrimary) return { ...answer(), unchanged: true };
    if (node.status().isAwaited) await nameLeader(modules, target, request, context);
    const isPrimary = await routing.until(context.deadlineMs, () =>
      node.status().isPrimary || node.status().role !== 'leader' ? true : null,
    );
    if (isPrimary !== null && node.status().isPrimary) return answer();
    const message = `${name} leads but is not primary yet: an earlier reign may still run`;
    throw new QuorateError('NO_QUORUM', message);
  }
  const cause = causeFor(modules, context, request.reason);
  const order = { to: target.id, cause, isChosen: true };
  await handOver(node, clock, order, context.deadlineMs);
  const done = answer();
  await untilItSaysSo(modules, target, context);
  return done;
}

/** Where only an operator makes somebody primary, the leader itself may be named. */
async function nameLeader(
  modules: ServiceModules,
  { id: to }: Member,
  { reason }: SetPrimaryRequest__Output,
  context: CallContext,
): Promise<void> {
  const { node, clock } = modules;
  const cause = causeFor(modules, context, reason);
  await handOver(node, clock, { to, cause, isChosen: true }, context.deadlineMs);
}

/** The reign has begun; waits, within a bound, until the new primary's own lease holds too. */
async function untilItSaysSo(
  { links, node, clock, routing }: ServiceModules,
  target: Member,
  context: CallContext,
): Promise<void> {
  const { nodeId, cluster } = node.status();
  const metadata = metadataFor(context, nodeId, false);
  const limitMs = Math.min(
    context.deadlineMs,
    clock.nowMs() + (cluster?.electionTimeoutMs ?? 1000),
  );
  while (clock.nowMs() < limitMs) {
    const timeoutMs = Math.max(1, limitMs - clock.nowMs());
    try {
      const options = { metadata, timeoutMs, isWrite: false };
      const said = await links.ask(target.api, CLUSTER.NodeStatus, {}, options);
      if (said.isPrimary || said.node?.id !== target.id) return;
    } catch (error) {
      if (error instanceof QuorateError) return;
      throw error;
    }
    await routing.pause();
  }
}

/** Judges by the status of a leader that a quorum has just confirmed. */
async function judged<T>(
  { node, clock }: ServiceModules,
  context: CallContext,
  judge: (status: NodeStatus) => T,
): Promise<T> {
  await readLinearizable(node, clock, context.deadlineMs, () => null);
  return judge(node.status());
}

function memberNamed(status: NodeStatus, name: string): Member {
  const found = memberByName(status, name);
  if (found !== null) return found;
  const cluster = status.cluster?.clusterName ?? '';
  throw new QuorateError('UNKNOWN_NODE', `cluster ${cluster} has no member ${name}`, { name });
}
