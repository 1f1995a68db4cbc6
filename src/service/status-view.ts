// Assembles what `mon-cluster` shows, from what this node knows and what the others answered. Pure.
// A leader's contact with a member decides whether that member is up: its API may be unreachable while its peers hear
// it. Without a leader only the answers tell. What is unknown is absent, never guessed.

import type { Node } from '../generated/quorate/v1/Node.js';
import type { NodeStatusResponse__Output } from '../generated/quorate/v1/NodeStatusResponse.js';
import type { NodeState } from '../generated/quorate/v1/NodeState.js';
import type { Role } from '../generated/quorate/v1/Role.js';
import type { StatusResponse } from '../generated/quorate/v1/StatusResponse.js';
import type { NodeStatus } from '../node/api.js';
import { isVoter, ownState, ownTrouble, setBackTrouble } from '../node/own-state.js';
import type { Configuration, Member, NodeId } from '../raft/types.js';
import { adviceFor, failuresLeft } from './failures.js';
import type { SelfFacts } from './modules.js';
import { memberById } from './status-map.js';

/** What other nodes answered to NodeStatus; a node that did not is missing. */
export type Answers = ReadonlyMap<NodeId, NodeStatusResponse__Output>;

export interface OwnView {
  readonly status: NodeStatus;
  readonly self: SelfFacts;
  readonly nowMs: number;
  /** What it waits for while it is clean; null or absent: nothing. */
  readonly waiting?: string | null;
  /** What its configuration file says otherwise than the cluster. */
  readonly differs?: readonly string[];
  /** For how long nobody was primary before the newest reign; null or absent: not known. */
  readonly gapMs?: number | null;
}

/** The cluster as its confirmed leader knows it. */
export function leaderView(own: OwnView, answers: Answers): StatusResponse {
  const { status } = own;
  const name = status.cluster?.nodeName ?? '';
  const isOfUse = (id: NodeId): boolean =>
    isUpForLeader(own, id, answers) && !saysDegraded(id, answers) && !status.setBack.includes(id);
  return {
    ...clusterFacts(own),
    quorum: true,
    heldBackBy: status.heldBackBy.map(({ name: who, why }) => ({ name: who, why })),
    leader: name,
    ...(status.isPrimary ? { primary: name } : {}),
    ...(status.leaseRemainingMs === null
      ? {}
      : { leaseRemainingMs: Math.floor(status.leaseRemainingMs) }),
    ...(own.gapMs === null || own.gapMs === undefined ? {} : { gapMs: own.gapMs }),
    failureTolerance: toleranceOf(status.configuration, isOfUse),
    ...failuresLeft(status.configuration, isOfUse),
    advice: adviceFor(status.configuration),
    nodes: linesOf(own, (member) => {
      const answer = answers.get(member.id);
      const peer = status.peers.find(({ id }) => id === member.id);
      const lag = status.lastLogIndex - (peer?.matchIndex ?? 0);
      const contactMs = peer?.lastContactMs ?? null;
      return {
        ...lineOf(status, member, isUpForLeader(own, member.id, answers), answer),
        lagEntries: Math.max(0, lag),
        ...(contactMs === null ? {} : { lastContactMs: contactMs }),
      };
    }),
  };
}

/** What a node knows without a confirmed leader. Nobody is primary as far as it can tell. */
export function localView(own: OwnView, answers: Answers): StatusResponse {
  const { status } = own;
  const leader = memberById(status, status.leaderId)?.name;
  return {
    ...clusterFacts(own),
    quorum: false,
    ...(leader === undefined ? {} : { leader }),
    failureTolerance: toleranceOf(status.configuration, (id) =>
      id === status.nodeId
        ? status.condition === 'member' && !status.isDiskOverdue
        : answers.has(id) && !saysDegraded(id, answers),
    ),
    nodes: linesOf(own, (member) =>
      lineOf(status, member, answers.has(member.id), answers.get(member.id)),
    ),
  };
}

/** This node's own line. */
export function ownLine({ status, self, nowMs, waiting, differs = [] }: OwnView): Node {
  const member = memberById(status, status.nodeId);
  const isWorking = status.condition === 'member';
  const trouble = ownTrouble(status) ?? waiting ?? null;
  return {
    id: status.nodeId,
    name: status.cluster?.nodeName ?? self.name,
    state: ownState(status),
    role: isWorking && status.role !== null ? ROLES[status.role] : 'ROLE_UNSPECIFIED',
    address: member?.address ?? self.address,
    api: member?.api ?? self.api,
    http: self.http ?? '',
    tags: Object.fromEntries(self.tags ?? []),
    voter: isVoter(status, status.nodeId),
    ...(status.cluster === null
      ? {}
      : { commitIndex: status.commitIndex, lastApplied: status.lastApplied }),
    ...(isWorking && status.role === 'leader' ? { lagEntries: 0, lastContactMs: 0 } : {}),
    version: self.version,
    uptimeMs: Math.max(0, nowMs - self.startedAtMs),
    ...(status.unfit === null ? {} : { ineligible: status.unfit }),
    ...(trouble === null ? {} : { trouble }),
    ...(differs.length === 0 ? {} : { differs: [...differs] }),
  };
}

