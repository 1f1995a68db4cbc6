// Maps what the driver and the state machine refuse to public errors, each with a sentence that says why.
// Pure; the table of codes, hints and exit codes is errors.ts.

import { QuorateError } from '../errors.js';
import type { ErrorCode, ErrorData } from '../errors.js';
import type { ChangeOutcome, NodeRefusal, NodeOutline, WriteOutcome } from '../node/api.js';
import type { Member, NodeId } from '../raft/types.js';
import type { CommandRefusal } from '../state-machine/command.js';
import type { JobRefusal } from '../state-machine/job-types.js';
import type { PolicyRefusal } from '../state-machine/policy-types.js';
import type { ServiceRefusal } from '../state-machine/service-types.js';

/** The member with this id in the configuration in force; null: none, or not known yet. */
export function memberById(status: NodeOutline, id: NodeId | null): Member | null {
  return status.configuration.members.find((member) => member.id === id) ?? null;
}

/** The member of this name in the configuration in force; null: none. */
export function memberByName(status: NodeOutline, name: string): Member | null {
  return status.configuration.members.find((member) => member.name === name) ?? null;
}

/** `leader` and `leader_name` for error details; empty while no leader is known. */
export function leaderData(status: NodeOutline): ErrorData {
  const leader = memberById(status, status.leaderId);
  return leader === null ? {} : { leader: leader.api, leader_name: leader.name };
}

/** The error for a refusal of the core or of the node itself. `status` tells who leads. */
export function refusalError(refusal: NodeRefusal, status: NodeOutline): QuorateError {
  switch (refusal.reason) {
    case 'notLeader': {
      const leader = memberById(status, refusal.leaderId ?? status.leaderId);
      const data: ErrorData =
        leader === null ? {} : { leader: leader.api, leader_name: leader.name };
      const who = leader === null ? 'no leader is known' : `${leader.name} leads`;
      return new QuorateError('NOT_LEADER', `this node does not lead; ${who}`, data);
    }
    case 'leaderNotReady':
      return new QuorateError('NO_QUORUM', 'the leader has not committed in its own term yet');
    case 'handingOver':
      return new QuorateError('HANDING_OVER', `the leader hands over to ${nameOf(refusal.to)}`);
    case 'overloaded':
      return new QuorateError('OVERLOADED', 'too many requests wait to be committed');
    case 'changeRunning':
      return new QuorateError('CHANGE_RUNNING', 'an earlier change of members is not finished');
    case 'invalidChange':
      return new QuorateError('INVALID_CHANGE', refusal.detail);
    case 'wouldLoseQuorum':
      return new QuorateError('WOULD_LOSE_QUORUM', refusal.detail);
    case 'targetUnfit':
      return new QuorateError('TARGET_UNFIT', `the target cannot take over: ${refusal.detail}`);
    case 'featureLevel': {
      const { needed, level, heldBackBy } = refusal;
      const members = heldBackBy.map(({ name }) => name).join(', ');
      const why = heldBackBy.map((held) => `; ${held.name}: ${held.why}`).join('');
      const message = `it needs feature level ${needed}, the cluster is at ${level}${why}`;
      const data = { level: String(level), needed: String(needed) };
      return new QuorateError(
        'FEATURE_LEVEL',
        message,
        members === '' ? data : { ...data, members },
      );
    }
    case 'degraded':
      return new QuorateError('DEGRADED', DEGRADED[status.trouble ?? 'diskFailed']);
    default:
      return new QuorateError(...NODE_ERRORS[refusal.reason]);
  }

  function nameOf(id: NodeId | null): string {
    return memberById(status, id)?.name ?? 'another node';
  }
}

const DEGRADED = {
  diskFailed: 'the disk of this node failed',
  setBack: 'the disk of this node was set back behind what it had acknowledged',
} as const;

type OwnReason = Extract<NodeRefusal['reason'], 'clean' | 'alreadyMember' | 'removed' | 'stopping'>;

const NODE_ERRORS: Readonly<Record<OwnReason, [ErrorCode, string]>> = {
  clean: ['CLEAN_NODE', 'this node belongs to no cluster'],
  alreadyMember: ['ALREADY_MEMBER', 'this node already belongs to a cluster'],
  removed: ['REMOVED', 'this node was removed from its cluster'],
  stopping: ['STOPPING', 'this node is stopping'],
};

