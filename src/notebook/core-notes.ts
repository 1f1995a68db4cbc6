// What of a core's life is noted: an observer that sees its inputs and what it becomes, and a look at each tick for what does not
// happen, such as a lease that nobody renews. The core knows nothing of it, and it changes nothing.

import type { CoreObserver } from '../node/observed-raft.js';
import type { Input } from '../raft/input.js';
import type { Raft } from '../raft/raft.js';
import type { RaftEvent, Ready } from '../raft/ready.js';
import type { NodeId } from '../raft/types.js';
import { readCause } from '../state-machine/cause.js';
import { NOTE_LIMITS } from './note.js';
import type { NoteWords } from './note.js';

/** Below this share of the time in processor time a process that came back late was not running, but stopped. */
const RUNNING_SHARE = 0.3;
/** How often the processor time is read: the system adds it up over all threads, which costs more than the rest of a tick. */
const CPU_EVERY_MS = 200;

export interface CoreNotesPorts {
  readonly note: (words: NoteWords) => void;
  /** Processor time that this process has used so far, in ms. */
  readonly cpuMs: () => number;
}

export class CoreNotes implements CoreObserver {
  readonly #ports: CoreNotesPorts;
  #raft: Raft | null = null;
  #wasLeading = false;
  /** Who granted a vote in the term campaigned in. */
  #votes = new Set<NodeId>();
  #isLeaseLost = false;
  /** Since when the sync that was noted as overdue is on its way; null: none is. */
  #overdueSinceMs: number | null = null;
  #health: string | null = null;
  /** The processor time as it was read last, and when; null: not yet. */
  #cpu: { readonly usedMs: number; readonly atMs: number } | null = null;

  constructor(ports: CoreNotesPorts) {
    this.#ports = ports;
  }

  began(raft: Raft): void {
    this.#raft = raft;
  }

  stepping(input: Input): void {
    if (input.type === 'health') {
      this.#noteHealth(input.why);
      return;
    }
    if (input.type !== 'message') return;
    const { from, message } = input;
    const isVote = message.type === 'requestVoteResponse' && !message.preVote && message.granted;
    if (isVote && message.term === this.#raft?.state.term) this.#votes.add(from.id);
  }

  took(raft: Raft, ready: Ready | null): void {
    for (const event of ready?.events ?? []) this.#noteEvent(raft, event);
    this.#wasLeading = raft.state.role.type === 'leader';
  }

  violated(error: unknown): void {
    const why = `a fact that must hold did not: ${error instanceof Error ? error.message : String(error)}`;
    this.#note({ kind: 'stopping', why });
  }

  /** Called at every tick, before the core hears of it, with how late it is. */
  ticked(lateMs: number, nowMs: number): void {
    const timeoutMs = this.#raft?.state.options.timers.electionTimeoutMinMs ?? 0;
    // Less than half a timeout deposes nobody, and a busy machine would fill the notebook with it.
    if (lateMs >= Math.max(NOTE_LIMITS.lateMsMin, timeoutMs / 2)) this.#noteLate(lateMs, nowMs);
    else if (this.#cpu === null || nowMs - this.#cpu.atMs >= CPU_EVERY_MS) this.#readCpu(nowMs);
    if (this.#raft === null) return;
    this.#lookAtLease(this.#raft, nowMs);
    this.#lookAtDisk(this.#raft, nowMs);
  }

  #noteLate(lateMs: number, nowMs: number): void {
    const before = this.#cpu ?? { usedMs: 0, atMs: nowMs - lateMs };
    const usedMs = this.#readCpu(nowMs) - before.usedMs;
    const overMs = nowMs - before.atMs;
    const kind = usedMs < overMs * RUNNING_SHARE ? 'paused' : 'stalled';
    const why = `used the processor for ${Math.round(usedMs)} of ${Math.round(overMs)} ms`;
    this.#note({ kind, ms: lateMs, why });
  }

  #readCpu(nowMs: number): number {
    const usedMs = this.#ports.cpuMs();
    this.#cpu = { usedMs, atMs: nowMs };
    return usedMs;
  }

  #lookAtLease(raft: Raft, nowMs: number): void {
    const untilMs = raft.primaryUntilMs;
    const isLost = untilMs !== null && nowMs >= untilMs;
    if (isLost && !this.#isLeaseLost) this.#note({ kind: 'leaseLost', epoch: raft.ownEpoch });
    if (!isLost && this.#isLeaseLost && untilMs !== null) {
      this.#note({ kind: 'leaseBack', epoch: raft.ownEpoch });
    }
    this.#isLeaseLost = isLost;
  }

  #lookAtDisk({ state }: Raft, nowMs: number): void {
    const startMs = state.persistence.oldestStartMs;
    const since = this.#overdueSinceMs;
    if (since !== null && startMs !== since) {
      this.#overdueSinceMs = null;
      this.#note({ kind: 'syncDone', ms: nowMs - since });
    }
    const limitMs = state.options.timers.electionTimeoutMinMs;
    if (startMs === null || startMs === since || nowMs - startMs < limitMs) return;
    this.#overdueSinceMs = startMs;
    this.#note({ kind: 'syncOverdue', ms: nowMs - startMs });
  }

