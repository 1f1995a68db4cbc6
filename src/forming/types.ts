// The words of forming a first cluster, as plain data: what a node says of itself, what it promises, what goes in and what comes
// out. Read this file first, then README.md for why there are never two clusters. Nothing here acts.

import type { InstallId, Member } from '../raft/types.js';

/** A node as it would stand in the first configuration. */
export type Founder = Omit<Member, 'autoPromote' | 'replaces' | 'patientUntilMs' | 'tags'>;

/** Who is to form the first cluster, as a node was configured. */
export type Plan =
  /** These nodes, by name; sorted, without repeats. */
  | { readonly type: 'hosts'; readonly names: readonly string[] }
  /** Any so many that found each other; sound while fewer than twice as many data directories carry the cluster's name. */
  | { readonly type: 'count'; readonly count: number }
  /** This node forms nothing: it joins a cluster once it hears a member. */
  | { readonly type: 'join' };

/** One attempt at forming, whole: whoever promises it can write the first log without asking anybody. */
export interface Attempt {
  /** Of the cluster that it would found: random, 32 hexadecimal digits; names the attempt too. */
  readonly clusterId: string;
  readonly clusterName: string;
  /** Higher than every number that its coordinator knew of; 1 to `FORMING_LIMITS.numberMax`. */
  readonly number: number;
  /** The founder that alone may found it, or give it up. */
  readonly coordinator: InstallId;
  readonly plan: Exclude<Plan, { type: 'join' }>;
  /** Minimum election timeout of the cluster, in ms. */
  readonly electionTimeoutMs: number;
  /** Only whom an operator names becomes primary. */
  readonly isManual: boolean;
  /** Sorted by id; without repeats of id, install id or name. */
  readonly founders: readonly Founder[];
}

/** What must be durable before a node answers. */
export interface FormingRecord {
  /** No attempt up to this number is ever promised from here on. Only grows. At least the number of `promise`. */
  readonly floor: number;
  /** The one attempt that this node is bound to; null: it is free. */
  readonly promise: Attempt | null;
}

export const FORMING_RECORD_NONE: FormingRecord = { floor: 0, promise: null };

/** What a node tells whoever it meets. */
export interface Announcement {
  readonly clusterName: string;
  readonly who: Founder;
  readonly plan: Plan;
  readonly floor: number;
  /** Cluster id of the attempt that it is bound to; null: none. */
  readonly promised: string | null;
  /** Cluster id of the cluster that it is a working member of; null: none. */
  readonly cluster: string | null;
  /** It belongs, or belonged, to a cluster, so that it forms none. */
  readonly isSpent: boolean;
}

export type FormingBody =
  | { readonly type: 'announce' }
  /** Asks for a promise, and what became of the attempt if it was promised before. */
  | { readonly type: 'propose'; readonly attempt: Attempt }
  | { readonly type: 'answer'; readonly clusterId: string; readonly verdict: Verdict };

/** `promised`: bound to it. `refused`: never bound to it from here on, durably. `founded`: the cluster exists. */
export type Verdict = 'promised' | 'refused' | 'founded';

export interface FormingMessage {
  readonly from: Announcement;
  readonly body: FormingBody;
}

export type FormingInput =
  /** `draw`: 32 random hexadecimal digits, never the same twice. */
  | { readonly type: 'tick'; readonly nowMs: number; readonly draw: string }
  | { readonly type: 'heard'; readonly nowMs: number; readonly message: FormingMessage }
  /** The record asked for last is durable. */
  | { readonly type: 'persisted'; readonly nowMs: number }
  /** This node belongs to that cluster, durably, by whatever way. */
  | { readonly type: 'entered'; readonly nowMs: number; readonly clusterId: string }
  /** Joining failed; `why` for people. */
  | { readonly type: 'joinFailed'; readonly nowMs: number; readonly why: string };

export type FormingOutput =
  | {
      readonly type: 'send';
      /** Peer address, HOST:PORT. */
      readonly address: string;
      readonly to: InstallId;
      readonly message: FormingMessage;
    }
  /** Make it durable, then say `persisted`. One at a time. */
  | { readonly type: 'persist'; readonly record: FormingRecord }
  /** Write the first log of this attempt, then say `entered`. Nothing undoes it. */
  | { readonly type: 'found'; readonly attempt: Attempt }
  /** Ask one of these API addresses for admission, then say `entered` or `joinFailed`. */
  | { readonly type: 'join'; readonly clusterId: string; readonly apis: readonly string[] };

/** What forming is given when it begins. */
export interface FormingOptions {
  readonly self: Founder;
  readonly clusterName: string;
  readonly electionTimeoutMs: number;
  readonly isManual?: boolean;
  readonly plan: Plan;
  readonly record: FormingRecord;
  /** The cluster that this data directory belongs to; null: none. */
  readonly cluster: string | null;
  /** It was removed, or its disk was set back: it forms nothing and leads nobody to its cluster. */
  readonly isEnded: boolean;
  readonly nowMs: number;
  /** How long it listens before it forms anything; 0 where nobody can be heard. */
  readonly listenMs: number;
}

export const FORMING_LIMITS = {
  /** A node that was not heard for so long counts as not there. */
  heardMs: 6000,
  /** Nodes remembered; the one heard longest ago gives way. */
  heardMax: 128,
  /** What a coordinator gives its first attempt before it gives it up; twice as much to each that follows one given up. */
  attemptMs: 5000,
  attemptMaxMs: 40_000,
  /** Between two attempts of a coordinator, at least; as much again at random. */
  pauseMs: 500,
  /** Between two questions of a founder about the attempt that it is bound to. */
  askEveryMs: 1000,
  joinEveryMs: 2000,
  /** Founders of one cluster. */
  foundersMax: 31,
  numberMax: 2 ** 40,
} as const;
