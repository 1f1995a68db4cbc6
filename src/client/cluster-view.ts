// The answer of Status as one object whose keys are a contract with scripts: what `mon-cluster --json` prints and what
// `/v1/cluster` of the HTTP port answers. Unknown is null, never a made-up zero. Pure.

import type { Node__Output as Node } from '../generated/quorate/v1/Node.js';
import type { StatusResponse__Output as StatusResponse } from '../generated/quorate/v1/StatusResponse.js';

export interface NodeView {
  readonly name: string;
  readonly state: string | null;
  readonly role: 'leader' | 'follower' | 'candidate' | 'learner' | null;
  /** Peer address. */
  readonly address: string | null;
  readonly api: string | null;
  readonly commitIndex: number | null;
  readonly lastApplied: number | null;
  readonly lagEntries: number | null;
  readonly lastContactMs: number | null;
  readonly version: string | null;
  readonly uptimeMs: number | null;
  /** What is wrong with it and what to do, one line for people. Beyond the contract's keys, so only where there is any. */
  readonly trouble?: string;
  /** Why it must not be primary now; likewise only where something is against it. */
  readonly ineligible?: string;
  /** What its configuration file says otherwise than the cluster; only where there is any. */
  readonly differs?: readonly string[];
}

/** What `mon-cluster --json` prints. */
export interface ClusterView {
  /** Null: the node asked belongs to no cluster. */
  readonly cluster: string | null;
  readonly clusterId: string | null;
  readonly quorum: boolean;
  readonly term: number;
  readonly leader: string | null;
  readonly primary: string | null;
  readonly epoch: number;
  readonly failureTolerance: number;
  readonly nodes: readonly NodeView[];
  /** Beyond the contract's keys, so only where a member keeps the feature level from rising. */
  readonly featureLevel?: FeatureLevelView;
  /** Only while automatic reigns are paused: who paused them, and why. */
  readonly pausedBy?: string;
  /** Only where nobody becomes primary unless an operator names it. */
  readonly failover?: 'manual';
}

/** What failures the cluster can take, for people; no part of what `mon-cluster --json` prints. */
export interface FailuresView {
  /** Voters in contact that may fail next, one of them, whichever. */
  readonly mayFail: readonly string[];
  /** Those with which the service would end. */
  readonly mustNotFail: readonly string[];
  /** How the cluster could survive more, one sentence each. */
  readonly advice: readonly string[];
}

export interface FeatureLevelView {
  readonly level: number;
  readonly heldBackBy: readonly { readonly name: string; readonly why: string }[];
}

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
    commitIndex: node.commitIndex ?? null,
    lastApplied: node.lastApplied ?? null,
    lagEntries: node.lagEntries ?? null,
    lastContactMs: node.lastContactMs ?? null,
    version: node.version ?? null,
    uptimeMs: node.uptimeMs ?? null,
    ...(node.trouble === undefined ? {} : { trouble: node.trouble }),
    ...(node.ineligible === undefined ? {} : { ineligible: node.ineligible }),
    ...(node.differs.length === 0 ? {} : { differs: node.differs }),
  };
}

/**
 * Whether the view says how things are: a quorum confirmed it, or the node belongs to no cluster that could have one.
 * Else it is what one node knows by itself; `mon-cluster` ends with 3 then.
 */
export function isConfirmed(view: ClusterView): boolean {
  return view.quorum || view.cluster === null;
}
