// The table of public errors, and what becomes of an error on its way over gRPC and back.
// Every refusal of the node has its code and says why.
import { Metadata, status as grpcStatus } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { ERRORS, GRPC_CODES, hintFor, isErrorCode, QuorateError } from '../../src/errors.js';
import type { ErrorCode } from '../../src/errors.js';
import type { NodeRefusal } from '../../src/node/api.js';
import type { LogIndex, NodeId } from '../../src/raft/types.js';
import {
  ANSWER_BYTES_MAX,
  errorFromStatus,
  statusFor,
  transportError,
} from '../../src/client/status-details.js';
import {
  changeError,
  commandError,
  refusalError,
  writeError,
} from '../../src/service/status-map.js';
import { leaderStatus } from './words.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];

function asServiceError(answer: {
  code: number;
  details: string;
  metadata: Metadata;
}): ServiceError {
  return Object.assign(new Error(answer.details), answer);
}

function bare(code: number, details: string): ServiceError {
  return asServiceError({ code, details, metadata: new Metadata() });
}

describe('the table', () => {
  test('has the canonical numbers of gRPC', () => {
    for (const [name, code] of Object.entries(GRPC_CODES)) {
      expect(grpcStatus[name as keyof typeof GRPC_CODES]).toBe(code);
    }
  });

  test.each(CODES)('%s says what to do next', (code) => {
    const { hint, exit } = ERRORS[code];
    expect(hint).toMatch(/[.]$/);
    expect([1, 2, 3]).toContain(exit);
    expect(code).toMatch(/^[A-Z][A-Z0-9_]{2,62}$/);
  });

  test('a hint is filled from the data, and what is missing stands in capitals', () => {
    expect(hintFor('NAME_TAKEN', { name: 'n2' })).toContain('`quorate cluster-remove-node n2`');
    expect(hintFor('NAME_TAKEN', {})).toContain('`quorate cluster-remove-node NAME`');
  });

  test('only its own names are error codes', () => {
    expect(isErrorCode('NO_QUORUM')).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
  });

  test('no answer and no quorum end the command line with 3', () => {
    for (const code of [
      'NO_QUORUM',
      'UNREACHABLE',
      'INDETERMINATE',
      'DEADLINE_EXCEEDED',
    ] as const) {
      expect(new QuorateError(code, 'x').exitCode).toBe(3);
    }
  });
});

describe('an error over gRPC', () => {
  test.each(CODES)('%s comes back as it was', (code) => {
    const sent = new QuorateError(code, 'why not', { name: 'n2', field: 'id' });
    const back = errorFromStatus(asServiceError(statusFor(sent, { leader: '127.0.0.1:6001' })));
    expect(back).toMatchObject({
      code,
      message: 'why not',
      outcome: sent.outcome,
      hint: sent.hint,
      data: { name: 'n2', field: 'id', leader: '127.0.0.1:6001' },
    });
    expect(back?.grpcCode).toBe(GRPC_CODES[ERRORS[code].grpc]);
  });

  test('an outcome of its own survives', () => {
    const sent = new QuorateError('DEADLINE_EXCEEDED', 'late', {}, { outcome: 'refused' });
    expect(errorFromStatus(asServiceError(statusFor(sent)))?.outcome).toBe('refused');
  });

  test('a status without our details has no error of ours', () => {
    expect(errorFromStatus(bare(14, 'Connection dropped'))).toBeNull();
  });

  test('details of another making are not ours', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
    expect(errorFromStatus(asServiceError({ code: 14, details: 'x', metadata }))).toBeNull();
  });

  test.each([
    { name: 'a lost connection of a write', code: 14, isWrite: true, expected: 'INDETERMINATE' },
    { name: 'a lost connection of a read', code: 14, isWrite: false, expected: 'UNREACHABLE' },
    {
      name: 'a write without an answer in time',
      code: 4,
      isWrite: true,
      expected: 'INDETERMINATE',
    },
    {
      name: 'a method that the other does not have',
      code: 12,
      isWrite: true,
      expected: 'UNIMPLEMENTED',
    },
    { name: 'a server without memory for a read', code: 8, isWrite: false, expected: 'OVERLOADED' },
    {
      name: 'a server without memory for a write, which it may have begun',
      code: 8,
      isWrite: true,
      expected: 'INDETERMINATE',
    },
  ])('$name is $expected', ({ code, isWrite, expected }) => {
    const error = transportError(bare(code, 'x'), '127.0.0.1:6001', isWrite);
    expect(error.code).toBe(expected);
    expect(error.data['address']).toBe('127.0.0.1:6001');
  });

  const TOO_LARGE = 'Received message larger than max';
  test.each([
    { name: 'a request that the server found too large', vs: 1_638_400, expected: 'TOO_LARGE' },
    { name: 'a write whose answer was too large', vs: ANSWER_BYTES_MAX, expected: 'INDETERMINATE' },
  ])('$name is $expected', ({ vs, expected }) => {
    const error = transportError(bare(8, `${TOO_LARGE} (9999999 vs ${vs})`), 'a:1', true);
    expect(error.code).toBe(expected);
  });

  test('a web server that knows no such page is no daemon of another version', () => {
    const error = transportError(bare(12, 'Received HTTP status code 404'), 'a:1', true);
    expect(error).toMatchObject({ code: 'UNREACHABLE', outcome: 'refused', exitCode: 3 });
    expect(error.message).toContain('is no daemon');
  });

  test('a deadline that passed is told without what only debugs gRPC', () => {
    const details = 'Deadline exceeded after 1.974s,metadata filters: 0.002s,remote_addr=a:1';
    for (const isWrite of [true, false]) {
      const { message } = transportError(bare(4, details), 'a:1', isWrite);
      expect(message).toMatch(/in time/);
      expect(message).not.toMatch(/metadata/);
    }
  });
});

