// A supervised process as whoever looks at a node is told of it, and how surely all of it can be ended. Plain data: the keeper's
// process fills it, the service passes it on.

/** Which guarantee holds for descendants that detach themselves. */
export type Guarantee =
  /** They live in a PID namespace with their process: the kernel ends all of it, also if keeper and daemon are killed. */
  | 'namespace'
  /** They are found by a mark in their environment, unless they remove it; the process itself dies with the keeper. */
  | 'mark'
  /** As `mark`, and the process itself outlives a keeper that is killed, until the daemon finds it. */
  | 'mark-only';

/** One process as the keeper sees it. */
export interface ProcessView {
  readonly name: string;
  readonly group: string | null;
  readonly primaryOnly: boolean;
  readonly state:
    'stopped' | 'standby' | 'starting' | 'running' | 'stopping' | 'waiting' | 'failed';
  /** Null: it does not run. */
  readonly pid: number | null;
  /** Of the reign that it runs under; null: it is not primary-only, or does not run. */
  readonly epoch: number | null;
  readonly restarts: number;
  /** Of the whole tree over the last second, in hundredths of one processor; null: not measured yet. */
  readonly cpuPercent: number | null;
  /** Resident bytes of the whole tree; pages that its processes share count for each. Null: not measured yet. */
  readonly memoryBytes: number | null;
  readonly processCount: number;
  readonly uptimeMs: number | null;
  /** Why it waits or failed. */
  readonly why: string | null;
}
