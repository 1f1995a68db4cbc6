// The exactly-once table: each rule of Thesis §6.3 by itself, its bounds one by one, then any run of requests against the
// naive model, with snapshots restored in the middle. QUORATE_TEST_LONG=1 runs many more.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../src/raft/assert.js';
import type {
  ClientRequest,
  ClientSessionLimits,
  FirstResult,
} from '../../src/state-machine/command.js';
import { CLIENT_SESSION_LIMITS } from '../../src/state-machine/command.js';
import type { SessionCommand } from '../../src/state-machine/sessions.js';
import { ClientSessionModel } from '../support/client-session-model.js';
import { AppliedLog, restored, snapshotOf } from '../support/log-words.js';
import { SessionModel } from '../support/session-model.js';
import {
  anySessionCommand,
  bytes,
  covered,
  open,
  put,
  remove,
  touch,
} from '../support/session-words.js';

const ONE = '1'.repeat(32);
const TWO = '2'.repeat(32);
const THREE = '3'.repeat(32);

const SMALL: ClientSessionLimits = {
  sessionsMax: 3,
  idleMs: 3000,
  windowMax: 4,
  sessionAnswersBytesMax: 800,
  answersBytesMax: 1100,
  forgetBatchMax: 1,
};

const UNKNOWN_SESSION = {
  type: 'refused',
  refusal: { reason: 'requestForgotten', isSessionKnown: false },
};
const FORGOTTEN_REQUEST = {
  type: 'refused',
  refusal: { reason: 'requestForgotten', isSessionKnown: true },
};

function opened(limits: Partial<ClientSessionLimits> = {}): AppliedLog {
  const log = AppliedLog.started({ ...CLIENT_SESSION_LIMITS, ...limits });
  log.command(open(ONE));
  return log;
}

/** The same log, its state restored from a snapshot. */
function rebuilt(log: AppliedLog, limits: Partial<ClientSessionLimits> = {}): AppliedLog {
  log.state = restored(log.meta, snapshotOf(log.state), { ...CLIENT_SESSION_LIMITS, ...limits });
  return log;
}

describe('a request of a client session', () => {
  it('that is repeated gets the first answer and changes nothing', () => {
    const log = opened();
    const request = covered(put('s', { attributes: new Map([['k', bytes('v')]]) }), ONE, 1);
    const first = log.command(request);
    const revision = log.entries.length;
    log.command(put('s', { owner: 'somebody else' }));
    const before = log.state.session('s');
    for (const at of [log, rebuilt(log)]) {
      expect(at.command(request)).toEqual({ type: 'repeated', revision, first });
    }
    expect(log.state.session('s')).toEqual(before);
  });

  it('that the state refused is refused the same way, although it would succeed by then', () => {
    const log = opened();
    const request = covered(remove('s', 7), ONE, 1);
    const first = log.command(request);
    expect(first).toMatchObject({ refusal: { reason: 'revisionMismatch', actual: 0 } });
    log.command(put('s'));
    expect(log.command(request)).toMatchObject({ type: 'repeated', first });
    expect(log.command(covered(remove('s'), ONE, 2))).toEqual({ type: 'deleted', existed: true });
    expect(rebuilt(log).command(request)).toMatchObject({ type: 'repeated', first });
  });

  it('may come before another with a lower sequence, of which each happens once', () => {
    const log = opened();
    expect(log.command(covered(put('b'), ONE, 2)).type).toBe('session');
    expect(log.command(covered(put('a'), ONE, 1)).type).toBe('session');
    expect(log.command(covered(put('b'), ONE, 2)).type).toBe('repeated');
    expect(log.command(covered(put('a'), ONE, 1)).type).toBe('repeated');
  });

  it('below what the client acknowledged is refused and not carried out', () => {
    const log = opened();
    log.command(covered(put('s'), ONE, 1));
    log.command(covered(touch('s'), ONE, 3, 3));
    log.command(remove('s'));
    for (const sequence of [1, 2]) {
      expect(log.command(covered(put('s'), ONE, sequence))).toEqual(FORGOTTEN_REQUEST);
    }
    expect(log.command(covered(touch('s'), ONE, 3, 1)).type).toBe('repeated');
    expect(log.state.session('s')).toBeNull();
  });

  it('of a session that was never opened is refused and not carried out', () => {
    const log = opened();
    expect(log.command(covered(put('s'), TWO, 1))).toEqual(UNKNOWN_SESSION);
    expect(log.state.session('s')).toBeNull();
  });

  it('too far beyond what is acknowledged is refused, and carried out once the window has moved', () => {
    const log = opened({ windowMax: 4 });
    const far = covered(put('s'), ONE, 5);
    expect(log.command(far)).toEqual({
      type: 'refused',
      refusal: { reason: 'windowExceeded', windowMax: 4 },
    });
    expect(log.command(covered(put('s'), ONE, 5, 2)).type).toBe('session');
  });

  it('without a client session is carried out as often as it comes', () => {
    const log = opened();
    expect(log.command(put('s')).type).toBe('session');
    expect(log.command(put('s')).type).toBe('session');
  });
});

