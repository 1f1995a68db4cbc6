// What the driver offers to the service, to the composition root and to the simulator, as plain types.
// Every call that waits has a deadline on the node's own clock and ends in exactly one outcome; `Node` (node.ts)
// has the methods described by `NodeApi`.

import type { HeldBack } from '../raft/feature-level.js';
import type { Refusal, Wish } from '../raft/input.js';
import type { Message, Sender } from '../raft/message.js';
import type {
  Configuration,
  ConfigChange,
  EntryId,
  InstallId,
  LogIndex,
  NodeId,
  Software,
  Term,
} from '../raft/types.js';
import type { ClusterState } from '../state-machine/cluster-state.js';
import type { ApplyResult, Command } from '../state-machine/command.js';
import type { FirstSettings, Founding } from './founding.js';
import type { ClusterIdentity, Done } from './ports.js';

/** Why a node itself, rather than its role, says no. */
export type NodeRefusal =
  | Refusal
  /** The command needs a higher feature level than the cluster is at. */
  | {
      readonly reason: 'featureLevel';
      readonly needed: number;
      readonly level: number;
      readonly heldBackBy: readonly HeldBack[];
    }
  /** This node belongs to no cluster. */
  | { readonly reason: 'clean' }
  /** This node already belongs to a cluster. */
  | { readonly reason: 'alreadyMember' }
  /** Its disk failed; it neither votes nor leads. */
  | { readonly reason: 'degraded' }
  /** It was removed from its cluster. */
  | { readonly reason: 'removed' }
  /** The daemon is stopping. */
  | { readonly reason: 'stopping' };

/** The ways in which a write can end. */
export type WriteOutcome =
  /** Committed and applied as this entry; `result` may itself be a refusal by the state. */
  | {
      readonly type: 'applied';
      readonly entry: EntryId;
      readonly result: ApplyResult;
    }
  /** Never appended: safe to try again, here or elsewhere. */
  | { readonly type: 'refused'; readonly refusal: NodeRefusal }
  /** Appended, then replaced by another leader's entry: it never happened, safe to try again. */
  | { readonly type: 'overwritten' }
  /** The deadline passed, or the node stopped, and it may still happen. */
  | { readonly type: 'indeterminate' };

/** How a keep-alive of sessions ends. */
export type RenewOutcome =
  /** Committed deadlines in cluster time, in the order asked; null: there is no such session. */
  | { readonly type: 'renewed'; readonly deadlinesMs: readonly (number | null)[] }
  | Exclude<WriteOutcome, { type: 'applied' }>;

/** How a linearizable read's barrier ends. */
export type ReadOutcome =
  /** Read `Node.state` now, in this very call. */
  | { readonly type: 'ready'; readonly readIndex: LogIndex }
  | { readonly type: 'refused'; readonly refusal: NodeRefusal }
  /** No quorum confirmed the leader before the deadline. */
  | { readonly type: 'noQuorum' };

/** How a change of members or a hand-over ends. */
export type ChangeOutcome =
  /** In force: the change is committed and joint is left; or the target's activation was applied. */
  | { readonly type: 'done' }
  | { readonly type: 'refused'; readonly refusal: NodeRefusal }
  /** A hand-over that did not happen; this node goes on, or resumes by a new term. */
  | { readonly type: 'abandoned'; readonly why: string }
  | { readonly type: 'indeterminate' };

/** Whom a leader is to hand over to, and why. */
export interface HandOver {
  readonly to: NodeId;
  readonly cause: string;
  /** An operator named the target: priority leaves it alone until the next unplanned fail-over. */
  readonly isChosen: boolean;
}

export interface PeerStatus {
  readonly id: NodeId;
  readonly matchIndex: LogIndex;
  /** Milliseconds since it last answered this leader; null: not yet. */
  readonly lastContactMs: number | null;
  /** Why it must not become primary, as it said last; null: it may. */
  readonly unfit: string | null;
}

