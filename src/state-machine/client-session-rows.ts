// The exactly-once table in a snapshot: one row for each client session in the order of ids, then one for each answer, so
// that no row grows with what a client has in flight. Sums are counted anew when it is restored.

import { answerBytes, readResult, resultRow } from './client-answer.js';
import type { ClientAnswer } from './client-answer.js';
import type { ClientSession, FrozenClientSessions } from './client-sessions.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';

export const CLIENT_SESSIONS_FACT = 'clientSessions';
export const CLIENT_ANSWERS_FACT = 'clientAnswers';

/** One row for each client session; read lazily, a slice at a time. */
export function clientSessionRows({ sessions }: FrozenClientSessions): FactRows {
  return { fact: CLIENT_SESSIONS_FACT, version: 1, rows: sessionRowsOf(sessions.values(null)) };
}

/** One row for each answer, those of one session in the order of their sequences. */
export function clientAnswerRows({ answers }: FrozenClientSessions): FactRows {
  return { fact: CLIENT_ANSWERS_FACT, version: 1, rows: answerRowsOf(answers.values(null)) };
}

/** Reads one row of `clientSessionRows`; its answers are not counted yet. */
export function restoreClientSession(row: Row): ClientSession {
  const reader = readRow(CLIENT_SESSIONS_FACT, row);
  return {
    id: reader.string('id'),
    usedRevision: reader.index('usedRevision'),
    usedMs: reader.integer('usedMs'),
    forgottenBelow: reader.integer('forgottenBelow'),
    answersBytes: 0,
  };
}

/** Reads one row of `clientAnswerRows`. */
export function restoreClientAnswer(row: Row): ClientAnswer {
  const reader = readRow(CLIENT_ANSWERS_FACT, row);
  const session = reader.string('session');
  const sequence = reader.integer('sequence');
  const revision = reader.index('revision');
  const result = reader.nested('result', readResult);
  return { session, sequence, revision, result, bytes: answerBytes(result) };
}

function* sessionRowsOf(sessions: Iterable<ClientSession>): Generator<Row> {
  for (const { id, usedRevision, usedMs, forgottenBelow } of sessions) {
    yield [id, usedRevision, usedMs, forgottenBelow];
  }
}

function* answerRowsOf(answers: Iterable<ClientAnswer>): Generator<Row> {
  for (const { session, sequence, revision, result } of answers) {
    yield [session, sequence, revision, resultRow(result)];
  }
}
