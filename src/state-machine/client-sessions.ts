// The exactly-once table (Thesis §6.3): what was answered to each request of each client session, so that a repeated
// request gets the first answer and is never carried out again. A session is opened by an entry of its own, under an id
// that no other entry opens: were it opened by its first write, a repetition of that write which comes after the session
// was forgotten would open it anew and happen twice. Forgetting follows the log alone, in order of last use.

import { invariant, InvariantViolation } from '../raft/assert.js';
import { answerBytes } from './client-answer.js';
import type { ClientAnswer } from './client-answer.js';
import type {
  ApplyResult,
  ClientRequest,
  ClientSessionLimits,
  CommandRefusal,
  FirstResult,
} from './command.js';
import type { LogIndex } from '../raft/types.js';
import { SortedMap } from './sorted-map.js';
import { compareUnits } from './utf8-order.js';

export interface ClientSession {
  readonly id: string;
  /** Index of the entry that used it last. An entry uses one session: no two sessions have the same. */
  readonly usedRevision: LogIndex;
  /** Cluster time at that entry. */
  readonly usedMs: number;
  /** Nothing is known of requests below this. Invariant: never falls; no answer is kept below it. */
  readonly forgottenBelow: number;
  /** Of all its answers together. */
  readonly answersBytes: number;
}

type AnswerKey = Pick<ClientAnswer, 'session' | 'sequence'>;

/** The table at one moment; nobody changes it. */
export interface FrozenClientSessions {
  readonly sessions: SortedMap<string, ClientSession>;
  readonly answers: SortedMap<AnswerKey, ClientAnswer>;
}

export class ClientSessions {
  readonly #limits: ClientSessionLimits;
  /** Ids are digits of ASCII. */
  readonly #byId = new SortedMap<string, ClientSession>(compareUnits);
  /**
   * Ids by the entry that used the session last: first the one that was not used for longest. Since cluster time never
   * falls along the log, it is also the first to have been idle for too long.
   */
  readonly #byUse = new SortedMap<LogIndex, string>((a, b) => a - b);
  readonly #answers = new SortedMap<AnswerKey, ClientAnswer>(compareAnswers);
  /** Invariant: the sum over all sessions. */
  #answersBytes = 0;

