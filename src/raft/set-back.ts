// A disk that was set back: a follower whose log ends below what it acknowledged as durable to this very leader. A leader
// that remembers stops counting it and tells it, and it ceases to vote for good; it must be replaced. Design section 7.
// Why a late answer never looks like this: the conflict must answer a round that began after the acknowledgement was here,
// so the follower wrote it after what it acknowledged was durable. In one term a follower's log is cut only by its leader,
// which never cuts what it has, and a received snapshot keeps the entries behind it that agree.

import { invariant } from './assert.js';
import type { AppendEntriesResponse, DiskSetBack } from './message.js';
import { send } from './state.js';
import type { Leader, RaftState } from './state.js';
import type { NodeId } from './types.js';

/** Ceases to count a follower whose answer proves that it lost what it acknowledged in this term; answers whether it did. */
export function noteSetBack(
  state: RaftState,
  leader: Leader,
  from: NodeId,
  { round, outcome }: AppendEntriesResponse,
): boolean {
  const progress = leader.progress.get(from);
  if (progress === undefined || outcome.type !== 'conflict') return false;
  if (outcome.rejectedIndex > progress.matchIndex || round <= progress.matchedInRound) return false;
  leader.setBack.set(from, progress.matchIndex);
  leader.progress.delete(from);
  sendDiskSetBack(state, leader);
  return true;
}

/** Tells those whose disk was set back; repeated with each heartbeat, since it may be lost. */
export function sendDiskSetBack(state: RaftState, leader: Leader): void {
  for (const [to, matchIndex] of leader.setBack) {
    send(state, to, { type: 'diskSetBack', term: state.term, matchIndex });
  }
}

/** Believes the leader of this term, if the own log does end below what it says was acknowledged. */
export function onDiskSetBack(state: RaftState, from: NodeId, message: DiskSetBack): void {
  if (message.term !== state.term || from !== state.leaderId) return;
  if (state.log.lastIndex >= message.matchIndex) return;
  invariant(state.role.type === 'follower', 'who has a leader other than itself follows');
  state.outbox.lostTail = { acknowledged: message.matchIndex, last: state.log.lastIndex };
}