  #noteHealth(why: string | null): void {
    if (why === this.#health) return;
    const wasWell = this.#health === null;
    this.#health = why;
    if (why !== null) this.#note({ kind: 'unhealthy', why });
    else if (!wasWell) this.#note({ kind: 'healthy' });
  }

  #noteEvent(raft: Raft, event: RaftEvent): void {
    const { state } = raft;
    switch (event.type) {
      case 'becamePreCandidate': {
        const { heard, nowMs } = state;
        const ms = heard === null ? null : nowMs - heard.atMs;
        const peer = heard === null ? null : this.#nameOf(heard.id);
        this.#note({ kind: 'askedToCampaign', ms, peer, why: event.why });
        return;
      }
      case 'becameCandidate':
        this.#votes = new Set([state.options.id]);
        this.#note({ kind: 'campaigned', term: event.term, why: event.why });
        return;
      case 'becameLeader': {
        const why = `${this.#votes.size} of ${raft.configuration.voters.length} voted for it`;
        this.#note({ kind: 'elected', term: event.term, why });
        return;
      }
      case 'becameFollower':
        if (this.#wasLeading) this.#note({ kind: 'steppedDown', why: event.why });
        else if (event.why === 'lost the election') this.#note({ kind: 'lostElection' });
        return;
      case 'leaderChanged': {
        const { leaderId } = event;
        if (leaderId === null || leaderId === state.options.id) return;
        this.#note({ kind: 'followed', term: event.term, peer: this.#nameOf(leaderId) });
        return;
      }
      case 'activated': {
        const { role, nowMs } = state;
        const untilMs = role.type === 'leader' ? (role.boundUntilMs ?? nowMs) : nowMs;
        this.#note({ kind: 'activated', epoch: event.epoch, ms: Math.max(0, untilMs - nowMs) });
        return;
      }
      case 'handOverStarted': {
        const cause = state.role.type === 'leader' ? (state.role.transfer?.cause ?? '') : '';
        const why = readCause(cause).text;
        this.#note({ kind: 'handOverBegan', peer: this.#nameOf(event.to), why });
        return;
      }
      case 'handOverAbandoned':
        this.#note({ kind: 'handOverAbandoned', peer: this.#nameOf(event.to), why: event.why });
        return;
      case 'promotionRefused':
      case 'nobodyFit':
        this.#note({ kind: event.type, why: event.why });
        return;
      default:
        // The others say nothing of who reigns.
        return;
    }
  }

  #nameOf(id: NodeId): string {
    const { members } = this.#raft?.configuration ?? { members: [] };
    return members.find((member) => member.id === id)?.name ?? `node ${id}`;
  }

  #note(words: NoteWords): void {
    const { term = 0 } = this.#raft?.state ?? {};
    this.#ports.note({ term, ...words });
  }
}
