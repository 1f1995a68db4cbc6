// Sessions in a snapshot: one row each, in the order of ids, attributes in the order of names. A row is written and read
// here only; how rows travel is codec's subject.

import type { Session } from './command.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';
import type { SessionMap } from './sessions.js';
import type { ValueReader } from './value-reader.js';

export const SESSIONS_FACT = 'sessions';

/** One row for each session; read lazily, a slice at a time. */
export function sessionRows(sessions: SessionMap): FactRows {
  return { fact: SESSIONS_FACT, version: 1, rows: rowsOf(sessions) };
}

/** Reads one row of `sessionRows`. */
export function restoreSession(row: Row): Session {
  return readSession(readRow(SESSIONS_FACT, row));
}

/** Reads what `sessionRow` wrote. */
export function readSession(reader: ValueReader): Session {
  return {
    id: reader.string('id'),
    owner: reader.string('owner'),
    nodeId: reader.nodeId('nodeId'),
    attributes: new Map(
      reader.list('attributes', (list) =>
        list.nested('attribute', (pair) => [pair.string('name'), pair.bytes('value')] as const),
      ),
    ),
    ttlMs: reader.integer('ttlMs'),
    deadlineMs: reader.integer('deadlineMs'),
    createdRevision: reader.index('createdRevision'),
    revision: reader.index('revision'),
  };
}

/** One session as plain values. */
export function sessionRow(session: Session): Row {
  const { id, owner, nodeId, attributes, ttlMs, deadlineMs, createdRevision, revision } = session;
  return [id, owner, nodeId, [...attributes], ttlMs, deadlineMs, createdRevision, revision];
}

function* rowsOf(sessions: SessionMap): Generator<Row> {
  for (const session of sessions.values(null)) yield sessionRow(session);
}
