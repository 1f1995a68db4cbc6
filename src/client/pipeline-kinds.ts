// The pipelined streams of the API as plain data: which operation of a stream is which call, and its error as the call's.
// Both ends use it, and a member that passes a stream on. Pure.

import { QuorateError } from '../errors.js';
import type { ErrorData } from '../errors.js';
import type {
  OperationError,
  OperationError__Output,
} from '../generated/quorate/v1/OperationError.js';
import { SESSIONS, STORE } from './protos.js';
import { errorFromInfo, infoOf } from './status-details.js';

/** Bounds of every pipelined stream. */
export const PIPELINE_LIMITS = {
  /** Operations in one message. */
  messageOperationsMax: 512,
  /** Bytes of one operation, and of one message. */
  messageBytesMax: 1.5 * 1024 * 1024,
  /** Operations, and bytes of them, that a member takes before it has answered; it then reads no further. */
  outstandingOperationsMax: 1024,
  outstandingBytesMax: 4 * 1024 * 1024,
  /** Of one operation. */
  timeoutMaxMs: 60_000,
} as const;

/** A stream: its own method, and the method that each field of an operation stands for. */
export interface PipelineKind {
  readonly method: PipelineMethod;
  readonly fields: Readonly<Record<string, { readonly path: string }>>;
}

/** What grpc-js needs to know of the method, whatever its messages are. */
interface PipelineMethod {
  readonly path: string;
  readonly requestSerialize: (request: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => { readonly results: readonly unknown[] };
}

export const STORE_PIPELINE = {
  method: STORE.Pipeline,
  fields: { put: STORE.Put, get: STORE.Get, delete: STORE.Delete, transact: STORE.Transact },
} as const satisfies PipelineKind;

export const SESSIONS_PIPELINE = {
  method: SESSIONS.Pipeline,
  fields: { put: SESSIONS.Put, get: SESSIONS.Get, touch: SESSIONS.Touch, delete: SESSIONS.Delete },
} as const satisfies PipelineKind;

/** What one operation is answered: the answer of its call in the field of that name, or `error`. */
export type PipelineAnswer = Readonly<Record<string, object | null | undefined>> & {
  readonly error?: OperationError__Output | null;
};

/** The field of an operation that stands for a call. */
export function fieldFor({ fields }: PipelineKind, path: string): string {
  const found = Object.entries(fields).find(([, method]) => method.path === path);
  if (found === undefined) throw new Error(`${path} has no pipelined stream`);
  return found[0];
}

/** A request of the stream with one operation, serialised. `timeoutMs`: for the member that gets it. */
export function operationBytes(
  { method }: PipelineKind,
  field: string,
  request: unknown,
  timeoutMs: number,
): Buffer {
  const operation = {
    [field]: request,
    timeoutMs: Math.min(timeoutMs, PIPELINE_LIMITS.timeoutMaxMs),
  };
  return method.requestSerialize({ operations: [operation] } as never);
}

/** The answer of the call that a field stands for. */
export function answerIn(answer: PipelineAnswer, field: string, address: string): object {
  const found = answer[field];
  if (found !== undefined && found !== null) return found;
  throw new QuorateError('INTERNAL', `${address} answered another operation than was asked`);
}

/** An error for a message. `extra`: as `statusFor`. */
export function operationError(error: QuorateError, extra: ErrorData): OperationError {
  const { reason, metadata } = infoOf(error, extra);
  return { code: error.grpcCode, message: error.message, reason, details: { ...metadata } };
}

/** The error behind what a member told of an operation; a reason of a later version ends as INTERNAL, which names it. */
export function errorOfOperation({
  message,
  reason,
  details,
}: OperationError__Output): QuorateError {
  const known = errorFromInfo(reason, message, details);
  return known ?? new QuorateError('INTERNAL', `${message} (${reason})`, details);
}
