// Whether an epoch, the fencing token of a reign, is the one that counts now. One rule for the API and for the HTTP port.

import type { NodeStatus } from './api.js';

/** The largest number that an epoch can be: the index of a log entry. The smallest is 0, which no reign has. */
export const EPOCH_MAX = Number.MAX_SAFE_INTEGER;

/** Whether `epoch` is the reign of this node and its lease holds, at the moment of `status`. */
export function isCurrentEpoch(status: NodeStatus, epoch: number): boolean {
  return status.isPrimary && status.epoch === epoch;
}
