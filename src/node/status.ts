// What a node says of itself at a moment, read from the core. Nothing here changes anything.

import type { Raft } from '../raft/raft.js';
import { isDiskOverdue } from '../raft/election.js';
import { heldBackBy } from '../raft/feature-level.js';
import { isVoter } from '../raft/quorum.js';
import { EMPTY_CONFIGURATION, FEATURE_LEVEL_FIRST, INDEX_ZERO, TERM_ZERO } from '../raft/types.js';
import type { Configuration, NodeId } from '../raft/types.js';
import type { NodeStatus, PeerStatus } from './api.js';
import type { Staleness } from './staleness.js';

type Own = Pick<NodeStatus, 'nodeId' | 'installId' | 'cluster' | 'condition' | 'trouble'>;

export function statusOf({
  raft,
  nowMs,
  staleness,
  ...own
}: Own & {
  readonly raft: Raft | null;
  readonly nowMs: number;
  readonly staleness: Staleness;
}): NodeStatus {
  if (raft === null) {
    return {
      ...own,
      stalenessMs: null,
      lagEntries: null,
      role: null,
      term: TERM_ZERO,
      leaderId: null,
      configuration: EMPTY_CONFIGURATION,
      isDiskOverdue: false,
      settledVoters: [],
      commitIndex: INDEX_ZERO,
      lastApplied: INDEX_ZERO,
      lastLogIndex: INDEX_ZERO,
      isPrimary: false,
      epoch: INDEX_ZERO,
      featureLevel: FEATURE_LEVEL_FIRST,
      heldBackBy: [],
      setBack: [],
      peers: [],
    };
  }
  const { state } = raft;
  const isWorking = own.condition === 'member';
  const electionTimeoutMs = own.cluster?.electionTimeoutMs ?? 0;
  return {
    ...own,
    stalenessMs: staleness.ageMs(nowMs),
    lagEntries: isWorking ? staleness.lagEntries(raft, nowMs, electionTimeoutMs) : null,
    role: roleOf(raft, own.nodeId),
    term: state.term,
    leaderId: isWorking ? state.leaderId : null,
    configuration: raft.configuration,
    isDiskOverdue: isDiskOverdue(state),
    settledVoters: settledVoters(state.applied.configuration),
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    lastLogIndex: state.log.lastIndex,
    isPrimary: isWorking && raft.isPrimaryAt(Math.max(nowMs, state.nowMs)),
    epoch: state.applied.reign.epoch,
    featureLevel: state.applied.featureLevel,
    heldBackBy: state.role.type === 'leader' ? heldBackBy(state, state.role) : [],
    setBack: [...state.setBack.keys()],
    peers: peersOf(raft, nowMs),
  };
}

/** A newcomer counts once the cluster no longer leans on the voters of before alone (Raft §6). */
function settledVoters({ voters, outgoing }: Configuration): readonly NodeId[] {
  return outgoing ?? voters;
}

function roleOf(raft: Raft, id: NodeId): NodeStatus['role'] {
  const { type } = raft.state.role;
  if (type === 'leader') return 'leader';
  if (type === 'candidate' || type === 'preCandidate') return 'candidate';
  return isVoter(raft.configuration, id) ? 'follower' : 'learner';
}

function peersOf(raft: Raft, nowMs: number): PeerStatus[] {
  const { role } = raft.state;
  if (role.type !== 'leader') return [];
  return raft.configuration.members.flatMap(({ id }) => {
    const progress = role.progress.get(id);
    if (progress === undefined) return [];
    const { matchIndex, lastContactMs } = progress;
    const contact = lastContactMs === null ? null : Math.max(0, nowMs - lastContactMs);
    return [{ id, matchIndex, lastContactMs: contact }];
  });
}
