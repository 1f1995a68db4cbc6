// The statuses of gRPC by number, as the labels of its metrics write them in all languages. The list is the protocol's and
// does not change.

const NAMES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;

/** The name of a status of gRPC; `Unknown` for a number that is none. */
export function statusName(status: number): string {
  return NAMES[status] ?? 'Unknown';
}
