// The property that judges what the clients of a run were told, by calls and answers alone. It accepts what is true, names
// the client that was told otherwise, and says when it does not know.

import { describe, expect, test } from 'vitest';

import { History } from '../../../simulations/history.js';
import { clientHistories } from '../../../simulations/invariants/client-histories.js';
import type { Operation } from '../../../simulations/operation.js';
import { Violation } from '../../../simulations/violation.js';
import type { WriteOutcome } from '../../../src/node/api.js';
import type { LogIndex, NodeId, Term } from '../../../src/raft/types.js';
import type { ApplyResult, Session } from '../../../src/state-machine/command.js';

const entry = { term: 1 as Term, index: 1 as LogIndex };
const applied = (result: ApplyResult): WriteOutcome => ({ type: 'applied', entry, result });

function session(revision: number, byte: number): Session {
  return {
    id: 's',
    owner: 'o',
    nodeId: 1 as NodeId,
    attributes: new Map([['a', new Uint8Array([byte])]]),
    ttlMs: null,
    deadlineMs: null,
    createRevision: 1 as LogIndex,
    revision: revision as LogIndex,
  } as unknown as Session;
}

let asked = 0;
function put(byte: number, beganUs: number, endedUs: number, outcome: WriteOutcome): Operation {
  asked += 1;
  const id = `c${byte}-${asked}`;
  return {
    kind: 'write',
    id,
    sessionId: 's',
    command: {
      kind: 'putSession',
      requestId: id,
      client: null,
      id: 's',
      owner: 'o',
      nodeId: 1 as NodeId,
      attributes: new Map([['a', new Uint8Array([byte])]]),
      removed: [],
      ttlMs: null,
      ifRevision: null,
    },
    beganUs,
    endedUs,
    outcome,
  };
}

function get(found: Session | null, beganUs: number, endedUs: number, isStale = false): Operation {
  asked += 1;
  const told = { session: found, entry: null, digest: null };
  const answer = { lastApplied: 1 as LogIndex, isLeased: false, ...told };
  const id = `r-${asked}`;
  return { kind: 'read', id, sessionId: 's', isStale, of: 'session', beganUs, endedUs, answer };
}

/** How often nobody knows; throws the violation. */
function judge(operations: readonly Operation[], slicesMax = 100): number {
  let undecided = 0;
  const property = clientHistories(
    new History(),
    () => {
      undecided += 1;
    },
    slicesMax,
  );
  for (const operation of operations) {
    property.began?.(operation);
    property.ended?.(operation);
  }
  property.over?.();
  return undecided;
}

const first = put(1, 0, 10, applied({ type: 'session', session: session(5, 1) }));
const second = put(2, 20, 30, applied({ type: 'session', session: session(6, 2) }));

describe('what clients were told of a session', () => {
  test.each<[string, readonly Operation[]]>([
    ['what is true', [first, get(session(5, 1), 11, 12), second, get(session(6, 2), 31, 32)]],
    ['an old value to who asked for any', [first, second, get(session(5, 1), 31, 32, true)]],
    [
      'a write of unknown outcome that happened',
      [put(1, 0, 9, { type: 'indeterminate' }), get(session(5, 1), 10, 11)],
    ],
    [
      'a write of unknown outcome that did not',
      [put(1, 0, 9, { type: 'indeterminate' }), get(null, 10, 11)],
    ],
    [
      'a refusal',
      [
        first,
        put(3, 11, 12, { type: 'refused', refusal: { reason: 'overloaded' } }),
        get(session(5, 1), 13, 14),
      ],
    ],
  ])('may be %s', (_what, operations) => {
    expect(judge(operations)).toBe(0);
  });

  test.each<[string, readonly Operation[]]>([
    ['an old value after a new one', [first, second, get(session(5, 1), 31, 32)]],
    ['nothing of what was acknowledged', [first, get(null, 11, 12)]],
    ['what nobody wrote', [first, get(session(5, 9), 11, 12)]],
    [
      'what was refused',
      [
        put(1, 0, 1, { type: 'refused', refusal: { reason: 'overloaded' } }),
        get(session(5, 1), 2, 3),
      ],
    ],
    [
      'what was written later',
      [
        get(session(5, 1), 0, 1),
        put(1, 2, 3, applied({ type: 'session', session: session(5, 1) })),
      ],
    ],
    [
      'a revision that was given twice',
      [first, put(2, 20, 30, applied({ type: 'session', session: session(5, 2) }))],
    ],
  ])('may not be %s', (_what, operations) => {
    expect(() => judge(operations)).toThrow(Violation);
    expect(() => judge(operations)).toThrow(/was told .*, but all that was told before leaves/);
  });

  test('is counted when it is too much to judge', () => {
    expect(judge([first, second], 0)).toBe(1);
  });
});