describe('a client session', () => {
  it('is opened once under its id', () => {
    const log = opened();
    expect(log.command(open(ONE))).toEqual(FORGOTTEN_REQUEST);
    expect(log.command(covered(put('s'), ONE, 1)).type).toBe('session');
  });

  it('is forgotten when it was not used for too long, in cluster time', () => {
    const log = opened({ idleMs: 1000 });
    log.wait(999).command(covered(put('s'), ONE, 1));
    expect(
      rebuilt(log, { idleMs: 1000 })
        .wait(999)
        .command(covered(put('s'), ONE, 1)).type,
    ).toBe('repeated');
    expect(log.wait(1000).command(covered(put('s'), ONE, 1))).toEqual(UNKNOWN_SESSION);
    expect(log.state.clientSessionCount).toBe(0);
  });

  it('makes room for another when there are too many, the one that was not used for longest first', () => {
    const limits = { sessionsMax: 2 };
    const log = opened(limits);
    log.command(open(TWO));
    log.command(covered(put('s'), ONE, 1));
    rebuilt(log, limits).command(open(THREE));
    expect(log.command(covered(put('s'), ONE, 1)).type).toBe('repeated');
    expect(log.command(covered(put('s'), TWO, 1))).toEqual(UNKNOWN_SESSION);
    expect(log.state.clientSessionCount).toBe(2);
  });

  it('forgets its lowest answers when they are too large together', () => {
    const log = opened({ sessionAnswersBytesMax: 3000 });
    const large = put('s', { attributes: new Map([['k', new Uint8Array(1000)]]) });
    for (const sequence of [1, 2, 3]) log.command(covered(large, ONE, sequence));
    expect(log.command(covered(large, ONE, 1))).toEqual(FORGOTTEN_REQUEST);
    expect(log.command(covered(large, ONE, 2)).type).toBe('repeated');
  });

  it('makes room when all answers together are too large', () => {
    const log = opened({ sessionAnswersBytesMax: 2000, answersBytesMax: 3000 });
    log.command(open(TWO));
    log.command(open(THREE));
    const large = put('s', { attributes: new Map([['k', new Uint8Array(1000)]]) });
    for (const id of [TWO, ONE, THREE]) log.command(covered(large, id, 1));
    expect(log.command(covered(large, TWO, 1))).toEqual(UNKNOWN_SESSION);
    expect(log.command(covered(large, ONE, 1)).type).toBe('repeated');
    expect(log.command(covered(large, THREE, 1)).type).toBe('repeated');
  });

  it('of a snapshot stands there once, before its answers', () => {
    const log = opened();
    log.command(covered(put('s'), ONE, 1));
    const parts = [...log.state.freeze().parts(100)];
    const broken = [
      parts.map((part) => ({ ...part, rows: [...part.rows, ...part.rows] })),
      parts.filter(({ fact }) => fact !== 'clientSessions'),
    ];
    for (const given of broken) {
      expect(() => opened().state.restore(log.meta, given)).toThrow(InvariantViolation);
    }
  });
});