const REFUSALS: readonly { refusal: NodeRefusal; code: ErrorCode; says: RegExp }[] = [
  { refusal: { reason: 'notLeader', leaderId: 2 as NodeId }, code: 'NOT_LEADER', says: /n2 leads/ },
  { refusal: { reason: 'leaderNotReady' }, code: 'NO_QUORUM', says: /own term/ },
  { refusal: { reason: 'handingOver', to: 3 as NodeId }, code: 'HANDING_OVER', says: /to n3/ },
  { refusal: { reason: 'overloaded' }, code: 'OVERLOADED', says: /too many/ },
  { refusal: { reason: 'changeRunning' }, code: 'CHANGE_RUNNING', says: /not finished/ },
  { refusal: { reason: 'invalidChange', detail: 'D' }, code: 'INVALID_CHANGE', says: /D/ },
  { refusal: { reason: 'wouldLoseQuorum', detail: 'D' }, code: 'WOULD_LOSE_QUORUM', says: /D/ },
  { refusal: { reason: 'targetUnfit', detail: 'D' }, code: 'TARGET_UNFIT', says: /D/ },
  { refusal: { reason: 'clean' }, code: 'CLEAN_NODE', says: /no cluster/ },
  { refusal: { reason: 'alreadyMember' }, code: 'ALREADY_MEMBER', says: /already/ },
  { refusal: { reason: 'degraded' }, code: 'DEGRADED', says: /disk/ },
  { refusal: { reason: 'removed' }, code: 'REMOVED', says: /removed/ },
  { refusal: { reason: 'stopping' }, code: 'STOPPING', says: /stopping/ },
];

describe('a refusal of the node', () => {
  test.each(REFUSALS)('$refusal.reason is $code', ({ refusal, code, says }) => {
    const error = refusalError(refusal, leaderStatus());
    expect(error.code).toBe(code);
    expect(error.outcome).toBe('refused');
    expect(error.message).toMatch(says);
  });

  test('that names a leader carries its API address', () => {
    const error = refusalError({ reason: 'notLeader', leaderId: 2 as NodeId }, leaderStatus());
    expect(error.data).toEqual({ leader: '127.0.0.1:7002', leader_name: 'n2' });
    expect(error.hint).toBe('Ask the leader at 127.0.0.1:7002.');
  });
});

describe('an outcome', () => {
  test('of a write that was overwritten is safe to repeat', () => {
    const error = writeError({ type: 'overwritten' }, leaderStatus());
    expect(error).toMatchObject({ code: 'OVERWRITTEN', outcome: 'overwritten', isRetryable: true });
  });

  test('of a write that nobody knows is not', () => {
    const error = writeError({ type: 'indeterminate' }, leaderStatus());
    expect(error).toMatchObject({
      code: 'INDETERMINATE',
      outcome: 'indeterminate',
      isRetryable: false,
    });
  });

  test('of a hand-over that was abandoned says why', () => {
    const outcome = { type: 'abandoned', why: 'the target did not catch up in time' } as const;
    const error = changeError(outcome, 'the hand-over', leaderStatus());
    expect(error.code).toBe('HANDOVER_ABANDONED');
    expect(error.message).toContain('did not catch up');
    expect(changeError(outcome, 'the change of members', leaderStatus()).code).toBe('OVERWRITTEN');
  });

  test('of a command that the state refused names the revision that is there', () => {
    const expected = 3 as LogIndex;
    const error = commandError({ reason: 'revisionMismatch', expected, actual: 7 as LogIndex });
    expect(error).toMatchObject({
      code: 'REVISION_MISMATCH',
      data: { expected: '3', actual: '7' },
    });
    expect(error.hint).toContain('revision 7');
    expect(commandError({ reason: 'sessionNotFound', id: 'a' }).code).toBe('SESSION_NOT_FOUND');
    expect(commandError({ reason: 'limitExceeded', detail: 'too many' }).code).toBe(
      'LIMIT_EXCEEDED',
    );
  });
});
