// The table of public error codes: what a refusal is called, its canonical gRPC code, the exit code that the command
// line ends with, and what to do next. A reason, once released, keeps its name and its meaning; programs match on it.
// Knows no library: the service turns a QuorateError into a gRPC status, the client turns it back.

import { GRPC_CODES, kind, RETRYABLE } from './error-kind.js';
import type { ErrorKind, Outcome } from './error-kind.js';
import { FACT_ERRORS } from './fact-errors.js';

export { EXIT_CODES, GRPC_CODES } from './error-kind.js';
export type { Outcome } from './error-kind.js';

/** `domain` of the ErrorInfo in status details. */
export const ERROR_DOMAIN = 'quorate';

/** Every public error code. The command line prints the key as `code`, gRPC carries it as `reason`. */
export const ERRORS = {
  // Who leads, and whether anybody can.
  NOT_LEADER: kind('FAILED_PRECONDITION', 'failed', 'Ask the leader at {leader}.', RETRYABLE),
  NO_QUORUM: kind(
    'UNAVAILABLE',
    'noAnswer',
    'Bring members back until a majority of the voters is up; `quorate mon-cluster` shows who is down.',
    RETRYABLE,
  ),
  OVERLOADED: kind('RESOURCE_EXHAUSTED', 'failed', 'Wait a moment and try again.', RETRYABLE),
  HANDING_OVER: kind(
    'UNAVAILABLE',
    'failed',
    'A hand-over runs; try again in a moment.',
    RETRYABLE,
  ),

  // What this node is.
  CLEAN_NODE: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Start a cluster with `quorate cluster-start`, or join one with `quorate cluster-join ADDRESS`.',
  ),
  ALREADY_MEMBER: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Nothing is left to do; `quorate mon-cluster` shows its cluster.',
  ),
  FORMING: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Clusters form or are joined by themselves here; `quorate mon-cluster` shows what this node waits for.',
  ),
  NODE_NOT_EMPTY: kind(
    'FAILED_PRECONDITION',
    'failed',
    'If that is the cluster that was meant, all is done; else remove it there and start it with an empty data directory.',
  ),
  DEGRADED: kind(
    'UNAVAILABLE',
    'failed',
    'Ask another member; replace this one by a clean node: `quorate cluster-replace-node NAME ADDRESS`.',
  ),
  REMOVED: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Start its daemon with an empty data directory to join again.',
  ),
  WITNESS: kind(
    'FAILED_PRECONDITION',
    'failed',
    'A witness votes and holds no state: ask another member.',
  ),
  STOPPING: kind('UNAVAILABLE', 'failed', 'The daemon is stopping: ask another member.', RETRYABLE),

  RUNS_TWICE: kind(
    'FAILED_PRECONDITION',
    'failed',
    'One data directory is one node: stop the other daemon, or start this one with an empty data directory.',
  ),

  // Membership and hand-over.
  UNKNOWN_NODE: kind('NOT_FOUND', 'failed', '`quorate mon-cluster` lists the members.'),
  NAME_TAKEN: kind(
    'ALREADY_EXISTS',
    'failed',
    'Remove the member of that name first with `quorate cluster-remove-node {name}`, or start the newcomer with another --name.',
  ),
  ADDRESS_TAKEN: kind(
    'ALREADY_EXISTS',
    'failed',
    'Remove the member at that address first with `quorate cluster-remove-node {name}`, or choose another --advertise.',
  ),
  NODE_ID_TAKEN: kind(
    'ALREADY_EXISTS',
    'failed',
    'The data directory was copied or set back: start the daemon with an empty one.',
  ),
  BEING_REPLACED: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Wait until that is done, or end it with `quorate cluster-remove-node {newcomer}`.',
  ),
  WRONG_KIND: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Start the newcomer {how} and with an empty data directory.',
  ),
  NEWCOMER_GIVEN_UP: kind(
    'ABORTED',
    'failed',
    'See its log and whether the members reach it; start it with an empty data directory and try again.',
  ),
  CHANGE_RUNNING: kind(
    'ABORTED',
    'failed',
    'Another change of members runs; try again when it is done.',
    RETRYABLE,
  ),
  INVALID_CHANGE: kind('FAILED_PRECONDITION', 'failed', '`quorate mon-cluster` shows the members.'),
  WOULD_LOSE_QUORUM: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Bring the other voters back, or add one, before this; --force does not skip it.',
  ),
  WOULD_LOSE_TOLERANCE: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Remove {down}, which is down, first; or repeat with --force.',
  ),
  OTHER_CLUSTER: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Its revisions mean nothing here: ask a member of that cluster, or begin anew without them.',
  ),
  CLUSTER_NAME_MISMATCH: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Start it with `--cluster {cluster}`, or join the cluster that was meant.',
  ),
  UNSPOKEN_LEVEL: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Install that on this node; `quorate mon-cluster` on another member shows the versions that the others run.',
  ),
  FEATURE_LEVEL: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Upgrade {members}: the feature level then rises by itself.',
  ),
  TARGET_UNFIT: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Choose a member that `quorate mon-cluster` shows as STANDBY and little behind.',
  ),
  HANDOVER_ABANDONED: kind(
    'ABORTED',
    'failed',
    '`quorate mon-cluster` shows who is primary; try again once the target is well.',
    RETRYABLE,
  ),

  STALE_EPOCH: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Another reign began, or none runs: stop what belongs to the old one.',
  ),

  ...FACT_ERRORS,

  // Processes of the node that is asked.
  UNKNOWN_PROCESS: kind('NOT_FOUND', 'failed', '`quorate process list` shows what is configured.'),
  NOT_PRIMARY: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Ask the primary: `--node {primary}`; `quorate mon-cluster` shows who that is.',
  ),
  PROCESS_RUNS: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Nothing is left to do; `quorate process restart {name}` starts it anew.',
  ),
  PROCESS_STOPPED: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Nothing is left to do; `quorate process start {name}` starts it.',
  ),
  KEEPER_SILENT: kind(
    'UNAVAILABLE',
    'noAnswer',
    'The daemon starts another keeper by itself: look with `quorate mon`, then ask again.',
    { outcome: 'indeterminate' },
  ),

  INVALID_ARGUMENT: kind('INVALID_ARGUMENT', 'wrongUsage', 'Correct {field} and ask again.'),
  TOO_LARGE: kind('INVALID_ARGUMENT', 'failed', 'Send less: {field} may have {limit}.'),

  // Watches.
  WATCHER_TOO_SLOW: kind(
    'RESOURCE_EXHAUSTED',
    'failed',
    'Watch again after the last revision that came, and read faster: what is forgotten comes as the state.',
    RETRYABLE,
  ),
  REVISION_AHEAD: kind(
    'UNAVAILABLE',
    'failed',
    'Ask another member, or wait until this one has caught up; check that the revision is of this cluster.',
    RETRYABLE,
  ),

  // How a request ended when nobody refused it.
  OVERWRITTEN: kind('ABORTED', 'failed', 'It did not happen: repeat it.', {
    outcome: 'overwritten',
    isRetryable: true,
  }),
  INDETERMINATE: kind(
    'UNAVAILABLE',
    'noAnswer',
    'It may have happened: read before repeating it.',
    {
      outcome: 'indeterminate',
    },
  ),
  REQUEST_FORGOTTEN: kind(
    'ABORTED',
    'noAnswer',
    'An earlier attempt may have happened: read before repeating it under a fresh client session.',
    { outcome: 'indeterminate' },
  ),
  WINDOW_EXCEEDED: kind(
    'RESOURCE_EXHAUSTED',
    'failed',
    'Wait for answers of the client session and acknowledge them; {window} may be under way.',
  ),
  DEADLINE_EXCEEDED: kind('DEADLINE_EXCEEDED', 'noAnswer', 'Ask again with a longer --timeout.', {
    outcome: 'indeterminate',
  }),
  CANCELLED: kind('CANCELLED', 'failed', 'Nothing is left to do; ask again if it is wanted.'),
  UNREACHABLE: kind(
    'UNAVAILABLE',
    'noAnswer',
    'Check that a daemon runs there, and that this is the address of its API.',
    RETRYABLE,
  ),
  TLS_FAILED: kind('UNAVAILABLE', 'noAnswer', 'Check certificates, CA and clocks of both sides.'),
  PERMISSION_DENIED: kind('PERMISSION_DENIED', 'failed', 'Ask an operator for the right to do it.'),
  UNKNOWN_SERVICE: kind('NOT_FOUND', 'failed', 'Ask about a service that is served here.'),
  UNIMPLEMENTED: kind(
    'UNIMPLEMENTED',
    'failed',
    'Give the address of its API, not that of its peers; if it is, bring both sides to the same version.',
  ),
  INTERNAL: kind('INTERNAL', 'failed', "Look for this request's id in the daemon's log.", {
    outcome: 'indeterminate',
  }),

  // Starting a daemon.
  WRONG_USAGE: kind('INVALID_ARGUMENT', 'wrongUsage', 'See `quorate --help`.'),
  ADDRESS_IN_USE: kind(
    'UNAVAILABLE',
    'failed',
    'Stop what listens there, or choose another {option}.',
  ),
  ADDRESS_NOT_LOCAL: kind(
    'UNAVAILABLE',
    'failed',
    '{option} must be an address of this machine; what others use is said with --advertise.',
  ),
  LISTEN_FAILED: kind(
    'UNAVAILABLE',
    'failed',
    'Choose for {option} a port above 1023, or give the daemon the right to listen there.',
  ),
  INSECURE_ADDRESS: kind(
    'FAILED_PRECONDITION',
    'wrongUsage',
    'Give --tls-cert, --tls-key and --tls-ca, or --insecure if everybody who reaches the port may do everything.',
  ),
  TLS_FILES: kind('FAILED_PRECONDITION', 'failed', 'Correct {file} and try again.'),
  CONFIG_FILE: kind('NOT_FOUND', 'failed', 'Give a file that this user may read.'),
  CONFIG_INVALID: kind(
    'INVALID_ARGUMENT',
    'failed',
    'Correct it; `quorate config check {file}` checks it without a daemon.',
  ),

  // Flight records.
  BAD_RECORD: kind(
    'INVALID_ARGUMENT',
    'failed',
    'Export it anew with `quorate record export`, and read it with the software that wrote it, or newer.',
  ),
  RECORD_FILE: kind('FAILED_PRECONDITION', 'failed', 'Choose another file.'),
  NOTHING_RECORDED: kind(
    'FAILED_PRECONDITION',
    'failed',
    'A node records from its membership on; its log says why it stopped recording, if it did.',
  ),

  OTHER_CONFIG_FILE: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Install on its machine the file that it was started with, or start it with --config and the other.',
  ),
  SECRET: kind(
    'FAILED_PRECONDITION',
    'failed',
    '`quorate secret key` makes a key; keep it in QUORATE_KEY, for daemon and command alike.',
  ),
  DATA_DIRECTORY: kind(
    'UNAVAILABLE',
    'failed',
    'Check that {directory} is writable and that no other daemon uses it.',
  ),
  DAMAGED: kind(
    'DATA_LOSS',
    'failed',
    'Start a clean node of another name, and replace this member by it with cluster-replace-node.',
  ),
  STOP_TIMED_OUT: kind('DEADLINE_EXCEEDED', 'failed', 'Report it with the log of this daemon.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** Whether a reason from elsewhere, perhaps of a later version, is one of this table. */
export function isErrorCode(reason: string): reason is ErrorCode {
  return Object.hasOwn(ERRORS, reason);
}

/** Values that say more: `leader`, `leaderName`, `field`, `limit`, `actual`, … All text, since they travel as metadata. */
export type ErrorData = Readonly<Record<string, string>>;

export interface QuorateErrorOptions {
  readonly cause?: unknown;
  /** Default: the code's own. */
  readonly outcome?: Outcome;
  /** Default: the code's own, filled from the data. */
  readonly hint?: string;
}

/** Everything that Quorate refuses or fails at, at its edges. `message` says why, `hint` what to do next. */
export class QuorateError extends Error {
  override readonly name = 'QuorateError';
  readonly code: ErrorCode;
  readonly data: ErrorData;
  readonly outcome: Outcome;
  readonly hint: string;

  constructor(
    code: ErrorCode,
    message: string,
    data: ErrorData = {},
    options: QuorateErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.data = data;
    this.outcome = options.outcome ?? ERRORS[code].outcome;
    this.hint = options.hint ?? hintFor(code, data);
  }

  /** Number of the canonical gRPC code. */
  get grpcCode(): number {
    return GRPC_CODES[ERRORS[this.code].grpc];
  }

  /** What the command line ends with. */
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }

  /** The same request may succeed later without anybody doing anything else. */
  get isRetryable(): boolean {
    return ERRORS[this.code].isRetryable;
  }
}

/** Fills the code's hint from the data; a value that is missing stands as its name in capitals. */
export function hintFor(code: ErrorCode, data: ErrorData): string {
  return ERRORS[code].hint.replaceAll(/\{(\w+)\}/g, (_whole, key: string) => {
    return data[key] ?? key.toUpperCase();
  });
}
