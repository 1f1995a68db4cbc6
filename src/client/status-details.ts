// A QuorateError as a gRPC status, and back: canonical code, sentence, and a google.rpc.ErrorInfo in the trailers.
// The way back is needed where this node is itself a client: it forwards, joins and asks other nodes.

import { Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { ERROR_DOMAIN, GRPC_CODES, hintFor, isErrorCode, QuorateError } from '../errors.js';
import type { ErrorData, Outcome } from '../errors.js';
import type { ErrorInfo__Output } from '../generated/google/rpc/ErrorInfo.js';
import { ERROR_INFO, RPC_STATUS } from './protos.js';
import { inWords } from './trouble-words.js';

/** Answers that are larger are refused by the client. Beyond the largest page and the largest session. */
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** How grpc-js begins the details of a status that it made from an HTTP status, having got none of gRPC. */
const HTTP_STATUS = 'Received HTTP status code';
const DETAILS_KEY = 'grpc-status-details-bin';
const ERROR_INFO_URL = 'type.googleapis.com/google.rpc.ErrorInfo';

/** What a google.rpc.ErrorInfo says of an error. */
interface SaidOfError {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Record<string, string>;
}

/** What grpc-js answers a failed call with. */
export interface StatusAnswer {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** The status for an error. `extra` is metadata that every answer carries, such as who leads; the error's own wins. */
export function statusFor(error: QuorateError, extra: ErrorData = {}): StatusAnswer {
  const { message, grpcCode: code } = error;
  const info = ERROR_INFO.serialize(infoOf(error, extra));
  const details = [{ type_url: ERROR_INFO_URL, value: info }];
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, RPC_STATUS.serialize({ code, message, details }));
  return { code, details: message, metadata };
}

/** The google.rpc.ErrorInfo for an error; `extra` as for `statusFor`. */
export function infoOf(error: QuorateError, extra: ErrorData): SaidOfError {
  const { code: reason, data, outcome, hint, isRetryable } = error;
  const retryable = String(isRetryable);
  const metadata = { ...extra, ...data, outcome, retryable, hint };
  return { reason, domain: ERROR_DOMAIN, metadata };
}

/** The error behind a status that another node answered; null if it carries no reason of ours. */
export function errorFromStatus(status: ServiceError): QuorateError | null {
  const info = errorInfo(status);
  if (info === null || info.domain !== ERROR_DOMAIN) return null;
  return errorFromInfo(info.reason, status.details, info.metadata, status);
}

/** The error that a reason and its metadata tell; null if the reason is not known here. */
export function errorFromInfo(
  reason: string,
  message: string,
  metadata: ErrorData,
  cause?: unknown,
): QuorateError | null {
  if (!isErrorCode(reason)) return null;
  const { outcome, hint, retryable: _, ...data } = metadata;
  return new QuorateError(reason, message, data, {
    cause,
    ...(isOutcome(outcome) ? { outcome } : {}),
    ...(hint === undefined ? {} : { hint }),
  });
}

/**
 * The error for a status without a reason of ours: the connection, or gRPC itself, said it.
 * `mayHaveHappened`: the request had left and would have changed something.
 */
export function transportError(
  status: ServiceError,
  address: string,
  mayHaveHappened: boolean,
): QuorateError {
  const { code, details } = status;
  const data = { address };
  const cause = status;
  if (code === GRPC_CODES.UNIMPLEMENTED && !details.startsWith(HTTP_STATUS)) {
    return new QuorateError('UNIMPLEMENTED', `${address} does not know this request`, data);
  }
  const isAnswerTooLarge = details.endsWith(`vs ${ANSWER_BYTES_MAX})`);
  if (details.startsWith('Received message larger than max') && !isAnswerTooLarge) {
    const limits = { ...data, field: 'the request', limit: '1.5 MiB' };
    return new QuorateError('TOO_LARGE', `${address} takes no request of that size`, limits, {
      cause,
    });
  }
  if (code === GRPC_CODES.RESOURCE_EXHAUSTED && !mayHaveHappened && !isAnswerTooLarge) {
    return new QuorateError('OVERLOADED', `${address} has too many requests in progress`, data, {
      cause,
    });
  }
  const isForeign = details.startsWith(HTTP_STATUS) || isAnswerTooLarge;
  const isLate = code === GRPC_CODES.DEADLINE_EXCEEDED;
  const why = isForeign ? 'what answers there is no daemon' : inWords(details);
  if (mayHaveHappened && code !== GRPC_CODES.UNIMPLEMENTED) {
    const what = isLate ? 'came in time' : 'came';
    const message = `no answer ${what} from ${address} after the request was sent`;
    const whole = isLate ? message : `${message}: ${why}`;
    return new QuorateError('INDETERMINATE', whole, data, { cause });
  }
  if (isLate) {
    const message = `${address} took the request and did not answer in time`;
    return new QuorateError('UNREACHABLE', message, data, {
      cause,
      hint: hintFor('DEADLINE_EXCEEDED', data),
    });
  }
  return new QuorateError('UNREACHABLE', `${address} did not answer: ${why}`, data, { cause });
}

function errorInfo(status: ServiceError): ErrorInfo__Output | null {
  const bytes = status.metadata?.get(DETAILS_KEY)[0];
  if (!Buffer.isBuffer(bytes)) return null;
  try {
    const detail = RPC_STATUS.deserialize(bytes).details.find(
      ({ type_url: url }) => url === ERROR_INFO_URL,
    );
    return detail === undefined ? null : ERROR_INFO.deserialize(detail.value);
  } catch {
    // Bytes of somebody else's making say nothing about the request.
    return null;
  }
}

function isOutcome(value: string | undefined): value is Outcome {
  return value === 'refused' || value === 'overwritten' || value === 'indeterminate';
}
