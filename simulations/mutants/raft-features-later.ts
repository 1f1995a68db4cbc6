// The second half of raft-features.ts: bugs of snapshots, reads, hand-over, witnesses, slow disks and client sessions, that
// named tests must find. Beside them the swarm has its own of the same chapters, in the other lists of this folder.

import type { Mutant } from './mutant.js';
import { bug } from './tested-bug.js';

const SNAPSHOTS: readonly Mutant[] = [
  bug(
    'snapshot-in-one-turn',
    'a snapshot is encoded in one turn, however large the state is',
    [
      'node/snapshot-taker',
      'count < this.#limits.partsPerTurn;',
      'count < 1e9 * this.#limits.partsPerTurn;',
    ],
    'node/snapshots',
  ),
  bug(
    'chunk-unchecked',
    'a chunk of a snapshot is stored whatever its checksum says',
    [
      'node/snapshot-receiver',
      '&& this.#codec.checksum(chunk.data) === chunk.checksum;',
      '&& this.#codec.checksum(chunk.data) >= 0;',
    ],
    'node/snapshots',
  ),
  bug(
    'snapshot-begins-again',
    'a receiver that misses a chunk asks for the whole snapshot again',
    [
      'node/snapshot-receiver',
      'nextOffset: this.#nextOffset,',
      'nextOffset: 0 * this.#nextOffset,',
    ],
    'node/snapshots',
  ),
  bug(
    'sender-ignores-offset',
    'a leader goes on with the chunk that it thinks is next, not the one wanted',
    [
      'raft/snapshot',
      'return { last, offset: nextOffset, sentAtMs: null };',
      'return { last, offset: sending.offset, sentAtMs: nextOffset < 0 ? 0 : null };',
    ],
    'paper/snapshots',
  ),
  bug(
    'install-acknowledged-early',
    'a snapshot is acknowledged before the batch that installs it is durable',
    [
      'raft/snapshot',
      'if (state.leaderId !== from || state.heard === null) return; sendAfterPersist(state, from, {',
      'if (state.leaderId !== from || state.heard === null) return; send(state, from, {',
    ],
    'paper/snapshots',
  ),
  bug(
    'nothing-kept-for-the-slow',
    'a snapshot drops all entries that it covers, so that every slow follower needs it',
    [
      'raft/snapshot',
      'indexPlus(last, -Math.min(last, keptEntriesMax))',
      'indexPlus(last, 0 * Math.min(last, keptEntriesMax))',
    ],
    'paper/snapshots',
  ),
  bug(
    'kept-without-bytes',
    'the entries kept for slow followers may be of any size',
    ['raft/snapshot', 'if (bytes > keptBytesMax) break;', 'if (bytes < -keptBytesMax) break;'],
    'paper/snapshots',
  ),
  bug(
    'snapshots-together',
    'every node takes its snapshot after the same number of entries',
    [
      'node/snapshot-taker',
      'const share = this.#dueShare / 1000;',
      'const share = Math.max(1, this.#dueShare / 1000);',
    ],
    'node/snapshots',
  ),
];

const READS: readonly Mutant[] = [
  bug(
    'one-read-a-round',
    'each read waits for a round of its own',
    [
      'raft/read-index',
      'for (const read of leader.reads) { read.round',
      'for (const read of leader.reads.slice(0, 1)) { read.round',
    ],
    'paper/reads',
  ),
  bug(
    'read-joins-round-in-flight',
    'a read is confirmed by the answers to a round that began before it',
    [
      'raft/read-index',
      'role.reads.push({ readId, asker: null, round: null,',
      'role.reads.push({ readId, asker: null, round: role.round,',
    ],
    'paper/reads',
  ),
  bug(
    'follower-refuses-reads',
    'a follower does not ask its leader for reads',
    [
      'raft/follower-reads',
      'waiting.push(readId);',
      'if (waiting.length < 0) waiting.push(readId);',
    ],
    'paper/reads',
  ),
  bug(
    'round-before-own-commit',
    'a leader confirms reads before it has committed in its own term',
    [
      'raft/read-index',
      '!hasWaiting || state.commitIndex < leader.noopIndex) return false;',
      '!hasWaiting || state.commitIndex < 0) return false;',
    ],
    'paper/reads',
  ),
  bug(
    'request-ids-begin-again',
    'the request ids of a follower begin at the same number after each restart',
    ['raft/initial', 'requestId: random.between(0, 2 ** 32) * 2 ** 16,', 'requestId: 0,'],
    'paper/reads',
  ),
];

const LEASE_READS: readonly Mutant[] = [
  bug(
    'lease-asked-once',
    'a read under the lease is answered although computing the answer took longer than the lease',
    ['node/reads', 'return isPrimary() ? { value } : null;', 'return { value };'],
    'node/leased-read',
  ),
];

