// The public API of the package: to run a daemon inside another program, and to name what it refuses.
// Everything that is not exported here may change without notice.

export { startDaemon } from './main.js';
export type { Daemon, DaemonHooks, DaemonOptions } from './main.js';
export { ERRORS, QuorateError } from './errors.js';
export type { ErrorCode, ErrorData, Outcome } from './errors.js';
