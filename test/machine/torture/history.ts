// What clients asked of a cluster and what they were told, in the order in which it happened: the evidence that a torture
// run is judged by. All clients live in one process, so one monotonic clock orders every call and every return.
// An operation is written to its file, one JSON object a line, when it ends; nothing here judges.

import { closeSync, openSync, writeSync } from 'node:fs';

/** A session as an answer showed it. Values are text here, since this workload writes text only. */
export interface SeenSession {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly revision: number;
  readonly createdRevision: number;
}

export interface Put {
  readonly kind: 'put';
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
  /** Null: whatever is there. 0: only if there is none. */
  readonly ifRevision: number | null;
}

export interface Delete {
  readonly kind: 'delete';
  readonly id: string;
  readonly ifRevision: number | null;
}

export interface Get {
  readonly kind: 'get';
  readonly id: string;
}

export type Request = Put | Delete | Get;

/** `place`: index of the log's entry that a write was, or up to which the state that was read had been applied. */
export type Answer =
  | { readonly type: 'session'; readonly place: number; readonly session: SeenSession }
  | { readonly type: 'deleted'; readonly place: number; readonly existed: boolean }
  /** A read of a session that is not there. */
  | { readonly type: 'absent' }
  /** A write whose condition did not hold: the session had this revision, 0 for none. */
  | { readonly type: 'mismatch'; readonly actual: number }
  /** Surely nothing happened. */
  | { readonly type: 'refused'; readonly code: string }
  /** It may have happened, or may still happen. */
  | { readonly type: 'indeterminate'; readonly code: string };

export interface Operation {
  readonly number: number;
  /** A logical thread: after an indeterminate operation its client goes on under another number. */
  readonly process: number;
  /** The node that was asked. */
  readonly node: string;
  readonly request: Request;
  /** Whole microseconds since the run began. */
  readonly callUs: number;
  readonly returnUs: number;
  readonly answer: Answer;
}

/** Whether the answer says what became of the operation and what it saw. */
export function isDone({ type }: Answer): boolean {
  return type !== 'refused' && type !== 'indeterminate';
}

/** Numbers operations and keeps them. */
export class Recorder {
  readonly operations: Operation[] = [];
  readonly #file: number;
  readonly #beganMs = performance.now();
  #operations = 0;
  #processes = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  nowUs(): number {
    return Math.round((performance.now() - this.#beganMs) * 1000);
  }

  nextOperation(): number {
    this.#operations += 1;
    return this.#operations;
  }

  nextProcess(): number {
    this.#processes += 1;
    return this.#processes;
  }

  /** Operations are added when they end. */
  add(operation: Operation): void {
    this.operations.push(operation);
    writeSync(this.#file, `${JSON.stringify(operation)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
