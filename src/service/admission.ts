// Decides whether a node may be admitted, a member changed or removed, or a voter made primary, from the leader's status.
// Pure: each answers null or the error that says why not. The core checks again what safety needs; what stands here
// gives the reason a name and the operator a next step, and lets a dry run say the same as the real thing.

import { QuorateError } from '../errors.js';
import type { ErrorCode, ErrorData } from '../errors.js';
import type { NodeStatus } from '../node/api.js';
import { speaks, unspoken } from '../raft/software.js';
import { LIMITS } from '../raft/options.js';
import type { Member, MemberUpdate, NodeId } from '../raft/types.js';
import { areSameTags } from '../state-machine/members.js';
import { isInContact, quorumOf } from './status-view.js';

export type Verdict =
  | { readonly type: 'due' }
  /** It is so already: the same node asked before. */
  | { readonly type: 'done' }
  | { readonly type: 'refuse'; readonly error: QuorateError };

/**
 * Whether `newcomer` may become a learner of this cluster. `clusterName` is what it was configured for; `wasRemoved`: its
 * node id was a member's, and ids are never used again.
 */
export function judgeAdmission(
  status: NodeStatus,
  newcomer: Member,
  clusterName: string,
  wasRemoved: boolean,
): Verdict {
  const { members } = status.configuration;
  const cluster = status.cluster?.clusterName ?? '';
  if (clusterName !== cluster) {
    const message = `${newcomer.name} was started for cluster ${clusterName}, this is cluster ${cluster}`;
    return refuse('CLUSTER_NAME_MISMATCH', message, { cluster });
  }
  const same = members.find(({ id }) => id === newcomer.id);
  if (same !== undefined) {
    if (same.installId !== newcomer.installId) {
      const message = `node id ${newcomer.id} belongs to ${same.name}, which has another data directory`;
      return refuse('NODE_ID_TAKEN', message, { name: same.name });
    }
    const { name, address, api, replaces } = same;
    const isAtOnePlace = address === newcomer.address && api === newcomer.api;
    if (name === newcomer.name && isAtOnePlace && replaces === newcomer.replaces) {
      return { type: 'done' };
    }
    const message = `this node is a member already, as ${name} at ${address} and ${api}`;
    return refuse('ALREADY_MEMBER', message, { name });
  }
  const { featureLevel } = status;
  if (!speaks(newcomer, featureLevel)) {
    const message = `${newcomer.name}: ${unspoken(newcomer, featureLevel)}`;
    return refuse('UNSPOKEN_LEVEL', message, { level: String(featureLevel) });
  }
  if (wasRemoved) {
    const message = `node id ${newcomer.id} was a member that was removed`;
    return refuse('NODE_ID_TAKEN', message, { name: newcomer.name });
  }
  const namesake = members.find(({ name }) => name === newcomer.name);
  if (namesake !== undefined) {
    const message = `the name ${newcomer.name} is taken by the member at ${namesake.address}`;
    return refuse('NAME_TAKEN', message, { name: namesake.name });
  }
  // On the machine of the member that it replaces it may well have that one's addresses.
  const others = members.filter(({ id }) => id !== newcomer.replaces);
  return addressTaken(newcomer.name, newcomer, others) ?? whyNotReplaced(members, newcomer) ?? DUE;
}

const DUE: Verdict = { type: 'due' };

/**
 * Whether a member may change its row to what it says of itself. `isElsewhere`: that member is known to be reached elsewhere than
 * its row says, so that its address there is nobody's: members may have exchanged theirs.
 */
export function judgeUpdate(
  status: NodeStatus,
  said: MemberUpdate,
  isElsewhere: (member: Member) => boolean = () => false,
): Verdict {
  const { members } = status.configuration;
  const member = members.find(({ id }) => id === said.id);
  if (member === undefined) {
    const message = `node ${said.id} is no member of cluster ${status.cluster?.clusterName ?? ''}`;
    return refuse('UNKNOWN_NODE', message, { name: String(said.id) });
  }
  const { name, installId, address, api, priority } = member;
  if (installId !== said.installId) {
    const message = `node id ${said.id} belongs to ${name}, which has another data directory`;
    return refuse('NODE_ID_TAKEN', message, { name });
  }
  const isSamePlace = address === said.address && api === said.api;
  const isSame = isSamePlace && priority === said.priority && areSameTags(member.tags, said.tags);
  if (isSame) return { type: 'done' };
  const others = members.filter((other) => other.id !== said.id && !isElsewhere(other));
  return addressTaken(name, said, others) ?? DUE;
}

function addressTaken(
  name: string,
  { address, api }: Pick<Member, 'address' | 'api'>,
  others: readonly Member[],
): Verdict | null {
  const neighbour = others.find((other) => address === other.address || api === other.api);
  if (neighbour === undefined) return null;
  const message = `the address of ${name} is that of the member ${neighbour.name}`;
  return refuse('ADDRESS_TAKEN', message, { name: neighbour.name });
}