const anyStep = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('request' as const),
      command: anySessionCommand,
      /** Counted back from the session opened last; beyond the first, none that was ever opened. */
      session: fc.nat({ max: 3 }),
      /** Against the next that the client would give: below 0 it is a repetition. */
      sequence: fc.integer({ min: -4, max: 3 }),
      lag: fc.nat({ max: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'open' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 2000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
);
const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 100, size: 'max' });
const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 200;

/** What clients would remember: a number for each session opened, the next sequence of each, and each request. */
class Clients {
  readonly #sent = new Map<string, SessionCommand>();
  readonly #next = new Map<number, number>();
  opened = 0;

  idOf(number: number): string {
    return String(number).padStart(32, '0');
  }

  /** The request that the step stands for: as it was sent first, if it was. */
  request(step: Extract<Step, { do: 'request' }>): Covered {
    const number = this.opened - step.session;
    const next = this.#next.get(number) ?? 1;
    const sequence = Math.max(1, next + step.sequence);
    this.#next.set(number, Math.max(next, sequence + 1));
    const name = `${number} ${sequence}`;
    const command = this.#sent.get(name) ?? step.command;
    this.#sent.set(name, command);
    const acknowledgedBelow = Math.max(1, sequence - step.lag);
    const client = { session: this.idOf(number), sequence, acknowledgedBelow };
    return { command: { ...command, client }, client, name };
  }
}

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

interface Covered {
  readonly command: SessionCommand;
  readonly client: ClientRequest;
  readonly name: string;
}

describe('any run of requests', () => {
  it('is answered as the model answers it, across snapshots, and nothing is carried out twice', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(anySteps, (steps) => {
        const log = AppliedLog.started(SMALL);
        const table = new ClientSessionModel(SMALL);
        const facts = new SessionModel();
        const clients = new Clients();
        const firsts = new Map<string, FirstResult>();
        const carriedOut: string[] = [];
        const repeated: [FirstResult, FirstResult | undefined][] = [];
        let nowMs = 0;
        for (const step of steps) {
          const revision = log.entries.length + 1;
          let answer: { actual: object; expected: object } = { actual: {}, expected: {} };
          if (step.do === 'wait') {
            nowMs += step.ms;
            log.wait(step.ms);
          } else if (step.do === 'restore') {
            log.state = restored(log.meta, snapshotOf(log.state), SMALL);
          } else if (step.do === 'open') {
            clients.opened += 1;
            const id = clients.idOf(clients.opened);
            answer = { expected: table.open(id, nowMs), actual: log.command(open(id)) };
          } else {
            const { command, client, name } = clients.request(step);
            const known = table.admit(client, nowMs);
            const expected = known ?? (facts.apply(command, revision, nowMs) as object);
            const actual = log.command(command);
            answer = { actual, expected };
            const kind = actual.type === 'refused' ? actual.refusal.reason : actual.type;
            seen.set(kind, (seen.get(kind) ?? 0) + 1);
            if (known === null) {
              carriedOut.push(name);
              firsts.set(name, actual as FirstResult);
              table.record(client, revision, actual as FirstResult);
            }
            if (actual.type === 'repeated') repeated.push([actual.first, firsts.get(name)]);
          }
          expect(answer.actual).toMatchObject(answer.expected);
          expect(log.state.clientSessionCount).toBe(table.sessions.length);
        }
        expect(new Set(carriedOut).size).toBe(carriedOut.length);
        for (const [again, first] of repeated) expect(again).toEqual(first);
      }),
      { numRuns: RUNS },
    );
    const kinds = ['session', 'repeated', 'requestForgotten', 'windowExceeded', 'revisionMismatch'];
    for (const kind of kinds) expect(seen.get(kind)).toBeGreaterThan(RUNS / 10);
  });
});
