// Any run of commands against the naive model, with snapshots taken, frozen and restored at any point.
// QUORATE_TEST_LONG=1 runs many more.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePart } from '../../src/codec/command-codec.js';
import type { FrozenState } from '../../src/state-machine/frozen-state.js';
import { AppliedLog, restored, snapshotOf } from '../support/log-words.js';
import { SessionModel } from '../support/session-model.js';
import { anyCommand } from '../support/session-words.js';

const EVERYTHING = { prefix: '', after: '', countMax: 1000, bytesMax: Number.MAX_SAFE_INTEGER };

const anyStep = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('apply' as const), command: anyCommand }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.integer({ min: 0, max: 2000 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'expire' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'freeze' as const }) },
);

const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 100;

describe('sessions', () => {
  it('do what the model does in any run, across snapshots, and a frozen state stays as it was', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        const log = AppliedLog.started();
        const model = new SessionModel();
        const frozen: { state: FrozenState; expected: Uint8Array[] }[] = [];
        let nowMs = 0;
        for (const step of steps) {
          let answer: { actual: object; expected: unknown } = { actual: {}, expected: {} };
          if (step.do === 'wait') {
            nowMs += step.ms;
            log.wait(step.ms);
          } else if (step.do === 'restore') {
            log.state = restored(log.meta, snapshotOf(log.state));
          } else if (step.do === 'freeze') {
            frozen.push({ state: log.state.freeze(), expected: snapshotOf(log.state) });
          } else {
            const sessions = log.state.expiredSessions(nowMs, 3);
            const command =
              step.do === 'apply' ? step.command : { kind: 'expireSessions' as const, sessions };
            const expected = model.apply(command, log.entries.length + 1, nowMs);
            answer = { actual: log.command(command), expected };
          }
          expect(answer.actual).toMatchObject(answer.expected as object);
          expect(log.state.listSessions(EVERYTHING)).toEqual({
            sessions: model.list(),
            isMore: false,
          });
          const over = log.state.expiredSessions(nowMs, 1000).map(({ id }) => id);
          expect(over.toSorted(byBytes)).toEqual(model.over(nowMs));
        }
        for (const { state, expected } of frozen) {
          expect([...state.parts(3)].map(encodePart)).toEqual(expected);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('give the same page by page as at once', () => {
    fc.assert(
      fc.property(
        fc.array(anyCommand, { maxLength: 40, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        (commands, countMax) => {
          const log = AppliedLog.started();
          for (const command of commands) log.command(command);
          const ids: string[] = [];
          let isMore = true;
          while (isMore) {
            const after = ids.at(-1) ?? '';
            const page = log.state.listSessions({ ...EVERYTHING, after, countMax });
            ids.push(...page.sessions.map(({ id }) => id));
            isMore = page.isMore;
          }
          const all = log.state.listSessions(EVERYTHING).sessions.map(({ id }) => id);
          expect(ids).toEqual(all);
        },
      ),
    );
  });
});

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
