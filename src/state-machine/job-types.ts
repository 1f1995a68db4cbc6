// What a job of the work ledger is, what clients and workers ask of it, what they are answered, and the bounds, as plain data.
// How jobs change stands in jobs.ts.

import type { LogIndex } from '../raft/types.js';
import type { ClientRequest } from './command.js';

/** waiting: claimable once its time has come. The last three are its ends. */
export const JOB_STATUSES = ['waiting', 'claimed', 'done', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** A piece of a job that was done once and is not done again. */
export interface JobStep {
  readonly name: string;
  readonly result: Uint8Array;
  /** The reign under which it was recorded. */
  readonly epoch: LogIndex;
  /** Index of the entry that recorded it. */
  readonly revision: LogIndex;
}

/** By which a worker proves that the job is still its own. */
export interface JobClaimId {
  /** The reign under which it was claimed. */
  readonly epoch: LogIndex;
  /** Index of the entry that claimed it: tells two claims under one reign apart. */
  readonly token: LogIndex;
}

/** A worker's right to do a job. */
export interface JobClaim extends JobClaimId {
  /** What the worker calls itself. */
  readonly worker: string;
  /** Cluster time at which the claim lapses unless something is heard of the worker. */
  readonly deadlineMs: number;
}

/** What a job is told to be when it is submitted. */
export interface JobWish {
  readonly id: string;
  readonly type: string;
  readonly payload: Uint8Array;
  /** Another worker may go on behind its recorded steps; else it fails when its worker is gone. */
  readonly isResumable: boolean;
  /** Failures after which it has failed for good, at least 1. */
  readonly attemptsMax: number;
  /** Pause before the second attempt; doubles with each failure, up to the maximum. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  /** How long a claim lasts without a word of its worker. */
  readonly heartbeatMs: number;
}

export interface Job extends JobWish {
  readonly status: JobStatus;
  /** Cluster time from which it may be claimed; 0 unless it waits. */
  readonly readyAtMs: number;
  /** Null unless it is claimed. */
  readonly claim: JobClaim | null;
  /** Failures so far, without those that a fail-over caused. */
  readonly failures: number;
  /** How often it changed hands because a reign ended. */
  readonly moves: number;
  /** Why it shall end; null: nobody asked. Its worker is told. */
  readonly cancelReason: string | null;
  /** In the order in which they were recorded; names differ. */
  readonly steps: readonly JobStep[];
  /** What its worker said of it when it was done. */
  readonly result: Uint8Array;
  /** Why it failed the last time, or was cancelled; empty: it did not. */
  readonly reason: string;
  /** Cluster time at which it was submitted. */
  readonly submittedAtMs: number;
  readonly createdRevision: LogIndex;
  /** Index of the entry that last changed it; a heartbeat does not. */
  readonly revision: LogIndex;
}

/** What a worker says of a job that it has claimed. */
export type JobReport =
  | { readonly type: 'heartbeat' }
  | { readonly type: 'step'; readonly name: string; readonly result: Uint8Array }
  | { readonly type: 'done'; readonly result: Uint8Array }
  /** `isFinal`: whatever attempts are left. */
  | { readonly type: 'failed'; readonly reason: string; readonly isFinal: boolean };

interface Asked {
  readonly requestId: string;
  readonly client: ClientRequest | null;
}

/** What clients and workers do to jobs. */
export type JobCommand =
  /** Submitted again with the same content, it is the same job. */
  | (Asked & JobWish & { readonly kind: 'submitJob'; readonly delayMs: number })
  | (Asked & {
      /** Claims the job of these types that has waited for longest, if there is one. */
      readonly kind: 'claimJob';
      readonly types: readonly string[];
      readonly worker: string;
      /** Refused unless it is the running reign's. */
      readonly epoch: LogIndex;
    })
  | (Asked & {
      readonly kind: 'reportJob';
      readonly id: string;
      readonly claim: JobClaimId;
      readonly report: JobReport;
    })
  /** Ends it if it waits, else tells its worker. */
  | (Asked & { readonly kind: 'cancelJob'; readonly id: string; readonly reason: string })
  /** Lets one that failed or was cancelled wait again. */
  | (Asked & { readonly kind: 'retryJob'; readonly id: string });

/** Proposed by the leader: nothing was heard of these workers in time. A claim that no longer fits is left alone. */
export interface LapseJobs {
  readonly kind: 'lapseJobs';
  readonly claims: readonly { readonly id: string; readonly token: LogIndex }[];
}

export type JobResult =
  | {
      readonly type: 'job';
      readonly id: string;
      /** Of the job after the request. */
      readonly revision: LogIndex;
      /** Of a job that is submitted or a step that is recorded: false if it was there before. */
      readonly isNew: boolean;
    }
  /** Null: none waits. `token` is then 0. */
  | { readonly type: 'jobClaim'; readonly id: string | null; readonly token: LogIndex };

export type JobRefusal =
  | { readonly reason: 'jobNotFound'; readonly id: string }
  /** Another one has this id. */
  | { readonly reason: 'jobExists'; readonly id: string }
  /** It has come too far for the request. */
  | { readonly reason: 'jobStatus'; readonly id: string; readonly status: JobStatus }
  /** The claim is over; `epoch` is the running claim's, 0 if nobody has claimed it. */
  | {
      readonly reason: 'jobClaimLost';
      readonly id: string;
      readonly status: JobStatus;
      readonly epoch: LogIndex;
    }
  /** The reign is over, or none runs; `epoch` is the running one's, 0 if none runs. */
  | { readonly reason: 'staleEpoch'; readonly asked: LogIndex; readonly epoch: LogIndex }
  | { readonly reason: 'jobLimit'; readonly detail: string };

/** Bounds of jobs; the service checks requests, the state machine what they would make of it. */
export const JOB_LIMITS = {
  idBytesMax: 512,
  typeBytesMax: 255,
  workerBytesMax: 255,
  /** Types in one claim. */
  typesMax: 32,
  payloadBytesMax: 256 * 1024,
  stepNameBytesMax: 255,
  /** Of a step, and of the whole job. */
  resultBytesMax: 64 * 1024,
  stepsMax: 256,
  reasonBytesMax: 1024,
  /** Payload, steps and result of one job together: it has to fit into an answer. */
  jobBytesMax: 1024 * 1024,
  attemptsMax: 1000,
  attemptsDefault: 1,
  backoffMaxMs: 24 * 60 * 60 * 1000,
  backoffDefaultMs: 1000,
  backoffMaxDefaultMs: 5 * 60 * 1000,
  delayMaxMs: 7 * 24 * 60 * 60 * 1000,
  heartbeatMinMs: 1000,
  heartbeatMaxMs: 24 * 60 * 60 * 1000,
  heartbeatDefaultMs: 30_000,
  /** Jobs that have not ended. */
  unfinishedMax: 10_000,
  /** Jobs that have ended and are remembered, the newest of them. */
  finishedMax: 1000,
  finishedBytesMax: 32 * 1024 * 1024,
  /** All jobs together. */
  bytesMax: 128 * 1024 * 1024,
  /** Claims in one lapseJobs command. */
  lapseBatchMax: 256,
} as const;
