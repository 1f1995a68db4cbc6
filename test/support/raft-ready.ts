// Readys as values to compare with: the empty one, and several seen as one.
// Nothing here carries a Ready out.

import type { Ready } from '../../src/raft/ready.js';

export const EMPTY_READY: Ready = {
  persist: null,
  messages: [],
  messagesAfterPersist: [],
  chunksToSend: [],
  chunksArrived: [],
  restore: null,
  committed: [],
  reads: [],
  stopEpoch: null,
  promote: null,
  lostTail: null,
  configuration: null,
  events: [],
};

/** Two Readys in a row seen as one; of `persist` the later one, of which the newest number matters to tests. */
export function mergeReady(a: Ready, b: Ready): Ready {
  return {
    persist: b.persist ?? a.persist,
    messages: [...a.messages, ...b.messages],
    messagesAfterPersist: [...a.messagesAfterPersist, ...b.messagesAfterPersist],
    chunksToSend: [...a.chunksToSend, ...b.chunksToSend],
    chunksArrived: [...a.chunksArrived, ...b.chunksArrived],
    restore: b.restore ?? a.restore,
    committed: [...a.committed, ...b.committed],
    reads: [...a.reads, ...b.reads],
    stopEpoch: b.stopEpoch ?? a.stopEpoch,
    promote: b.promote ?? a.promote,
    lostTail: b.lostTail ?? a.lostTail,
    configuration: b.configuration ?? a.configuration,
    events: [...a.events, ...b.events],
  };
}
