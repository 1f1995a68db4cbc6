// Words for the service's tests: members, configurations and statuses with defaults, so that a row says only what it
// is about. Nothing here is checked.

import type { NodeStatus, PeerStatus } from '../../src/node/api.js';
import type { SelfFacts } from '../../src/service/modules.js';
import { REIGNS_AUTOMATIC } from '../../src/raft/types.js';
import type {
  Configuration,
  InstallId,
  LogIndex,
  Member,
  NodeId,
  Term,
} from '../../src/raft/types.js';

/** A member `n<id>` at ports 6000 + id and 7000 + id. */
export function member(id: number, more: Partial<Member> = {}): Member {
  return {
    id: id as NodeId,
    installId: installId(id),
    name: `n${id}`,
    address: `127.0.0.1:${6000 + id}`,
    api: `127.0.0.1:${7000 + id}`,
    version: '0.1.0',
    featureMin: 1,
    featureMax: 1,
    autoPromote: true,
    replaces: null,
    patientUntilMs: 0,
    witness: false,
    priority: 50,
    ...more,
  };
}

export function installId(id: number): InstallId {
  return id.toString(16).padStart(16, '0') as InstallId;
}

/** Members with these ids, of which `voters` vote. */
export function configuration(
  ids: readonly number[],
  voters: readonly number[] = ids,
  outgoing: readonly number[] | null = null,
): Configuration {
  return {
    members: ids.map((id) => member(id)),
    voters: voters as readonly NodeId[],
    outgoing: outgoing as readonly NodeId[] | null,
    leaving: [],
    autoRemoveAfterMs: null,
    reigns: REIGNS_AUTOMATIC,
  };
}

/** How the leader hears a peer. */
export function peer(id: number, lastContactMs: number | null, matchIndex = 10): PeerStatus {
  return { id: id as NodeId, matchIndex: matchIndex as LogIndex, lastContactMs, unfit: null };
}

/** n1, leader and primary of n1, n2 and n3, all of them well, log up to 10. */
export function leaderStatus(more: Partial<NodeStatus> = {}): NodeStatus {
  return {
    nodeId: 1 as NodeId,
    installId: installId(1),
    cluster: {
      clusterId: 'c'.repeat(32),
      clusterName: 'test',
      nodeName: 'n1',
      isWitness: false,
      electionTimeoutMs: 1000,
    },
    condition: 'member',
    trouble: null,
    role: 'leader',
    term: 2 as Term,
    leaderId: 1 as NodeId,
    configuration: configuration([1, 2, 3]),
    isDiskOverdue: false,
    settledVoters: (more.configuration?.outgoing ??
      more.configuration?.voters ?? [1, 2, 3]) as readonly NodeId[],
    commitIndex: 10 as LogIndex,
    lastApplied: 10 as LogIndex,
    lastLogIndex: 10 as LogIndex,
    isPrimary: true,
    leaseRemainingMs: null,
    isAwaited: false,
    unfit: null,
    epoch: 4 as LogIndex,
    featureLevel: 1,
    heldBackBy: [],
    setBack: [],
    peers: [peer(2, 50), peer(3, 60)],
    stalenessMs: 0,
    lagEntries: 0,
    ...more,
  };
}

export const SELF: SelfFacts = {
  name: 'n1',
  clusterName: 'test',
  electionTimeoutMs: 1000,
  address: '127.0.0.1:6001',
  api: '127.0.0.1:7001',
  version: '0.1.0',
  featureMin: 1,
  featureMax: 1,
  witness: false,
  priority: 50,
  isPriorityGiven: true,
  startedAtMs: 1000,
};
