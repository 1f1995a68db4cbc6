// The right to be primary as the log tells it: a fold over applied entries, the same on every node.
// An activation begins a reign, its index is the epoch; a proof of stop, a later activation or an entry of a later term
// ends it. When a new leader may start processes is decided in lease.ts from this value.

import type { Entry, LogIndex, Reign } from './types.js';

/**
 * What the log says once `entry` is applied; entries come in order.
 * A proof speaks for its epoch and all earlier ones; it is void once a later activation exists, so one that names
 * another epoch than the newest changes nothing.
 */
export function applyToReign(reign: Reign, entry: Entry): Reign {
  if (entry.kind === 'activation') return begin(reign, entry);
  if (entry.kind === 'proof' && entry.epoch === reign.epoch) return prove(reign, entry.epoch);
  if (entry.term > reign.term && !reign.isOver) return { ...reign, isOver: true };
  return reign;
}

function begin(reign: Reign, entry: Extract<Entry, { kind: 'activation' }>): Reign {
  const { nodeId, leaseMs, isChosen } = entry;
  return {
    epoch: entry.index,
    term: entry.term,
    nodeId,
    leaseMs,
    isOver: false,
    isProven: false,
    unprovenLeaseMs: Math.max(reign.unprovenLeaseMs, leaseMs),
    isChosen,
  };
}

function prove(reign: Reign, epoch: LogIndex): Reign {
  return { ...reign, epoch, isOver: true, isProven: true, unprovenLeaseMs: 0 };
}
