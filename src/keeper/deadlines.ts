// When primary-only processes are told to end and when they are killed, as arithmetic on the absolute deadline of a lease.
// Both moments are fractions of the lease as it may be used, so that they scale with the cluster's timers.

import type { LeaseOrder } from './words.js';

/** Without a renewal for this part of the lease the processes are told to end. */
const TERMINATE_AFTER = 0.5;
/** They are killed this part of the lease before its end: time for a late timer, and for the kernel to end the tree. */
const KILL_MARGIN = 0.2;

/** From when on they are told to end, and nothing starts any more. */
export function terminateAtMs({ untilMs, leaseMs }: LeaseOrder): number {
  return untilMs - Math.ceil(leaseMs * (1 - TERMINATE_AFTER));
}

/** From when on whatever is left is killed; at most `untilMs`, and earlier than it wherever a lease is longer than nothing. */
export function killAtMs({ untilMs, leaseMs }: LeaseOrder): number {
  return untilMs - Math.ceil(leaseMs * KILL_MARGIN);
}