export interface NodeStatus {
  readonly nodeId: NodeId;
  readonly installId: InstallId;
  /** Null: clean. */
  readonly cluster: ClusterIdentity | null;
  /** `member` covers learners and voters alike. */
  readonly condition: 'clean' | 'member' | 'removed' | 'degraded';
  /** Why it is degraded; null: it is not. */
  readonly trouble: 'diskFailed' | 'setBack' | null;
  /** Null on a clean node; a pre-candidate counts as candidate. */
  readonly role: 'leader' | 'follower' | 'candidate' | 'learner' | null;
  readonly term: Term;
  readonly leaderId: NodeId | null;
  /** In force, that is: as last appended. */
  readonly configuration: Configuration;
  /** A write has been on its way to the disk for an election timeout: the node neither votes nor leads meanwhile. */
  readonly isDiskOverdue: boolean;
  /** Voters of the newest change that is complete: committed and out of joint. Bound to survive whoever dies now. */
  readonly settledVoters: readonly NodeId[];
  readonly commitIndex: LogIndex;
  readonly lastApplied: LogIndex;
  readonly lastLogIndex: LogIndex;
  /** Primary at this moment: own activation applied, its lease holds, the bound has passed. */
  readonly isPrimary: boolean;
  /** What is left of that right at this moment, unless a quorum renews it; null: not primary. */
  readonly leaseRemainingMs: number | null;
  /** It leads, nobody is primary, and only an operator's order makes it primary. */
  readonly isAwaited: boolean;
  /** Why this node must not be primary now: its health checks, or its hook before promotion; null: it may. */
  readonly unfit: string | null;
  /** Of the newest applied activation; 0 before the first. */
  readonly epoch: LogIndex;
  /** As applied here. */
  readonly featureLevel: number;
  /** Leaders only: members that keep the feature level from rising; else empty. */
  readonly heldBackBy: readonly HeldBack[];
  /** Leaders only: members whose disk was found set back, who count for nothing until replaced; else empty. */
  readonly setBack: readonly NodeId[];
  /** Leaders only, without the node itself and those set back; else empty. */
  readonly peers: readonly PeerStatus[];
  /** Milliseconds since this node last knew itself up to date with a live leader (0: it leads with a quorum); null: never. */
  readonly stalenessMs: number | null;
  /**
   * Committed entries that are not applied here, as a live leader told within the election timeout; null: none was heard
   * since, or, on the leader itself, no quorum.
   */
  readonly lagEntries: number | null;
}

/** What every request looks at: the part of a status that costs next to nothing. */
export type NodeOutline = Pick<
  NodeStatus,
  | 'nodeId'
  | 'installId'
  | 'cluster'
  | 'condition'
  | 'trouble'
  | 'role'
  | 'term'
  | 'leaderId'
  | 'configuration'
  | 'lastApplied'
>;

export interface NodeApi {
  /** The state machine as applied so far; read it inside callbacks or at once, it changes between turns. */
  readonly state: ClusterState;
  status(): NodeStatus;
  outline(): NodeOutline;
  /** As in the status. Default: now; many ask in one turn, and a reading of the node's clock is a call of the system. */
  stalenessMs(nowMs?: number): number | null;
  /** Cluster time now, as far as this node knows; for remaining lives. */
  clusterTimeMs(): number;

  /** `deadlineMs` is a time on the node's clock, as everywhere here. */
  propose(command: Command, deadlineMs: number, done: (outcome: WriteOutcome) => void): void;
  read(deadlineMs: number, done: (outcome: ReadOutcome) => void): void;
  /** Keeps sessions alive, at most `SESSION_LIMITS.renewBatchMax`; asking again is harmless. */
  renew(ids: readonly string[], deadlineMs: number, done: (outcome: RenewOutcome) => void): void;
  /**
   * Uses the state now, under the primary's lease and without asking a quorum; null: not primary, or the lease ended
   * while it was used. As fresh as a linearizable read as long as clock rates differ by less than 5 %.
   */
  leased<T>(use: () => T): { readonly value: T } | null;
  changeConfiguration(
    change: ConfigChange,
    cause: string,
    deadlineMs: number,
    done: (outcome: ChangeOutcome) => void,
  ): void;
  /**
   * Leader only. `done` when the target's activation is applied here; where only an operator makes somebody primary and
   * `isChosen` is not set, once somebody else leads. A leader that waits for an operator may be named itself.
   */
  setPrimary(order: HandOver, deadlineMs: number, done: (outcome: ChangeOutcome) => void): void;

  /** Why this wish would be refused now, by the checks of the two calls above; null: it would begin. Changes nothing. */
  whyRefused(wish: Wish): NodeRefusal | null;

  /**
   * Calls `listener` after each turn in which something was applied or restored; answers how to end that. What it throws
   * ends the daemon.
   */
  onApplied(listener: () => void): () => void;
  /** A member that knows said that this node was removed: it is REMOVED from here on, also after a restart. */
  removed(): void;
  /**
   * Whether this node was a member and is none any more, for certain: by what is committed, and never again, since ids are
   * never reused. False as well if this node has not heard of it yet, or has forgotten it.
   */
  wasRemoved(id: NodeId): boolean;
  /**
   * What this node's own health checks say, one line for people; null: nothing against its being primary. Counts until it is
   * said anew; null before anything was said.
   */
  setHealth(why: string | null): void;
  /** Makes this clean node the first voter of a new cluster; durable when `done` is called. */
  startCluster(settings: FirstSettings, nodeName: string, cause: string, done: Done): void;
  /** Makes this clean node a voter of a new cluster as its founders agreed; durable when `done` is called. */
  foundCluster(founding: Founding, done: Done): void;
  /** Makes this clean node a learner-to-be of the cluster that admitted it; durable when `done` is called. */
  adoptCluster(cluster: ClusterIdentity, done: Done): void;

  /** Another node's process said who it is and what it runs; call it before any message of that process. */
  greeted(from: Sender, software: Software): void;
  receive(from: Sender, message: Message): void;
  tick(lateMs: number): void;
  /** Refuses new work and ends every waiting call; what is on its way to the disk is not waited for. */
  stop(): void;
}
