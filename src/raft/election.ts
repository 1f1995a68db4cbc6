// Elections: who campaigns, who gives a vote, and when a node believes that there is no leader.
// Raft §5.2 and §5.4.1 (votes), §6 and Thesis §4.2.3 (withheld votes), Thesis §9.6 (pre-vote). What a leader does once it
// is elected stands in leadership.ts; handing over on purpose in leader-transfer.ts.

import { resetElectionTimer } from './election-timer.js';
import { whyUnfitHere } from './fitness.js';
import { giveBackFollowerReads } from './follower-reads.js';
import { becomeLeader } from './leadership.js';
import type { RequestVote, RequestVoteResponse, Sender, TimeoutNow } from './message.js';
import { hasQuorum, isVoter, allVoters } from './quorum.js';
import { becomeFollower } from './role.js';
import { quorumContactMs } from './rounds.js';
import {
  configurationInForce,
  configurationIndex,
  emit,
  hardState,
  send,
  sendAfterPersist,
} from './state.js';
import type { Candidate, Leader, PreCandidate, RaftState } from './state.js';
import { nextTerm } from './types.js';
import type { EntryId, NodeId, Term } from './types.js';

/**
 * Lets time pass for a node that does not lead.
 * A tick that is far too late is evidence against this node's own process, not against the leader: it never campaigns,
 * and the leader's next heartbeats are waited for first; once, or a machine that is always busy would elect nobody.
 */
export function onElectionTick(state: RaftState, lateMs: number): void {
  const { lateTimerMs, heartbeatMs } = state.options.timers;
  if (lateMs > lateTimerMs) {
    emit(state, { type: 'lateTimer', lateMs });
    if (!state.hasListenedLate) {
      const listenedMs = state.nowMs + LATE_HEARTBEATS * heartbeatMs;
      state.electionDeadlineMs = Math.max(state.electionDeadlineMs, listenedMs);
    }
    state.hasListenedLate = true;
  } else if (state.nowMs >= state.electionDeadlineMs) {
    resetElectionTimer(state);
    if (canCampaign(state)) becomePreCandidate(state, 'heard no leader in time');
    return;
  }
  if (state.role.type === 'preCandidate' || state.role.type === 'candidate') {
    if (state.nowMs >= state.role.resendAtMs) askForVotes(state, state.role);
  }
}

/**
 * Whether a tick could change anything: a follower that waits for nothing but its election timeout has nothing to do
 * until then, unless the tick is late.
 */
export function needsTick(state: RaftState, nowMs: number, lateMs: number): boolean {
  const { role } = state;
  if (role.type === 'leader') return leaderNeedsTick(state, role, nowMs);
  const { asked, waiting } = state.followerReads;
  return (
    role.type !== 'follower' ||
    nowMs >= state.electionDeadlineMs ||
    lateMs > state.options.timers.lateTimerMs ||
    asked.length + waiting.length > 0
  );
}

/**
 * Between two heartbeats a leader only hands over, or gives up because its quorum or its disk is silent. Whatever else it
 * does as time passes is measured in election timeouts, and waits for the next heartbeat.
 */
function leaderNeedsTick(state: RaftState, leader: Leader, nowMs: number): boolean {
  if (nowMs >= leader.heartbeatDueMs || leader.transfer !== null) return true;
  const { electionTimeoutMinMs } = state.options.timers;
  if (isDiskOverdueAt(state, nowMs)) return true;
  const contactMs = Math.max(quorumContactMs(state, leader) ?? 0, leader.electedAtMs);
  return nowMs - contactMs >= electionTimeoutMinMs;
}

/** Heartbeats that a living leader has had time to send before a late node campaigns. */
const LATE_HEARTBEATS = 3;

/** Whether this node may campaign and its disk keeps up. */
function canCampaign(state: RaftState): boolean {
  return isElectable(state) && !isDiskOverdue(state);
}