/** The error for a write that was not applied. */
export function writeError(
  outcome: Exclude<WriteOutcome, { type: 'applied' }>,
  status: NodeOutline,
): QuorateError {
  switch (outcome.type) {
    case 'refused':
      return refusalError(outcome.refusal, status);
    case 'overwritten':
      return new QuorateError('OVERWRITTEN', "another leader's entry took the place of this one");
    case 'indeterminate':
      return new QuorateError(
        'INDETERMINATE',
        'it was not committed before the deadline, and may still be: no quorum confirmed it',
      );
  }
}

/** The error for a change of members or a hand-over that was not done. `what` begins the sentence. */
export function changeError(
  outcome: Exclude<ChangeOutcome, { type: 'done' }>,
  what: 'the change of members' | 'the hand-over',
  status: NodeOutline,
): QuorateError {
  switch (outcome.type) {
    case 'refused':
      return refusalError(outcome.refusal, status);
    case 'abandoned':
      // A change whose entry was replaced never happened; a hand-over given up leaves the old primary.
      return what === 'the hand-over'
        ? new QuorateError('HANDOVER_ABANDONED', `${what} was abandoned: ${outcome.why}`)
        : new QuorateError('OVERWRITTEN', `${what} did not happen: ${outcome.why}`);
    case 'indeterminate':
      return new QuorateError('INDETERMINATE', `${what} was not finished before the deadline`);
  }
}

/** The error for a command that the state refused when it was applied. */
export function commandError(refusal: CommandRefusal): QuorateError {
  switch (refusal.reason) {
    case 'revisionMismatch': {
      const expected = String(refusal.expected);
      const actual = String(refusal.actual);
      const data = { expected, actual };
      if (refusal.actual === 0) {
        const hint = 'Leave the condition out, or expect revision 0, to create it.';
        const message = `expected revision ${expected}, but there is no such session`;
        return new QuorateError('REVISION_MISMATCH', message, data, { hint });
      }
      const message =
        refusal.expected === 0
          ? 'expected no such session, but there is one'
          : `expected revision ${expected}, got another one`;
      return new QuorateError('REVISION_MISMATCH', message, data);
    }
    case 'sessionNotFound':
      return sessionNotFound(refusal.id);
    case 'limitExceeded':
      return new QuorateError('LIMIT_EXCEEDED', refusal.detail);
    case 'storeRequestTooLarge': {
      const hint = 'Ask for fewer keys at once.';
      return new QuorateError('LIMIT_EXCEEDED', refusal.detail, {}, { hint });
    }
    case 'storeFull': {
      const { limit } = refusal;
      return new QuorateError('STORE_FULL', `the store would hold more than ${limit}`, { limit });
    }
    case 'lockHeld': {
      const { holder } = refusal;
      const message =
        holder === null
          ? 'its last holder is gone, and the lock is kept free for a while'
          : `session ${JSON.stringify(holder)} holds the lock`;
      return new QuorateError('LOCK_HELD', message, holder === null ? {} : { holder });
    }
    case 'lockLimit':
      return new QuorateError('LOCK_LIMIT', refusal.detail);
    case 'jobNotFound':
    case 'jobExists':
    case 'jobStatus':
    case 'jobClaimLost':
    case 'staleEpoch':
    case 'jobLimit':
      return jobError(refusal);
    case 'providerReplaced':
    case 'providerMember':
    case 'serviceLimit':
      return serviceError(refusal);
    case 'policyVersionMismatch':
    case 'policyNotFound':
    case 'policyVersionNotFound':
    case 'policyLimit':
      return policyError(refusal);
    case 'requestForgotten': {
      const which = refusal.isSessionKnown
        ? 'this request of the client session'
        : 'the client session';
      const message = `${which} is not known, or not any more; nothing was done now`;
      return new QuorateError('REQUEST_FORGOTTEN', message);
    }
    case 'windowExceeded': {
      const message = 'the request is too far beyond what its client session has acknowledged';
      return new QuorateError('WINDOW_EXCEEDED', message, { window: String(refusal.windowMax) });
    }
  }
}

