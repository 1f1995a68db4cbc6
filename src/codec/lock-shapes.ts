// What clients ask of locks as fields and back, but for the client session that covers it, which every request has alike.
// A value is copied: the claim outlives the record in which it came.

import type { Command } from '../state-machine/command.js';
import type { LockCommand } from '../state-machine/locks.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import type { FieldValue } from './envelope.js';
import { VALUES } from './slab.js';

type Uncovered<K extends LockCommand['kind']> = Omit<Extract<Command, { kind: K }>, 'client'>;

/** The request's fields, the client session's not among them. */
export function lockFields(command: LockCommand): FieldValue[] {
  const { requestId, name, session } = command;
  if (command.kind === 'releaseLock') return [requestId, name, session];
  const { value, delayMs, isWaiting } = command;
  return [requestId, name, session, value, delayMs, isWaiting];
}

/** Reads what `lockFields` wrote of a wish for a lock. */
export function readAcquireLock(reader: ValueReader): Uncovered<'acquireLock'> {
  return {
    kind: 'acquireLock',
    requestId: reader.string('requestId'),
    name: reader.string('name'),
    session: reader.string('session'),
    value: VALUES.copyOf(reader.bytes('value')),
    delayMs: reader.integer('delayMs'),
    isWaiting: reader.boolean('isWaiting'),
  };
}

/** Reads what `lockFields` wrote of a release. */
export function readReleaseLock(reader: ValueReader): Uncovered<'releaseLock'> {
  return {
    kind: 'releaseLock',
    requestId: reader.string('requestId'),
    name: reader.string('name'),
    session: reader.string('session'),
  };
}
