// What a node says of itself at a moment, read from the core. Nothing here changes anything.

import type { Raft } from '../raft/raft.js';
import { isDiskOverdue } from '../raft/election.js';
import { whyUnfitHere } from '../raft/fitness.js';
import { heldBackBy } from '../raft/feature-level.js';
import { isAwaited } from '../raft/promotion.js';
import { isVoter } from '../raft/quorum.js';
import { EMPTY_CONFIGURATION, FEATURE_LEVEL_FIRST, INDEX_ZERO, TERM_ZERO } from '../raft/types.js';
import type { Configuration, NodeId } from '../raft/types.js';
import type { NodeOutline, NodeStatus, PeerStatus } from './api.js';
import type { Condition } from './condition.js';
import type { Staleness } from './staleness.js';

/** The part that every request looks at; one plain literal, since spreading objects costs more than all the rest. */
export function outlineOf({ identity, is, trouble }: Condition, raft: Raft | null): NodeOutline {
  const { nodeId, installId, cluster } = identity;
  const configuration = raft === null ? EMPTY_CONFIGURATION : raft.configuration;
  return {
    nodeId,
    installId,
    cluster,
    condition: is,
    trouble,
    role: raft === null ? null : roleOf(raft, configuration, nodeId),
    term: raft === null ? TERM_ZERO : raft.state.term,
    leaderId: raft !== null && is === 'member' ? raft.state.leaderId : null,
    configuration,
    lastApplied: raft === null ? INDEX_ZERO : raft.state.lastApplied,
  };
}

/** All of it. */
export function statusOf(
  condition: Condition,
  raft: Raft | null,
  nowMs: number,
  staleness: Staleness,
): NodeStatus {
  const outline = outlineOf(condition, raft);
  if (raft === null) {
    return {
      ...outline,
      stalenessMs: null,
      lagEntries: null,
      isDiskOverdue: false,
      settledVoters: [],
      commitIndex: INDEX_ZERO,
      lastLogIndex: INDEX_ZERO,
      isPrimary: false,
      leaseRemainingMs: null,
      isAwaited: false,
      unfit: null,
      epoch: INDEX_ZERO,
      featureLevel: FEATURE_LEVEL_FIRST,
      heldBackBy: [],
      setBack: [],
      peers: [],
    };
  }
  const { state } = raft;
  const isWorking = outline.condition === 'member';
  const electionTimeoutMs = outline.cluster?.electionTimeoutMs ?? 0;
  const atMs = Math.max(nowMs, state.nowMs);
  const isPrimary = isWorking && raft.isPrimaryAt(atMs);
  return {
    ...outline,
    stalenessMs: staleness.ageMs(nowMs),
    lagEntries: isWorking ? staleness.lagEntries(raft, nowMs, electionTimeoutMs) : null,
    isDiskOverdue: isDiskOverdue(state),
    settledVoters: settledVoters(state.applied.configuration),
    commitIndex: state.commitIndex,
    lastLogIndex: state.log.lastIndex,
    isPrimary,
    leaseRemainingMs: isPrimary ? Math.max(0, (raft.primaryUntilMs ?? atMs) - atMs) : null,
    isAwaited: state.role.type === 'leader' && isAwaited(state, state.role),
    unfit: whyUnfitHere(state),
    epoch: state.applied.reign.epoch,
    featureLevel: state.applied.featureLevel,
    heldBackBy: state.role.type === 'leader' ? heldBackBy(state, state.role) : [],
    setBack: state.role.type === 'leader' ? [...state.role.setBack.keys()] : [],
    peers: peersOf(raft, nowMs),
  };
}

/** A newcomer counts once the cluster no longer leans on the voters of before alone (Raft §6). */
function settledVoters({ voters, outgoing }: Configuration): readonly NodeId[] {
  return outgoing ?? voters;
}

function roleOf(raft: Raft, configuration: Configuration, id: NodeId): NodeStatus['role'] {
  const { type } = raft.state.role;
  if (type === 'leader') return 'leader';
  if (type === 'candidate' || type === 'preCandidate') return 'candidate';
  return isVoter(configuration, id) ? 'follower' : 'learner';
}

function peersOf(raft: Raft, nowMs: number): PeerStatus[] {
  const { role } = raft.state;
  if (role.type !== 'leader') return [];
  return raft.configuration.members.flatMap(({ id }) => {
    const progress = role.progress.get(id);
    if (progress === undefined) return [];
    const { matchIndex, lastContactMs, unfit } = progress;
    const contact = lastContactMs === null ? null : Math.max(0, nowMs - lastContactMs);
    return [{ id, matchIndex, lastContactMs: contact, unfit }];
  });
}
