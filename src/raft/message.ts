// What peers say to each other. Plain data: the codec turns it into bytes, the transport carries it.
// A message names no sender; the transport adds who sent it and from which data directory.
// Source: Raft Fig. 2 and Fig. 13, Thesis §3.10 (TimeoutNow), §9.6 (PreVote).

import type { Entry, EntryId, InstallId, LogIndex, NodeId, SnapshotMeta, Term } from './types.js';

/** Asks for a vote, or with `preVote` whether one would be given in `term`, which the asker has not entered. */
export interface RequestVote {
  readonly type: 'requestVote';
  readonly term: Term;
  readonly preVote: boolean;
  /** The old leader asked for this campaign; lifts the withholding in the term after that leader's, only. */
  readonly transfer: boolean;
  readonly last: EntryId;
}

/** Answers RequestVote. A granted pre-vote repeats the term asked for; every other answer carries the voter's term. */
export interface RequestVoteResponse {
  readonly type: 'requestVoteResponse';
  readonly term: Term;
  readonly preVote: boolean;
  readonly granted: boolean;
}

/** What every message of a leader carries: the heartbeat's part. */
export interface LeaderWord {
  readonly term: Term;
  /** Number of the newest heartbeat round that had begun when this left; the answer repeats it. */
  readonly round: number;
  /** The lease that this leader may use; voters withhold votes at least that long. */
  readonly leaseMs: number;
  /** The leader's cluster time when this left. */
  readonly clusterTimeMs: number;
}

/** Replicates entries; without entries it is a heartbeat. */
export interface AppendEntries extends LeaderWord {
  readonly type: 'appendEntries';
  /** The entry just before those sent. */
  readonly prev: EntryId;
  readonly entries: readonly Entry[];
  readonly commitIndex: LogIndex;
}

/** Answers AppendEntries, after what it claims is durable. */
export interface AppendEntriesResponse {
  readonly type: 'appendEntriesResponse';
  readonly term: Term;
  readonly round: number;
  readonly outcome: AppendOutcome;
  /** Why this node must not become primary now, one line for people (promotion.ts); absent: it may. */
  readonly unfit?: string;
}

export type AppendOutcome =
  /** The logs agree up to and including `matchIndex`, which is the end of what the message proved. */
  | { readonly type: 'matched'; readonly matchIndex: LogIndex }
  /** No entry `rejectedIndex` of the asked term here; the logs may agree at or before `hint`. */
  | {
      readonly type: 'conflict';
      readonly rejectedIndex: LogIndex;
      readonly hint: EntryId;
    }
  /** The sender's term is over; `term` says which one runs. */
  | { readonly type: 'stale' };

/** One chunk of a snapshot, sent one at a time; the answer says which offset is wanted next. */
export interface InstallSnapshot extends LeaderWord {
  readonly type: 'installSnapshot';
  readonly meta: SnapshotMeta;
  /** Place of `data` in the snapshot's bytes. */
  readonly offset: number;
  readonly data: Uint8Array;
  /** CRC-32 of `data`, unsigned. */
  readonly checksum: number;
  /** Length of the whole snapshot in bytes. */
  readonly totalBytes: number;
}

/**
 * Answers a chunk: `nextOffset` is wanted next; null: nothing, a witness has this snapshot or a newer one durably.
 * Any other peer answers a snapshot that is whole by AppendEntriesResponse.
 */
export interface InstallSnapshotResponse {
  readonly type: 'installSnapshotResponse';
  readonly term: Term;
  readonly round: number;
  readonly last: EntryId;
  readonly nextOffset: number | null;
}

/** Tells a voter to campaign at once because the leader of `term` hands over to it. */
export interface TimeoutNow {
  readonly type: 'timeoutNow';
  readonly term: Term;
  /** Why, for people; becomes the cause of the reign that follows. */
  readonly cause: string;
  /** An operator named this node; recorded in its reign. */
  readonly isChosen: boolean;
}

/** Asks the leader of `term` from which index on a read is linearizable. */
export interface ReadIndexRequest {
  readonly type: 'readIndexRequest';
  readonly term: Term;
  /** The answer repeats it; never used again by this node. */
  readonly requestId: number;
}

/** Answers ReadIndexRequest, once a quorum has confirmed the leader after the request came. */
export interface ReadIndexResponse {
  readonly type: 'readIndexResponse';
  readonly term: Term;
  readonly requestId: number;
  readonly readIndex: LogIndex;
}

/** The leader's word to a member whose log lacks what it acknowledged to that leader: its disk was set back. */
export interface DiskSetBack {
  readonly type: 'diskSetBack';
  readonly term: Term;
  /** The newest entry that it acknowledged as durable. */
  readonly acknowledged: EntryId;
}

export type Message =
  | RequestVote
  | RequestVoteResponse
  | AppendEntries
  | AppendEntriesResponse
  | InstallSnapshot
  | InstallSnapshotResponse
  | TimeoutNow
  | ReadIndexRequest
  | ReadIndexResponse
  | DiskSetBack;

/** Who sent a message: the node and the data directory behind it. */
export interface Sender {
  readonly id: NodeId;
  readonly installId: InstallId;
}
