// Whom a client asks next, as stories of pure values: the leader directly where it is known and can be reached, else whoever
// has not failed lately, else whoever may be asked again first. The clock is a number.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  answered,
  anyTarget,
  failed,
  learned,
  nextTarget,
  whomToAsk,
  whyNobody,
} from '../../src/client/whom-to-ask.js';
import type { WhomToAsk } from '../../src/client/whom-to-ask.js';
import { ERRORS, isErrorCode, QuorateError } from '../../src/errors.js';
import type { ErrorCode } from '../../src/errors.js';

const A = 'a:6001';
const B = 'b:6001';
const C = 'c:6001';

function error(code: ErrorCode, leader?: string): QuorateError {
  return new QuorateError(code, `${code} it said`, leader === undefined ? {} : { leader });
}

function asked(whom: WhomToAsk, nowMs = 0): string {
  const { address, mayForward } = nextTarget(whom, nowMs);
  return mayForward ? `${address} and may forward` : address;
}

describe('a client that knows nothing', () => {
  test('asks the first address, to be told who leads rather than forwarded', () => {
    expect(asked(whomToAsk([A, B, A]))).toBe(A);
  });

  test('goes to the leader that it is told, also one that was not among its addresses', () => {
    const whom = failed(whomToAsk([A]), A, error('NOT_LEADER', C), 0);
    expect(asked(whom)).toBe(`${C} and may forward`);
    expect(whom.addresses).toEqual([A, C]);
  });

  test('asks another after a member that cannot be reached, and that one again once it has rested', () => {
    let whom = failed(whomToAsk([A, B]), A, error('UNREACHABLE'), 0);
    expect(asked(whom)).toBe(B);
    whom = failed(whom, B, error('UNREACHABLE'), 100);
    expect(nextTarget(whom, 150)).toMatchObject({ address: A, isFresh: false });
    expect(nextTarget(whom, 301)).toMatchObject({ address: A, isFresh: true });
    expect(whyNobody(whom)).toBe('UNREACHABLE it said; UNREACHABLE it said');
  });
});

test('a watch is spread over the members that have not failed lately', () => {
  const whom = learned(whomToAsk([A]), [A, B, C], B);
  expect([0, 0.4, 0.9].map((random) => anyTarget(whom, 0, random))).toEqual([A, B, C]);
  const less = failed(whom, B, error('UNREACHABLE'), 0);
  expect([0, 0.4, 0.9].map((random) => anyTarget(less, 0, random))).toEqual([A, A, C]);
  const none = failed(failed(less, A, error('STOPPING'), 10), C, error('STOPPING'), 20);
  expect(anyTarget(none, 30, 0.9)).toBe(B);
});

describe('a client that knows the leader', () => {
  const knowing = learned(answered(whomToAsk([A]), A), [A, B, C], B);

  test('asks it directly', () => {
    expect(asked(knowing)).toBe(`${B} and may forward`);
  });

  test('lets the others forward while it cannot be reached', () => {
    const whom = failed(knowing, B, error('UNREACHABLE'), 0);
    expect(asked(whom)).toBe(`${A} and may forward`);
    expect(asked(whom, 400)).toBe(`${B} and may forward`);
  });

  test('stays with it when it refuses what another would refuse too', () => {
    for (const code of ['REVISION_MISMATCH', 'OVERLOADED', 'HANDING_OVER', 'TOO_LARGE'] as const) {
      expect(asked(failed(knowing, B, error(code), 0))).toBe(`${B} and may forward`);
    }
  });

  test('forgets it when it says that it does not lead and knows nobody who does', () => {
    const whom = failed(knowing, B, error('NOT_LEADER'), 0);
    expect(whom.leader).toBeNull();
    expect(asked(whom)).toBe(B);
  });

  test('forgets members that left, but never the addresses that it was given', () => {
    const whom = learned(failed(knowing, C, error('UNREACHABLE'), 0), [B], B);
    expect(whom.addresses).toEqual([A, B]);
    expect(whom.failures.size).toBe(0);
  });
});

test('a member that fails again and again rests longer, up to 15 s; calls that fail together count once', () => {
  let whom = whomToAsk([A, B]);
  const rests: number[] = [];
  for (let nowMs = 0; rests.length < 8;) {
    whom = failed(failed(whom, A, error('UNREACHABLE'), nowMs), A, error('UNREACHABLE'), nowMs);
    const restMs = (whom.failures.get(A)?.untilMs ?? 0) - nowMs;
    rests.push(restMs);
    nowMs += restMs;
  }
  expect(rests).toEqual([300, 600, 1200, 2400, 4800, 9600, 15_000, 15_000]);
  expect(answered(whom, A).failures.size).toBe(0);
});

test('whatever members answer, somebody is asked, and nobody who rests while another does not', () => {
  const addresses = fc.constantFrom(A, B, C);
  const codes = fc.constantFrom(...Object.keys(ERRORS).filter(isErrorCode));
  const event = fc.oneof(
    fc.record({
      type: fc.constant('fails' as const),
      at: addresses,
      code: codes,
      leader: addresses,
    }),
    fc.record({ type: fc.constant('answers' as const), at: addresses }),
    fc.record({ type: fc.constant('learns' as const), of: fc.array(addresses), leader: addresses }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(5000))), (events) => {
      let whom = whomToAsk([A, B]);
      let nowMs = 0;
      for (const [happened, laterMs] of events) {
        nowMs += laterMs;
        if (happened.type === 'answers') whom = answered(whom, happened.at);
        else if (happened.type === 'learns') whom = learned(whom, happened.of, happened.leader);
        else whom = failed(whom, happened.at, error(happened.code, happened.leader), nowMs);
        const { address, isFresh } = nextTarget(whom, nowMs);
        expect(whom.addresses).toContain(address);
        expect(whom.addresses).toEqual(expect.arrayContaining([A, B]));
        const rests = (one: string): boolean => (whom.failures.get(one)?.untilMs ?? 0) > nowMs;
        expect(isFresh).toBe(!rests(address));
        expect(!isFresh).toBe(whom.addresses.every(rests));
      }
    }),
  );
});
