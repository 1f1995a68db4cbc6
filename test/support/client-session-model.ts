// The naive model of the exactly-once table: a list of client sessions in the order of their last use, each with a Map of
// answers. What a request does to the facts is the session model's subject; what it does here is said as directly as it
// can be: look it up, else carry it out and keep the answer, then throw away what is too much.

import { answerBytes } from '../../src/state-machine/client-answer.js';
import type {
  ClientRequest,
  ClientSessionLimits,
  FirstResult,
} from '../../src/state-machine/command.js';

interface Kept {
  readonly id: string;
  usedMs: number;
  below: number;
  answers: Map<number, { readonly revision: number; readonly first: FirstResult }>;
}

export class ClientSessionModel {
  readonly #limits: ClientSessionLimits;
  /** The one that was not used for longest first. */
  sessions: Kept[] = [];

  constructor(limits: ClientSessionLimits) {
    this.#limits = limits;
  }

  /** What the entry that opens `id` should answer. */
  open(id: string, nowMs: number): object {
    this.#dropIdle(nowMs);
    if (this.sessions.some((session) => session.id === id)) return forgotten(true);
    this.sessions.push({ id, usedMs: nowMs, below: 1, answers: new Map() });
    if (this.sessions.length > this.#limits.sessionsMax) this.sessions.shift();
    return { type: 'clientSessionOpened', id };
  }

  /** What the request should be answered; null: it is to be carried out. */
  admit({ session: id, sequence, acknowledgedBelow }: ClientRequest, nowMs: number): object | null {
    this.#dropIdle(nowMs);
    const session = this.sessions.find((each) => each.id === id);
    if (session === undefined || session.usedMs + this.#limits.idleMs <= nowMs) {
      return forgotten(false);
    }
    this.sessions = [...this.sessions.filter((each) => each !== session), session];
    session.usedMs = nowMs;
    forgetBelow(session, acknowledgedBelow);
    if (sequence < session.below) return forgotten(true);
    const answer = session.answers.get(sequence);
    if (answer !== undefined) return { type: 'repeated', ...answer };
    const { windowMax } = this.#limits;
    if (sequence < session.below + windowMax) return null;
    return { type: 'refused', refusal: { reason: 'windowExceeded', windowMax } };
  }

  /** Keeps what was answered to a request that was carried out. */
  record({ sequence }: ClientRequest, revision: number, first: FirstResult): void {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error('expected the session that was used last');
    session.answers.set(sequence, { revision, first });
    while (bytesOf(session) > this.#limits.sessionAnswersBytesMax) {
      forgetBelow(session, Math.min(...session.answers.keys()) + 1);
    }
    const all = (): number => this.sessions.reduce((sum, each) => sum + bytesOf(each), 0);
    while (all() > this.#limits.answersBytesMax) this.sessions.shift();
  }

  #dropIdle(nowMs: number): void {
    for (let dropped = 0; dropped < this.#limits.forgetBatchMax; dropped += 1) {
      const [oldest] = this.sessions;
      if (oldest === undefined || oldest.usedMs + this.#limits.idleMs > nowMs) return;
      this.sessions.shift();
    }
  }
}

function forgetBelow(session: Kept, below: number): void {
  session.below = Math.max(session.below, below);
  const kept = [...session.answers].filter(([sequence]) => sequence >= session.below);
  session.answers = new Map(kept);
}

function bytesOf({ answers }: Kept): number {
  return [...answers.values()].reduce((sum, { first }) => sum + answerBytes(first), 0);
}

function forgotten(isSessionKnown: boolean): object {
  return { type: 'refused', refusal: { reason: 'requestForgotten', isSessionKnown } };
}