/** Whether the member whose place a newcomer wants can be left to it. */
function whyNotReplaced(members: readonly Member[], newcomer: Member): Verdict | null {
  const old = members.find(({ id }) => id === newcomer.replaces);
  if (old === undefined) return null;
  const { name } = old;
  const rival = members.find(({ replaces }) => replaces === old.id);
  if (rival !== undefined) {
    const message = `${name} is being replaced by ${rival.name}`;
    return refuse('BEING_REPLACED', message, { name, newcomer: rival.name });
  }
  if (old.replaces !== null) {
    return refuse('BEING_REPLACED', `${name} is itself about to replace a member`, {
      name,
      newcomer: name,
    });
  }
  if (old.witness === newcomer.witness) return null;
  const [what, how] = old.witness
    ? ['is a witness, and only a witness replaces it', 'with --witness']
    : ['holds the state, and a witness cannot replace it', 'without --witness'];
  return refuse('WRONG_KIND', `${name} ${what}`, { name, how });
}

/**
 * Why `member` may not be removed; null: it may. `isForced` skips advice only: a voter that is up is not to be removed
 * while another is down, if that leaves no failure tolerance; the one that is down should go first.
 */
export function whyNotRemoved(
  status: NodeStatus,
  member: Member,
  isForced: boolean,
): QuorateError | null {
  const { voters } = status.configuration;
  if (!voters.includes(member.id)) return null;
  const left = voters.filter((id) => id !== member.id);
  if (left.length === 0) {
    const message = `${member.name} is the last voter`;
    const hint = 'Stop its daemon to end the cluster, or add another node first.';
    return new QuorateError('WOULD_LOSE_QUORUM', message, { name: member.name }, { hint });
  }
  const upCount = left.filter((id) => isInContact(status, id)).length;
  const spare = upCount - quorumOf(left.length);
  if (spare < 0) {
    const nameOf = (id: NodeId): string =>
      status.configuration.members.find((other) => other.id === id)?.name ?? String(id);
    const missing = left.filter((id) => !isInContact(status, id)).map(nameOf);
    const who = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not`;
    const message = `without ${member.name} only ${upCount} of ${left.length} voters would be in contact; ${who}`;
    return new QuorateError('WOULD_LOSE_QUORUM', message, { name: member.name });
  }
  const down = left.find((id) => !isInContact(status, id));
  if (isForced || spare > 0 || down === undefined || !isInContact(status, member.id)) return null;
  const downName = status.configuration.members.find(({ id }) => id === down)?.name ?? '';
  const message = `${member.name} is up and ${downName} is down: no further failure would be survived`;
  return new QuorateError('WOULD_LOSE_TOLERANCE', message, { name: member.name, down: downName });
}

/** Why `member` may not be made primary by the leader that has this status; null: it may. */
export function whyUnfit(status: NodeStatus, member: Member): QuorateError | null {
  const { name, id } = member;
  const unfit = (why: string): QuorateError =>
    new QuorateError('TARGET_UNFIT', `${name} cannot become primary: ${why}`, { name });
  if (!status.configuration.voters.includes(id)) return unfit('it is a learner');
  if (member.witness) return unfit('it is a witness, which holds no state');
  if (id === status.nodeId) return status.unfit === null ? null : unfit(status.unfit);
  if (!isInContact(status, id)) return unfit('it is DOWN');
  const ineligible = status.peers.find((peer) => peer.id === id)?.unfit ?? null;
  if (ineligible !== null) return unfit(ineligible);
  const matchIndex = status.peers.find((peer) => peer.id === id)?.matchIndex ?? 0;
  const lag = status.lastLogIndex - matchIndex;
  if (lag <= LIMITS.promotionLagMax) return null;
  return unfit(`it is ${lag} entries behind, at most ${LIMITS.promotionLagMax} are allowed`);
}

/** The voter that this leader would best hand over to: in contact, most of the log, lowest id. Null: none. */
export function bestSuccessor(status: NodeStatus): NodeId | null {
  return successors(status)[0] ?? null;
}

/** Whoever could take over from this leader now, the best first. */
export function successors(status: NodeStatus): NodeId[] {
  const fit = status.configuration.members.filter(
    (member) =>
      member.id !== status.nodeId &&
      status.configuration.voters.includes(member.id) &&
      whyUnfit(status, member) === null,
  );
  const matchOf = (id: NodeId): number =>
    status.peers.find((peer) => peer.id === id)?.matchIndex ?? 0;
  const sorted = fit.sort((a, b) => matchOf(b.id) - matchOf(a.id) || a.id - b.id);
  return sorted.map(({ id }) => id);
}

function refuse(code: ErrorCode, message: string, data: ErrorData): Verdict {
  return { type: 'refuse', error: new QuorateError(code, message, data) };
}