function jobError(refusal: JobRefusal): QuorateError {
  switch (refusal.reason) {
    case 'jobNotFound': {
      const { id } = refusal;
      return new QuorateError('JOB_NOT_FOUND', `there is no job ${JSON.stringify(id)}`, { id });
    }
    case 'jobExists': {
      const { id } = refusal;
      const message = `there is another job ${JSON.stringify(id)}, of another type or payload`;
      return new QuorateError('JOB_EXISTS', message, { id });
    }
    case 'jobStatus': {
      const { id, status } = refusal;
      return new QuorateError('JOB_STATUS', `job ${JSON.stringify(id)} is ${status}`, {
        id,
        status,
      });
    }
    case 'jobClaimLost': {
      const { id, status } = refusal;
      const epoch = String(refusal.epoch);
      const now = refusal.epoch === 0 ? `it is ${status}` : `it is claimed under epoch ${epoch}`;
      const message = `the claim of job ${JSON.stringify(id)} is over: ${now}`;
      return new QuorateError('JOB_CLAIM_LOST', message, { id, status, epoch });
    }
    case 'staleEpoch': {
      const epoch = String(refusal.epoch);
      const now = refusal.epoch === 0 ? 'nobody is primary' : `epoch ${epoch} runs`;
      const message = `epoch ${refusal.asked} is over: ${now}`;
      return new QuorateError('STALE_EPOCH', message, { epoch });
    }
    case 'jobLimit':
      return new QuorateError('JOB_LIMIT', refusal.detail);
  }
}

function serviceError(refusal: ServiceRefusal): QuorateError {
  switch (refusal.reason) {
    case 'providerReplaced': {
      const { key } = refusal;
      const registration = String(refusal.registration);
      const message = `provider ${JSON.stringify(key)} was registered anew, as ${registration}`;
      return new QuorateError('PROVIDER_REPLACED', message, { key, registration });
    }
    case 'providerMember':
      return new QuorateError('UNKNOWN_NODE', `node ${refusal.nodeId} is no member any more`);
    case 'serviceLimit':
      return new QuorateError('SERVICE_LIMIT', refusal.detail);
  }
}

function policyError(refusal: PolicyRefusal): QuorateError {
  switch (refusal.reason) {
    case 'policyVersionMismatch': {
      const { name } = refusal;
      const [expected, actual] = [String(refusal.expected), String(refusal.actual)];
      const data = { name, expected, actual };
      if (refusal.actual === 0) {
        const hint = 'Leave the condition out, or expect version 0, to create it.';
        const message = `expected version ${expected}, but there is no policy ${name}`;
        return new QuorateError('VERSION_MISMATCH', message, data, { hint });
      }
      const message = `expected ${refusal.expected === 0 ? 'no such policy' : `version ${expected}`}, but version ${actual} of policy ${name} is in force`;
      return new QuorateError('VERSION_MISMATCH', message, data);
    }
    case 'policyNotFound':
      return policyNotFound(refusal.name);
    case 'policyVersionNotFound':
      return policyVersionNotFound(refusal);
    case 'policyLimit':
      return new QuorateError('POLICY_LIMIT', refusal.detail);
  }
}

/** The error for a policy that does not exist, or is deleted. */
export function policyNotFound(name: string): QuorateError {
  return new QuorateError('POLICY_NOT_FOUND', `there is no policy ${name}`, { name });
}

/** The error for a version that is not remembered, or has no document. */
export function policyVersionNotFound({
  name,
  version,
  oldest,
  newest,
}: Omit<Extract<PolicyRefusal, { reason: 'policyVersionNotFound' }>, 'reason'>): QuorateError {
  const isKnown = version >= oldest && version <= newest;
  const why = isKnown ? 'it is a deletion' : `remembered are ${oldest} to ${newest}`;
  const message = `version ${version} of policy ${name} has no document: ${why}`;
  return new QuorateError('POLICY_VERSION_NOT_FOUND', message, { name, version: String(version) });
}

/** The error for a session that does not exist. */
export function sessionNotFound(id: string): QuorateError {
  return new QuorateError('SESSION_NOT_FOUND', `there is no session ${JSON.stringify(id)}`, { id });
}