/**
 * Voters in contact minus quorum, at least 0; while joint, of the half that has less.
 * Source: the product's `failureTolerance`; joint case Raft §6.
 */
export function toleranceOf(configuration: Configuration, isUp: (id: NodeId) => boolean): number {
  const halves = [
    configuration.voters,
    ...(configuration.outgoing ? [configuration.outgoing] : []),
  ];
  const spare = halves.map((half) => half.filter(isUp).length - quorumOf(half.length));
  return Math.max(0, Math.min(...spare));
}

/** Votes that are a majority of `count` voters. */
export function quorumOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** Whether a leader has heard this member, or is it, within the election timeout. */
export function isInContact(status: NodeStatus, id: NodeId): boolean {
  if (id === status.nodeId) return true;
  const contactMs = status.peers.find((peer) => peer.id === id)?.lastContactMs ?? null;
  return contactMs !== null && contactMs <= (status.cluster?.electionTimeoutMs ?? 0);
}

const ROLES: Readonly<Record<Exclude<NodeStatus['role'], null>, Role>> = {
  leader: 'LEADER',
  follower: 'FOLLOWER',
  candidate: 'CANDIDATE',
  learner: 'LEARNER',
};

function clusterFacts({ status }: OwnView): StatusResponse {
  const { cluster } = status;
  const { isManual: manual, pausedBy } = status.configuration.reigns;
  return {
    manual,
    ...(pausedBy === null ? {} : { pausedBy }),
    ...(cluster === null ? {} : { cluster: cluster.clusterName, clusterId: cluster.clusterId }),
    term: status.term,
    epoch: status.epoch,
    featureLevel: cluster === null ? 0 : status.featureLevel,
  };
}

/** A member that this leader has not heard at all yet counts by its answer. */
function isUpForLeader({ status }: OwnView, id: NodeId, answers: Answers): boolean {
  const contactMs = status.peers.find((peer) => peer.id === id)?.lastContactMs ?? null;
  if (id !== status.nodeId && contactMs === null) return answers.has(id);
  return isInContact(status, id);
}

/** A node whose disk does not answer is heard, and is of no use to a quorum. */
function saysDegraded(id: NodeId, answers: Answers): boolean {
  return answers.get(id)?.node?.state === 'DEGRADED';
}

/** Own line and the members' in the order of their names; a node that was removed still shows itself. */
function linesOf(own: OwnView, lineFor: (member: Member) => Node): Node[] {
  const { status } = own;
  const others = status.configuration.members.filter(({ id }) => id !== status.nodeId);
  const lines = [ownLine(own), ...others.map(lineFor)];
  return lines.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
}

function lineOf(
  status: NodeStatus,
  member: Member,
  isUp: boolean,
  answer: NodeStatusResponse__Output | undefined,
): Node {
  const { id, name, address, api, tags = [] } = member;
  const voter = isVoter(status, id);
  const said = answer?.node ?? null;
  // It may not know yet, or not answer any more.
  const isSetBack = status.setBack.includes(id);
  // What it told this leader is newer than what it answered.
  const ineligible = status.peers.find((peer) => peer.id === id)?.unfit ?? said?.ineligible;
  const trouble = isSetBack ? setBackTrouble(name) : said?.trouble;
  return {
    id,
    name,
    state: isSetBack ? 'DEGRADED' : stateOf(member, voter, isUp, said?.state),
    role: isUp || said !== null ? roleOf(voter, said?.role) : 'ROLE_UNSPECIFIED',
    address,
    api,
    http: said?.http ?? '',
    tags: Object.fromEntries(tags),
    voter,
    ...(said?.commitIndex === undefined ? {} : { commitIndex: said.commitIndex }),
    ...(said?.lastApplied === undefined ? {} : { lastApplied: said.lastApplied }),
    version: said?.version ?? member.version,
    ...(said?.uptimeMs === undefined ? {} : { uptimeMs: said.uptimeMs }),
    ...(trouble === undefined ? {} : { trouble }),
    ...(ineligible === undefined ? {} : { ineligible }),
    ...(said === null || said.differs.length === 0 ? {} : { differs: said.differs }),
  };
}

function stateOf(
  { witness }: Member,
  voter: boolean,
  isUp: boolean,
  said: NodeState | undefined,
): NodeState {
  // A node whose disk failed answers its API and is silent to its peers.
  if (said === 'DEGRADED' || said === 'REMOVED') return said;
  if (!isUp) return 'DOWN';
  if (!voter) return 'JOINING';
  return witness ? 'WITNESS' : 'STANDBY';
}

function roleOf(voter: boolean, said: Role | undefined): Role {
  if (said !== undefined) return said;
  return voter ? 'ROLE_UNSPECIFIED' : 'LEARNER';
}
