// The answer of Status as one object whose keys are a contract with scripts: what `mon-cluster --json` prints and what
// `/v1/cluster` of the HTTP port answers. Unknown is null, never a made-up zero. Pure.

import type { Node__Output as Node } from '../generated/quorate/v1/Node.js';
import type { StatusResponse__Output as StatusResponse } from '../generated/quorate/v1/StatusResponse.js';
import type { ClusterView, FailuresView, NodeView } from './view-types.js';

export type { ClusterView, FailuresView, NodeView } from './view-types.js';

/** Turns the answer into what is printed. Without a quorum nobody is known to be primary. */
export function clusterView(response: StatusResponse): ClusterView {
  const { featureLevel: level } = response;
  const heldBackBy = response.heldBackBy.map(({ name, why }) => ({ name, why }));
  return {
    cluster: response.cluster ?? null,
    clusterId: response.clusterId ?? null,
    quorum: response.quorum,
    term: response.term,
    leader: response.leader ?? null,
    primary: response.quorum ? (response.primary ?? null) : null,
    epoch: response.epoch,
    failureTolerance: response.failureTolerance,
    nodes: response.nodes.map(nodeView),
    ...(heldBackBy.length === 0 ? {} : { featureLevel: { level, heldBackBy } }),
    ...(response.pausedBy === undefined ? {} : { pausedBy: response.pausedBy }),
    ...(response.manual ? { failover: 'manual' } : {}),
    ...(response.gapMs === undefined ? {} : { gapMs: response.gapMs }),
  };
}

/** What the answer says of failures; null: without a quorum there is nothing left to lose. */
export function failuresView(response: StatusResponse): FailuresView | null {
  const { quorum, mayFail, mustNotFail, advice } = response;
  return quorum ? { mayFail, mustNotFail, advice } : null;
}

const ROLES: Readonly<Record<string, NodeView['role']>> = {
  LEADER: 'leader',
  FOLLOWER: 'follower',
  CANDIDATE: 'candidate',
  LEARNER: 'learner',
};

function nodeView(node: Node): NodeView {
  return {
    name: node.name,
    state: node.state === 'NODE_STATE_UNSPECIFIED' ? null : node.state,
    role: ROLES[node.role] ?? null,
    address: node.address === '' ? null : node.address,
    api: node.api === '' ? null : node.api,
    http: node.http === '' ? null : node.http,
    commitIndex: node.commitIndex ?? null,
    lastApplied: node.lastApplied ?? null,
    lagEntries: node.lagEntries ?? null,
    lastContactMs: node.lastContactMs ?? null,
    version: node.version ?? null,
    uptimeMs: node.uptimeMs ?? null,
    ...(node.trouble === undefined ? {} : { trouble: node.trouble }),
    ...(node.ineligible === undefined ? {} : { ineligible: node.ineligible }),
    ...(node.differs.length === 0 ? {} : { differs: node.differs }),
    ...(Object.keys(node.tags).length === 0 ? {} : { tags: node.tags }),
  };
}

/**
 * Whether the view says how things are: a quorum confirmed it, or the node belongs to no cluster that could have one.
 * Else it is what one node knows by itself; `mon-cluster` ends with 3 then.
 */
export function isConfirmed(view: ClusterView): boolean {
  return view.quorum || view.cluster === null;
}