  constructor(limits: ClientSessionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Opens a session by the entry at `revision`. */
  open(id: string, revision: LogIndex, nowMs: number): ApplyResult {
    this.#forgetIdle(nowMs);
    // Nobody repeats a command that opens: an id that is known means that its draw was not random.
    if (this.#byId.get(id) !== null) return forgotten(true);
    if (this.#byId.size >= this.#limits.sessionsMax) this.#forgetOldest();
    this.#keep({
      id,
      usedRevision: revision,
      usedMs: nowMs,
      forgottenBelow: 1,
      answersBytes: 0,
    });
    return { type: 'clientSessionOpened', id };
  }

  /**
   * Judges a request before anything is changed by it; null: it comes for the first time and is to be carried out, then
   * recorded. Else the answer: the first one, or why there is none.
   */
  admit(request: ClientRequest, revision: LogIndex, nowMs: number): ApplyResult | null {
    const { session: id, sequence, acknowledgedBelow } = request;
    this.#forgetIdle(nowMs);
    const session = this.#live(id, nowMs);
    if (session === null) return forgotten(false);
    const below = Math.max(session.forgottenBelow, acknowledgedBelow);
    const answersBytes = session.answersBytes - this.#dropAnswers(id, below);
    this.#byUse.delete(session.usedRevision);
    this.#keep({ id, usedRevision: revision, usedMs: nowMs, forgottenBelow: below, answersBytes });
    if (sequence < below) return forgotten(true);
    const answer = this.#answers.get({ session: id, sequence });
    if (answer !== null) {
      return { type: 'repeated', revision: answer.revision, first: answer.result };
    }
    const { windowMax } = this.#limits;
    return sequence < below + windowMax ? null : refused({ reason: 'windowExceeded', windowMax });
  }

  /** Keeps the answer of a request that was admitted and carried out by the entry at `revision`. */
  record({ session: id, sequence }: ClientRequest, revision: LogIndex, result: FirstResult): void {
    const answer = { session: id, sequence, revision, result, bytes: answerBytes(result) };
    this.#add(answer);
    const { sessionAnswersBytesMax, answersBytesMax } = this.#limits;
    for (;;) {
      const session = this.#known(id);
      if (session.answersBytes <= sessionAnswersBytesMax) break;
      const forgottenBelow = this.#lowest(id) + 1;
      const answersBytes = session.answersBytes - this.#dropAnswers(id, forgottenBelow);
      this.#keep({ ...session, forgottenBelow, answersBytes });
    }
    while (this.#answersBytes > answersBytesMax) this.#forgetOldest();
  }

  /** The table as it is at this moment, whatever is applied later; constant time. */
  freeze(): FrozenClientSessions {
    return { sessions: this.#byId.clone(), answers: this.#answers.clone() };
  }

  /** Takes in a session of a snapshot, without its answers. */
  restoreSession(session: ClientSession): void {
    invariant(this.#byId.get(session.id) === null, 'a snapshot holds a client session once');
    invariant(session.answersBytes === 0, 'answers follow the sessions in a snapshot');
    this.#keep(session);
  }

  /** Takes in an answer of a snapshot; its session is there already. */
  restoreAnswer(answer: ClientAnswer): void {
    invariant(this.#byId.get(answer.session) !== null, 'an answer belongs to a client session');
    invariant(this.#answers.get(answer) === null, 'a snapshot holds an answer once');
    this.#add(answer);
  }

  /** Null also for one that is idle for too long, although its turn to be forgotten has not come. */
  #live(id: string, nowMs: number): ClientSession | null {
    const session = this.#byId.get(id);
    return session === null || this.#isIdle(session, nowMs) ? null : session;
  }

  #isIdle({ usedMs }: ClientSession, nowMs: number): boolean {
    return nowMs - usedMs >= this.#limits.idleMs;
  }

  #known(id: string): ClientSession {
    const session = this.#byId.get(id);
    invariant(session !== null, 'a client session that has a place in the table is known');
    return session;
  }

  #add(answer: ClientAnswer): void {
    const session = this.#known(answer.session);
    invariant(answer.sequence >= session.forgottenBelow, 'no answer is kept that is forgotten');
    this.#answers.set(answer, answer);
    this.#answersBytes += answer.bytes;
    this.#keep({ ...session, answersBytes: session.answersBytes + answer.bytes });
  }

  /** Sequence of the lowest answer kept of a session that has one. */
  #lowest(id: string): number {
    for (const { session, sequence } of this.#answers.values({ session: id, sequence: 0 })) {
      invariant(session === id, 'a client session with bytes of answers has an answer');
      return sequence;
    }
    throw new InvariantViolation('a table with bytes of answers has an answer');
  }

  /** Answers the bytes that are free now; the caller keeps the session with as many less. */
  #dropAnswers(id: string, below: number): number {
    const gone: ClientAnswer[] = [];
    for (const answer of this.#answers.values({ session: id, sequence: 0 })) {
      if (answer.session !== id || answer.sequence >= below) break;
      gone.push(answer);
    }
    for (const answer of gone) this.#answers.delete(answer);
    const bytes = gone.reduce((sum, answer) => sum + answer.bytes, 0);
    this.#answersBytes -= bytes;
    return bytes;
  }

  #forgetIdle(nowMs: number): void {
    const idle: string[] = [];
    for (const id of this.#byUse.values(null)) {
      if (!this.#isIdle(this.#known(id), nowMs) || idle.length >= this.#limits.forgetBatchMax) {
        break;
      }
      idle.push(id);
    }
    for (const id of idle) this.#forget(id);
  }

  #forgetOldest(): void {
    const oldest = this.#byUse.first;
    invariant(oldest !== null, 'a table that is full has a client session');
    this.#forget(oldest);
  }

  #forget(id: string): void {
    const { usedRevision, answersBytes } = this.#known(id);
    const dropped = this.#dropAnswers(id, Number.MAX_SAFE_INTEGER);
    invariant(dropped === answersBytes, 'a client session counts the bytes of its answers');
    this.#byId.delete(id);
    this.#byUse.delete(usedRevision);
  }

  #keep(session: ClientSession): void {
    this.#byId.set(session.id, session);
    this.#byUse.set(session.usedRevision, session.id);
    invariant(this.#byUse.size === this.#byId.size, 'every client session was used last once');
  }
}

function forgotten(isSessionKnown: boolean): ApplyResult {
  return refused({ reason: 'requestForgotten', isSessionKnown });
}

function refused(refusal: CommandRefusal): ApplyResult {
  return { type: 'refused', refusal };
}

function compareAnswers(a: AnswerKey, b: AnswerKey): number {
  return compareUnits(a.session, b.session) || a.sequence - b.sequence;
}