/**
 * Whether this node may lead: it votes in the configuration in force, or in the one before while that one is not known
 * committed. Otherwise, removing the leader of two could leave nobody to elect (Thesis §4.2.2):
 * 1. Node 1 leads nodes 1 and 2, and is to be removed. Both have the joint configuration.
 * 2. Node 1 appends the configuration {2} that leaves it, and dies before node 2 has that entry. It comes back.
 * 3. Node 2 is still joint, so it needs the vote of node 1, whose log is longer. Only node 1 can be elected.
 */
export function isElectable(state: RaftState): boolean {
  const { id } = state.options;
  if (isVoter(configurationInForce(state), id)) return true;
  const before = state.configurations.at(-2);
  if (before === undefined || configurationIndex(state) <= state.commitIndex) return false;
  return isVoter(before.configuration, id);
}

/** Whether a sync has been on its way for a whole minimum election timeout. */
export function isDiskOverdue(state: RaftState): boolean {
  return isDiskOverdueAt(state, state.nowMs);
}

function isDiskOverdueAt(state: RaftState, nowMs: number): boolean {
  const startMs = state.persistence.oldestStartMs;
  return startMs !== null && nowMs - startMs >= state.options.timers.electionTimeoutMinMs;
}

function becomePreCandidate(state: RaftState, why: string): void {
  giveBackFollowerReads(state);
  if (state.leaderId !== null) {
    state.leaderId = null;
    emit(state, { type: 'leaderChanged', term: state.term, leaderId: null });
  }
  const role: PreCandidate = {
    type: 'preCandidate',
    votes: new Map([[state.options.id, true]]),
    why,
    resendAtMs: state.nowMs,
  };
  state.role = role;
  emit(state, { type: 'becamePreCandidate', term: state.term, why });
  askForVotes(state, role);
  countVotes(state);
}

/**
 * Enters a new term and asks for votes; this node's own vote counts once it is durable.
 * `order`: the leader's word that asked for it; null: the election timer did.
 */
function becomeCandidate(state: RaftState, why: string, order: TimeoutNow | null): void {
  giveBackFollowerReads(state);
  state.term = nextTerm(state.term);
  state.votedFor = state.options.id;
  state.leaderId = null;
  const role: Candidate = {
    type: 'candidate',
    votes: new Map(),
    why,
    transfer: order !== null,
    isChosen: order?.isChosen ?? false,
    resendAtMs: state.nowMs,
  };
  state.role = role;
  resetElectionTimer(state);
  emit(state, { type: 'becameCandidate', term: state.term, why });
  askForVotes(state, role);
}

/** Asks every voter that has not answered; requests and answers may be lost, so it repeats itself (Raft §5.5). */
function askForVotes(state: RaftState, role: PreCandidate | Candidate): void {
  role.resendAtMs = state.nowMs + state.options.timers.heartbeatMs;
  const isPreVote = role.type === 'preCandidate';
  const request: RequestVote = {
    type: 'requestVote',
    term: isPreVote ? nextTerm(state.term) : state.term,
    preVote: isPreVote,
    transfer: role.type === 'candidate' && role.transfer,
    last: state.log.last,
  };
  for (const voter of allVoters(configurationInForce(state))) {
    if (voter === state.options.id || role.votes.has(voter)) continue;
    // The new term is durable before anybody hears of it: a restart must not campaign in it twice.
    if (isPreVote) send(state, voter, request);
    else sendAfterPersist(state, voter, request);
  }
}

/** The own vote has become durable (called after each persist). */
export function onVoteDurable(state: RaftState): void {
  const durable = state.persistence.durableHardState;
  if (state.role.type !== 'candidate' || durable.term !== state.term) return;
  if (durable.votedFor !== state.options.id || state.role.votes.has(state.options.id)) return;
  state.role.votes.set(state.options.id, true);
  countVotes(state);
}

function countVotes(state: RaftState): void {
  const role = state.role;
  if (role.type !== 'preCandidate' && role.type !== 'candidate') return;
  const configuration = configurationInForce(state);
  if (hasQuorum(configuration, (id) => role.votes.get(id) === true)) {
    if (role.type === 'preCandidate') becomeCandidate(state, role.why, null);
    else becomeLeader(state, role);
    return;
  }
  // Lost for good only when those who have not refused are no quorum.
  if (!hasQuorum(configuration, (id) => role.votes.get(id) !== false)) {
    becomeFollower(state, state.term, null, 'lost the election');
  }
}

