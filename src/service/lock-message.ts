// A lock for a message: who holds it, who waits, and for how long it surely is kept free, counted now.
// Of a long row of waiters only the first are told, so that a watched lock costs each watcher a bounded message.

import type { Lock as LockMessage } from '../generated/quorate/v1/Lock.js';
import type { LockClaim as LockClaimMessage } from '../generated/quorate/v1/LockClaim.js';
import type { NodeApi } from '../node/api.js';
import type { Lock, LockClaim } from '../state-machine/lock-types.js';

const WAITERS_TOLD_MAX = 100;

/** The lock as it stands now. */
export function lockMessage(
  node: Pick<NodeApi, 'clusterTimeMs'>,
  { name, holder, waiters, freeAtMs, revision }: Lock,
): LockMessage {
  return {
    name,
    ...(holder === null ? {} : { holder: { ...claimMessage(holder), token: holder.token } }),
    waiters: waiters.slice(0, WAITERS_TOLD_MAX).map(claimMessage),
    waiting: waiters.length,
    freeInMs: holder === null ? Math.max(0, freeAtMs - node.clusterTimeMs()) : 0,
    revision,
  };
}

function claimMessage({ session, value }: LockClaim): LockClaimMessage {
  return { session, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
}
