// The error codes of what the cluster remembers: sessions, store, locks, jobs, services, policies. A part of the table in errors.ts, which
// everybody imports; it stands apart only because it grows with every fact.

import { kind, RETRYABLE } from './error-kind.js';

export const FACT_ERRORS = {
  REVISION_MISMATCH: kind(
    'ABORTED',
    'failed',
    'Read it again and decide with its revision {actual}.',
  ),
  SESSION_NOT_FOUND: kind(
    'NOT_FOUND',
    'failed',
    'It never was, has expired or was deleted; `quorate session put` creates it.',
  ),
  VALUE_MISMATCH: kind('ABORTED', 'failed', 'Read it again and decide with its value.'),
  KEY_NOT_FOUND: kind(
    'NOT_FOUND',
    'failed',
    'It never was, or was deleted; `quorate store put` creates it.',
  ),
  LIMIT_EXCEEDED: kind('FAILED_PRECONDITION', 'failed', 'Remove attributes or shorten them.'),
  STORE_FULL: kind(
    'RESOURCE_EXHAUSTED',
    'failed',
    'Delete keys or shorten values; the store holds at most {limit}.',
  ),
  LOCK_HELD: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Wait for it, or try again later; `quorate lock get {name}` shows who holds it.',
    RETRYABLE,
  ),
  LOCK_LOST: kind('ABORTED', 'failed', 'Stop what was done under it; acquire it again.'),
  LOCK_NOT_FOUND: kind('NOT_FOUND', 'failed', 'Nobody holds it or waits for it.'),
  LOCK_LIMIT: kind('RESOURCE_EXHAUSTED', 'failed', 'Release locks that are not needed any more.'),
  JOB_NOT_FOUND: kind(
    'NOT_FOUND',
    'failed',
    'It never was, or it ended long ago; `quorate job list` shows those that are remembered.',
  ),
  JOB_EXISTS: kind('ALREADY_EXISTS', 'failed', 'Submit it under another id.'),
  JOB_STATUS: kind(
    'FAILED_PRECONDITION',
    'failed',
    '`quorate job get {id}` shows how far it came.',
  ),
  JOB_CLAIM_LOST: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Stop working on it: another worker goes on, or it has ended.',
  ),
  JOB_LIMIT: kind(
    'RESOURCE_EXHAUSTED',
    'failed',
    'Wait until jobs have ended, cancel some, or let them carry less.',
  ),
  PROVIDER_NOT_FOUND: kind(
    'NOT_FOUND',
    'failed',
    'It was never registered, or is gone; `quorate service list {service}` shows who is there.',
  ),
  PROVIDER_REPLACED: kind(
    'FAILED_PRECONDITION',
    'failed',
    'Another process registered it since: stop this one, or give it an id of its own.',
  ),
  NO_PROVIDER: kind(
    'FAILED_PRECONDITION',
    'failed',
    '`quorate service list {service}` shows who is there and why nobody is sent to them.',
    RETRYABLE,
  ),
  SERVICE_LIMIT: kind(
    'RESOURCE_EXHAUSTED',
    'failed',
    'Deregister providers that are not needed any more.',
  ),
  VERSION_MISMATCH: kind(
    'ABORTED',
    'failed',
    'Look at it with `quorate policy get {name}`, and decide with its version {actual}.',
  ),
  POLICY_NOT_FOUND: kind(
    'NOT_FOUND',
    'failed',
    'It never was, or is deleted; `quorate policy history {name}` shows what is remembered of it.',
  ),
  POLICY_VERSION_NOT_FOUND: kind(
    'NOT_FOUND',
    'failed',
    '`quorate policy history {name}` shows the versions that are remembered.',
  ),
  POLICY_LIMIT: kind('RESOURCE_EXHAUSTED', 'failed', 'Delete policies, or shorten documents.'),
} as const;
