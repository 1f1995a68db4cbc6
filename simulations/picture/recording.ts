// All that happened in a run, as plain data: what a picture is drawn from and what the exports are made of. Times are
// simulated true time in microseconds.

import type { Verdict } from '../run.js';
import type { TraceEvent } from '../trace.js';
import type { Operation as Judged } from '../linearizability/operation.js';
import type { Operation } from '../operation.js';

export const ROLES = ['none', 'follower', 'preCandidate', 'candidate', 'leader'] as const;

/** A node as it stood from `atUs` on. */
export interface NodeState {
  readonly atUs: number;
  readonly isUp: boolean;
  readonly isPaused: boolean;
  /** `none`: it is down, or belongs to no cluster yet. */
  readonly role: (typeof ROLES)[number];
  readonly isPrimary: boolean;
  readonly isVoter: boolean;
  readonly term: number;
  readonly votedFor: number | null;
  readonly leaderId: number | null;
  readonly commitIndex: number;
  readonly lastApplied: number;
  readonly lastIndex: number;
  /** Last index below which the log was compacted. */
  readonly compactedIndex: number;
}

export interface RecordedNode {
  readonly id: number;
  /** Absent: it is called by its number. */
  readonly name?: string;
  readonly isWitness: boolean;
  /** In order of time; each differs from the one before. */
  readonly states: readonly NodeState[];
}

/** A message; one delivered twice stands here twice. */
export interface RecordedMessage {
  readonly from: number;
  readonly to: number;
  readonly type: string;
  readonly text: string;
  readonly sentUs: number;
  /** Null: it never arrived. */
  readonly arrivedUs: number | null;
  /** Places among `events` of its sending and its arrival. */
  readonly sent: number;
  readonly arrived: number | null;
}

export interface Recording {
  readonly title: string;
  readonly seed: string;
  readonly hash: string;
  readonly verdict: Verdict;
  readonly untilUs: number;
  readonly events: readonly TraceEvent[];
  readonly nodes: readonly RecordedNode[];
  readonly messages: readonly RecordedMessage[];
  /** As they ended, or as they began if they never did. */
  readonly operations: readonly Operation[];
  /** Those on sessions, as the linearizability checker reads them. */
  readonly sessions: readonly Judged[];
}