/**
 * Whether votes are withheld from `from`: this node leads, or heard a live leader, or restarted, too recently.
 * Never from the leader it heard. `transfer` lifts it for the term after that leader's only.
 * Source: Raft §6 last paragraph, Thesis §4.2.3, §3.10.
 */
function isVoteWithheld(
  state: RaftState,
  from: NodeId,
  request: Pick<RequestVote, 'term' | 'transfer'>,
): boolean {
  const leaderTerm = state.role.type === 'leader' ? state.term : (state.heard?.term ?? null);
  if (request.transfer && leaderTerm !== null && request.term === nextTerm(leaderTerm)) {
    return false;
  }
  if (state.role.type === 'leader') return true;
  return state.nowMs < state.withholdUntilMs && state.heard?.id !== from;
}

/** Answers a candidate or pre-candidate. A withheld request is not answered at all: the asker repeats it. */
export function onRequestVote(state: RaftState, from: Sender, request: RequestVote): void {
  if (isVoteWithheld(state, from.id, request)) return;
  if (request.preVote) {
    answerPreVote(state, from.id, request);
    return;
  }
  if (request.term > state.term) {
    becomeFollower(state, request.term, null, 'a candidate has a higher term');
  }
  const isGranted =
    request.term === state.term &&
    (state.votedFor === null || state.votedFor === from.id) &&
    isUpToDate(request.last, state.log.last);
  if (isGranted) {
    if (state.role.type !== 'follower') becomeFollower(state, state.term, null, 'gave its vote');
    state.votedFor = from.id;
    resetElectionTimer(state);
  }
  const response: RequestVoteResponse = {
    type: 'requestVoteResponse',
    term: state.term,
    preVote: false,
    granted: isGranted,
  };
  respond(state, from.id, response);
}

function answerPreVote(state: RaftState, from: NodeId, request: RequestVote): void {
  const isGranted = request.term > state.term && isUpToDate(request.last, state.log.last);
  respond(state, from, {
    type: 'requestVoteResponse',
    term: isGranted ? request.term : state.term,
    preVote: true,
    granted: isGranted,
  });
}

/** A vote leaves only once it is durable; a pre-vote promises nothing. */
function respond(state: RaftState, to: NodeId, response: RequestVoteResponse): void {
  const isDurable =
    response.preVote ||
    state.persistence.isDurable(state.persistence.durableIndex, hardState(state));
  if (isDurable) send(state, to, response);
  else sendAfterPersist(state, to, response);
}

/** Whether a log that ends with `theirs` is at least as up to date as one that ends with `ours` (Raft §5.4.1). */
function isUpToDate(theirs: EntryId, ours: EntryId): boolean {
  if (theirs.term !== ours.term) return theirs.term > ours.term;
  return theirs.index >= ours.index;
}

/** Counts an answer, each voter once; one of another term or kind is late and counts for nothing. */
export function onRequestVoteResponse(
  state: RaftState,
  from: NodeId,
  response: RequestVoteResponse,
): void {
  const role = state.role;
  if (role.type === 'preCandidate') {
    if (!response.preVote || !isAnswerTo(response, nextTerm(state.term), state.term)) return;
  } else if (role.type === 'candidate') {
    if (response.preVote || response.term !== state.term) return;
  } else {
    return;
  }
  role.votes.set(from, response.granted);
  countVotes(state);
}

function isAnswerTo(response: RequestVoteResponse, asked: Term, own: Term): boolean {
  return response.granted ? response.term === asked : response.term <= own;
}

/** Campaigns at once because the leader of this term hands over; ignored unless this node follows it and votes. */
export function onTimeoutNow(state: RaftState, from: NodeId, message: TimeoutNow): void {
  if (state.role.type === 'leader' || message.term !== state.term) return;
  if (state.leaderId !== null && state.leaderId !== from) return;
  if (!canCampaign(state) || whyUnfitHere(state) !== null) return;
  becomeCandidate(state, message.cause, message);
}
