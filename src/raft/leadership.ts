// A leader's life: how it begins, what it does as time passes, and when it gives up by itself.
// Raft §5.2 and §8 (no-op), Thesis §6.2 (check-quorum). What it sends stands in replication.ts, what it may do as
// primary in lease.ts.

import { appendEntry } from './append.js';
import { maybeAdvanceFeatures } from './feature-level.js';
import { tendNewcomers } from './newcomers.js';
import { Progress } from './progress.js';
import { maybeRemoveDead, Silences } from './removal.js';
import { sendHeartbeats } from './replication.js';
import { becomeFollower } from './role.js';
import { beginRound, quorumContactMs } from './rounds.js';
import { sendDiskSetBack } from './set-back.js';
import { configurationInForce, emit } from './state.js';
import type { Candidate, Leader, RaftState } from './state.js';
import { maybeYield, onTransferTick, resign, sendTimeoutNow } from './leader-transfer.js';
import { indexPlus } from './types.js';

/** Leads the term that this candidate has won; appends a no-op so that earlier entries can be committed (Raft §8). */
export function becomeLeader(state: RaftState, { why, isChosen }: Candidate): void {
  const next = indexPlus(state.log.lastIndex, 1);
  const leader: Leader = {
    type: 'leader',
    electedAtMs: state.nowMs,
    cause: why,
    isChosen,
    promotion: 'unasked',
    // Whoever led in between would have left an entry of a later term.
    hasReigned: state.resumesTerm === state.log.last.term,
    hasWarned: false,
    noopIndex: next,
    progress: new Map(
      configurationInForce(state)
        .members.filter(({ id }) => id !== state.options.id)
        .map(({ id }) => [id, new Progress(next)]),
    ),
    setBack: new Map(),
    departing: new Map(),
    catchUps: new Map(),
    silences: new Silences(),
    heartbeatDueMs: state.nowMs,
    round: 0,
    roundStartsMs: [],
    firstRound: 1,
    reads: [],
    uncommittedBytes: 0,
    activationIndex: null,
    boundUntilMs: null,
    isEpochOver: false,
    transfer: null,
    yieldAfterMs: state.nowMs,
    raisedTo: 0,
  };
  state.role = leader;
  state.leaderId = state.options.id;
  emit(state, { type: 'becameLeader', term: state.term });
  emit(state, {
    type: 'leaderChanged',
    term: state.term,
    leaderId: state.options.id,
  });
  heartbeat(state, leader);
  appendEntry(state, { kind: 'noop' });
}

/** Begins a heartbeat round now. */
export function heartbeat(state: RaftState, leader: Leader): void {
  leader.heartbeatDueMs = state.nowMs + state.options.timers.heartbeatMs;
  beginRound(state, leader);
  sendHeartbeats(state, leader);
  sendDiskSetBack(state, leader);
  if (leader.transfer?.phase === 'sent') sendTimeoutNow(state, leader.transfer);
}

/** Lets time pass for a leader: gives up without a quorum or a disk, else heartbeats, hand-over, promotion. */
export function onLeaderTick(state: RaftState, leader: Leader, isDiskOverdue: boolean): void {
  const { electionTimeoutMinMs } = state.options.timers;
  const contactMs = Math.max(quorumContactMs(state, leader) ?? 0, leader.electedAtMs);
  if (state.nowMs - contactMs >= electionTimeoutMinMs) {
    becomeFollower(state, state.term, null, 'a quorum was not heard for an election timeout');
    return;
  }
  if (isDiskOverdue) {
    resign(state, leader, 'a disk sync is overdue by an election timeout');
    return;
  }
  forgetDeparted(state, leader);
  if (onTransferTick(state, leader)) return;
  if (state.nowMs >= leader.heartbeatDueMs) heartbeat(state, leader);
  tendNewcomers(state, leader);
  maybeRemoveDead(state, leader);
  maybeAdvanceFeatures(state, leader);
  maybeYield(state, leader);
}

/** Stops telling members that were removed long enough ago to have learned of it. */
function forgetDeparted(state: RaftState, leader: Leader): void {
  for (const [id, { untilMs }] of leader.departing) {
    if (state.nowMs < untilMs) continue;
    leader.departing.delete(id);
    leader.progress.delete(id);
    state.outbox.hasConfigurationChanged = true;
  }
}
