// What every public error code says beside its name: its canonical gRPC code, the exit code of the command line, what became of the request,
// and what to do next. The codes themselves stand in errors.ts.

/** Canonical gRPC codes by name. Source: grpc/doc/statuscodes.md. */
export const GRPC_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcCodeName = keyof typeof GRPC_CODES;

/** Exit codes of the command line. `fatal` is EX_SOFTWARE of sysexits.h: a daemon that may be wrong must not go on. */
export const EXIT_CODES = { done: 0, failed: 1, wrongUsage: 2, noAnswer: 3, fatal: 70 } as const;

/**
 * What became of the request. refused: nothing happened. overwritten: it was appended and then never happened.
 * indeterminate: it may have happened or may still happen.
 */
export type Outcome = 'refused' | 'overwritten' | 'indeterminate';

export interface ErrorKind {
  readonly grpc: GrpcCodeName;
  readonly exit: (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
  readonly outcome: Outcome;
  /** The same request may succeed later without anybody doing anything else. */
  readonly isRetryable: boolean;
  /** What to do next; `{key}` is filled from the error's data, or stands as KEY where the data has none. */
  readonly hint: string;
}

/** A row of the table; unless said otherwise nothing happened, and the same request would fail again. */
export function kind(
  grpc: GrpcCodeName,
  exit: keyof typeof EXIT_CODES,
  hint: string,
  more: Partial<Pick<ErrorKind, 'outcome' | 'isRetryable'>> = {},
): ErrorKind {
  const isRetryable = more.isRetryable ?? false;
  return { grpc, exit: EXIT_CODES[exit], outcome: more.outcome ?? 'refused', isRetryable, hint };
}

/** For `kind`: the same request may succeed later. */
export const RETRYABLE = { isRetryable: true } as const;
