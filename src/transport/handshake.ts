// The first words between two nodes: who calls whom, in which cluster, with which timers and features.
// Messages of another cluster must never reach the core, and nodes whose timers differ would break the lease argument,
// so both are refused before any message is read. The decision is a pure function.

import { FieldReader } from '../codec/field-reader.js';
import { unspoken } from '../raft/software.js';
import type { Sender } from '../raft/message.js';
import { FEATURE_LEVEL_FIRST } from '../raft/types.js';
import type { InstallId, NodeId } from '../raft/types.js';
import type { Hello as HelloFields, Hello__Output } from '../generated/quorate/raft/v1/Hello.js';

/** The node that runs here. */
export interface LocalNode {
  readonly nodeId: NodeId;
  readonly installId: InstallId;
  /** Drawn anew by each start of the daemon, 16 hexadecimal digits: tells a restart from a second daemon. */
  readonly incarnation: string;
  /** Software version, for people. */
  readonly version: string;
  /** Lowest and highest feature level that this node speaks. */
  readonly featureMin: number;
  readonly featureMax: number;
  /** Where peers reach this node, HOST:PORT; asked at each greeting, since the port may be known only then. */
  readonly advertised: () => string;
}

/** What the members of one cluster have in common. */
export interface ClusterFacts {
  readonly clusterId: string;
  readonly clusterName: string;
  /** Minimum election timeout. */
  readonly electionTimeoutMs: number;
}

/** What a caller says first. */
export interface Hello extends ClusterFacts {
  readonly from: Sender;
  /** Which start of that data directory's daemon. */
  readonly incarnation: string;
  /** Where the caller says it is reached, HOST:PORT. */
  readonly fromAddress: string;
  /** The node that the caller believes it is calling. */
  readonly toNodeId: NodeId;
  readonly featureMin: number;
  readonly featureMax: number;
  readonly version: string;
}

/** Part of the wire format; never renamed. */
export type RefusalReason =
  | 'WRONG_CLUSTER'
  | 'WRONG_NODE'
  | 'NOT_A_MEMBER'
  | 'REMOVED'
  | 'STILL_HEARD'
  | 'RUNS_TWICE'
  | 'TIMERS_DIFFER'
  | 'FEATURES_DIFFER'
  | 'LEVEL_UNSPOKEN';

export type Admission =
  | { readonly type: 'accepted' }
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly detail: string };

/**
 * The policy of a node: whoever is of the same cluster and means this node is heard, member or not, because
 * a newcomer may not know yet that it is one, nor a removed node that it is none (Raft §6).
 * `cluster` null: this node belongs to no cluster and refuses everybody. `wasRemoved`: what this node's applied state knows
 * for certain; ids are never used again, so who was removed is told so and needs no answer. `featureLevel`: of the cluster,
 * at least; it never falls, so whoever speaks none so high is refused for good. Who has unlearned it is not, since this
 * node may be behind; its own disk, or the leader whom it asks to join, tells it.
 */
export function admitByCluster(
  local: LocalNode,
  cluster: ClusterFacts | null,
  hello: Hello,
  wasRemoved: (id: NodeId) => boolean = () => false,
  featureLevel = FEATURE_LEVEL_FIRST,
): Admission {
  if (cluster === null) return refused('NOT_A_MEMBER', 'this node belongs to no cluster');
  if (hello.clusterId !== cluster.clusterId) {
    const ours = `${cluster.clusterName} (${cluster.clusterId})`;
    const theirs = `${hello.clusterName} (${hello.clusterId})`;
    return refused('WRONG_CLUSTER', `this node is of cluster ${ours}, the caller of ${theirs}`);
  }
  if (hello.toNodeId !== local.nodeId) {
    return refused(
      'WRONG_NODE',
      `this is node ${local.nodeId}, the caller wanted node ${hello.toNodeId}`,
    );
  }
  if (wasRemoved(hello.from.id)) {
    return refused('REMOVED', `it was removed from cluster ${cluster.clusterName}`);
  }
  if (hello.electionTimeoutMs !== cluster.electionTimeoutMs) {
    const ours = `${cluster.electionTimeoutMs} ms`;
    const theirs = `${hello.electionTimeoutMs} ms`;
    return refused('TIMERS_DIFFER', `the election timeout here is ${ours}, the caller's ${theirs}`);
  }
  if (hello.featureMax < local.featureMin || hello.featureMin > local.featureMax) {
    const ours = `${local.featureMin} to ${local.featureMax}`;
    const theirs = `${hello.featureMin} to ${hello.featureMax}`;
    return refused(
      'FEATURES_DIFFER',
      `this node speaks feature levels ${ours}, the caller ${theirs}`,
    );
  }
  if (hello.featureMax < featureLevel) {
    return refused('LEVEL_UNSPOKEN', unspoken(hello, featureLevel));
  }
  return { type: 'accepted' };
}

/** Hello as it travels. */
export function helloTo(local: LocalNode, cluster: ClusterFacts, toNodeId: NodeId): HelloFields {
  return {
    clusterId: cluster.clusterId,
    clusterName: cluster.clusterName,
    fromNodeId: local.nodeId,
    fromInstallId: local.installId,
    fromIncarnation: local.incarnation,
    fromAddress: local.advertised(),
    toNodeId,
    electionTimeoutMs: cluster.electionTimeoutMs,
    featureMin: local.featureMin,
    featureMax: local.featureMax,
    version: local.version,
  };
}

const CLUSTER_ID = /^[0-9a-f]{32}$/;
/** Names and versions are for people; longer ones are cut before they reach a log line. */
const TEXT_LENGTH_MAX = 128;
/** A host name has at most 253 characters; a colon and a port follow. */
const ADDRESS_LENGTH_MAX = 260;

/** Checks what arrived. Throws `CodecError` if it is no Hello that a node would send. */
export function readHello(fields: Hello__Output): Hello {
  const { fromNodeId, fromInstallId, fromIncarnation, toNodeId } = fields;
  const values = [fromNodeId, fromInstallId, fromIncarnation, toNodeId];
  const reader = new FieldReader('greeting', values);
  const from = { id: reader.nodeId('fromNodeId'), installId: reader.installId('fromInstallId') };
  if (!CLUSTER_ID.test(fields.clusterId))
    throw reader.damaged('clusterId is not 32 hexadecimal digits');
  return {
    clusterId: fields.clusterId,
    clusterName: fields.clusterName.slice(0, TEXT_LENGTH_MAX),
    from,
    fromAddress: fields.fromAddress.slice(0, ADDRESS_LENGTH_MAX),
    incarnation: reader.installId('fromIncarnation'),
    toNodeId: reader.nodeId('toNodeId'),
    electionTimeoutMs: fields.electionTimeoutMs,
    featureMin: fields.featureMin,
    featureMax: fields.featureMax,
    version: fields.version.slice(0, TEXT_LENGTH_MAX),
  };
}

function refused(reason: RefusalReason, detail: string): Admission {
  return { type: 'refused', reason, detail };
}