const HAND_OVER: readonly Mutant[] = [
  bug(
    'target-not-caught-up',
    'TimeoutNow is sent to a target that lacks entries',
    [
      'raft/leader-transfer',
      'if (progress === undefined || progress.matchIndex < state.log.lastIndex) return;',
      'if (progress === undefined) return;',
    ],
    'paper/hand-over',
  ),
  bug(
    'hand-over-without-limit',
    'a hand-over waits for its target for ever',
    [
      'raft/leader-transfer',
      'const deadlineMs = state.nowMs +',
      'const deadlineMs = 1e12 + state.nowMs +',
    ],
    'paper/hand-over',
  ),
  bug(
    'any-target',
    'a hand-over to a voter that is not heard is begun',
    ['raft/leader-transfer', "return 'it is not in contact';", 'return null;'],
    'paper/hand-over',
  ),
  bug(
    'same-term-resumed',
    'a leader resumes its term although TimeoutNow may have left',
    [
      'raft/leader-transfer',
      "if (transfer.phase === 'sent') { becomeFollower(",
      "if (transfer.phase === 'sent' && state.nowMs < 0) { becomeFollower(",
    ],
    'paper/hand-over',
  ),
  bug(
    'writes-while-handing-over',
    'a leader takes writes while it hands over',
    [
      'raft/raft',
      "if (role.transfer !== null) { return { type: 'refused',",
      "if (role.transfer !== null && state.nowMs < 0) { return { type: 'refused',",
    ],
    'paper/hand-over',
  ),
  bug(
    'transfer-lifts-later-terms',
    'TimeoutNow lifts the withholding of votes for any later term',
    [
      'raft/election',
      'leaderTerm !== null && request.term === nextTerm(leaderTerm)',
      'leaderTerm !== null && request.term >= nextTerm(leaderTerm)',
    ],
    'paper/hand-over',
  ),
];

const WITNESSES: readonly Mutant[] = [
  bug(
    'witness-restores',
    'a witness loads the snapshots that it keeps',
    [
      'raft/snapshot',
      'if (!state.options.isWitness) state.outbox.restore = meta;',
      'state.outbox.restore = meta;',
    ],
    'paper/witness',
  ),
  bug(
    'witness-gets-none',
    'a leader offers a witness no snapshots, so that it can compact nothing',
    ['raft/snapshot', 'if (member?.witness !== true) return;', 'if (member !== null) return;'],
    'paper/witness',
  ),
  bug(
    'witness-changes-members',
    'a witness that leads begins changes of the configuration',
    [
      'raft/membership',
      "if (state.options.isWitness) return refuse({ reason: 'leaderNotReady' });",
      '',
    ],
    'paper/witness',
  ),
  bug(
    'witness-keeps-leading',
    'a witness that leads does not hand over',
    [
      'raft/leader-transfer',
      'const order = state.options.isWitness ?',
      'const order = state.options.isWitness && state.nowMs < 0 ?',
    ],
    'paper/witness',
  ),
  bug(
    'paused-reigns',
    'a new leader makes itself primary though automatic reigns are paused',
    [
      'raft/promotion',
      'return !reigns.isManual && reigns.pausedBy === null;',
      'return !reigns.isManual;',
    ],
    'raft/promotion',
  ),
  bug(
    'manual-reigns',
    'a new leader makes itself primary though only an operator may',
    [
      'raft/promotion',
      'return !reigns.isManual && reigns.pausedBy === null;',
      'return reigns.pausedBy === null;',
    ],
    'raft/promotion',
  ),
  bug(
    'unfit-reigns',
    'a leader whose health check fails makes itself primary',
    ['raft/promotion', '|| whyUnfitHere(state) !== null || !isAgreed', '|| !isAgreed'],
    'raft/promotion',
  ),
  bug(
    'unfit-is-a-target',
    'leadership is handed over to a node whose health check fails',
    ['raft/leader-transfer', 'if (progress.unfit !== null) return progress.unfit;', ''],
    'raft/promotion',
  ),
  bug(
    'hook-unasked',
    'a leader makes itself primary while its hook before promotion still runs',
    ['raft/promotion', "return leader.promotion === 'allowed';", 'return true;'],
    'raft/promotion',
  ),
  bug(
    'witness-is-a-target',
    'leadership is handed over to a witness',
    [
      'raft/leader-transfer',
      "if (memberOf(configuration, target)?.witness === true) return 'it is a witness';",
      '',
    ],
    'paper/witness',
  ),
];

const SLOW_DISKS: readonly Mutant[] = [
  bug(
    'stuck-leader-stays',
    'a leader whose disk is stuck leads on',
    ['raft/leadership', 'if (isDiskOverdue) {', 'if (isDiskOverdue && state.nowMs < 0) {'],
    'paper/reads',
    'paper/slow-disks',
  ),
  bug(
    'stuck-disk-campaigns',
    'a node whose disk is stuck campaigns',
    [
      'raft/election',
      'return isElectable(state) && !isDiskOverdue(state);',
      'return isElectable(state);',
    ],
    'paper/reads',
    'paper/slow-disks',
  ),
  bug(
    'heartbeat-waits-for-disk',
    "a heartbeat's answer waits for what the disk has not written yet",
    [
      'raft/replication',
      'message.entries.length === 0 ? durableMatch(',
      'message.entries.length < 0 ? durableMatch(',
    ],
    'paper/replication',
  ),
];

const CLIENT_SESSIONS: readonly Mutant[] = [
  bug(
    'below-window-carried-out',
    'a request below what its client session still knows is carried out',
    ['state-machine/client-sessions', 'if (sequence < below) return forgotten(true);', ''],
    'state-machine/client-sessions',
  ),
  bug(
    'sessions-without-limit',
    'any number of client sessions is remembered',
    [
      'state-machine/client-sessions',
      'if (this.#byId.size >= this.#limits.sessionsMax)',
      'if (this.#byId.size < 0)',
    ],
    'state-machine/client-sessions',
  ),
  bug(
    'sessions-never-idle',
    'a client session that nobody uses is remembered for ever',
    [
      'state-machine/client-sessions',
      'if (!this.#isIdle(this.#known(id), nowMs) ||',
      'if (this.#known(id).usedMs >= 0 ||',
    ],
    'state-machine/client-sessions',
  ),
];

export const LATER_RAFT_FEATURES: readonly Mutant[] = [
  ...SNAPSHOTS,
  ...READS,
  ...LEASE_READS,
  ...HAND_OVER,
  ...WITNESSES,
  ...SLOW_DISKS,
  ...CLIENT_SESSIONS,
];
