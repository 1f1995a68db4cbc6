// The history against a naive model: any run of entries, restored from a snapshot at any point; every page of every kind is what
// filtering a plain list gives. And which request asked for an event, whatever people wrote as their reason.
// QUORATE_TEST_LONG=1 runs many more.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntryPayload, Member } from '../../src/raft/types.js';
import { causeLine, readCause } from '../../src/state-machine/cause.js';
import {
  addEvents,
  EVENT_KINDS,
  EVENTS_MAX,
  EXPIRY_EVENTS_MAX,
  SETTING_EVENTS_MAX,
} from '../../src/state-machine/events.js';
import type { ClusterEvent } from '../../src/state-machine/events.js';
import {
  A,
  AppliedLog,
  B,
  C,
  configuration,
  index,
  restored,
  snapshotOf,
} from '../support/log-words.js';

const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 3000 : 100;

const anyCause = fc.constantFrom(
  'joint is left',
  causeLine({ requestId: 'r-1', text: 'n1 asked by alice: request r-2: why not' }),
);
const anyPort = fc.integer({ min: 6000, max: 6002 });

/** A configuration of some of three members, one of which moves about. */
const anyConfiguration = fc
  .record({ others: fc.subarray([B, C]), port: anyPort, cause: anyCause })
  .map(({ others, port, cause }): EntryPayload => {
    const members: Member[] = [{ ...A, address: `10.0.0.1:${port}` }, ...others];
    return { kind: 'configuration', configuration: configuration(members, [A]), cause };
  });
const anyEntry = fc.oneof(
  anyConfiguration,
  anyCause.map((cause): EntryPayload => ({
    kind: 'activation',
    nodeId: A.id,
    leaseMs: 750,
    cause,
    isChosen: false,
    gapMs: null,
  })),
  fc.constant<EntryPayload>({ kind: 'noop' }),
);
const anyStep = fc.oneof(
  { weight: 8, arbitrary: anyEntry },
  { weight: 1, arbitrary: fc.constant('restore' as const) },
);

describe('events', () => {
  it('are those that a plain list has, page by page and kind by kind, across snapshots', () => {
    fc.assert(
      fc.property(
        fc.array(anyStep, { maxLength: 30, size: 'max' }),
        fc.integer({ min: 1, max: 4 }),
        fc.subarray([...EVENT_KINDS]),
        (steps, countMax, kinds) => {
          const log = AppliedLog.started();
          const model: ClusterEvent[] = [];
          const take = (): void => {
            const revision = log.state.lastApplied.index;
            const before = log.state.eventsAfter(index(0), EVENTS_MAX).slice(0, model.length);
            expect(before).toEqual(model);
            model.push(...log.state.eventsAfter(index(revision - 1), EVENTS_MAX));
          };
          model.push(...log.state.eventsAfter(index(0), EVENTS_MAX));
          for (const step of steps) {
            if (step === 'restore') {
              log.state = restored(log.meta, snapshotOf(log.state));
              continue;
            }
            log.write(step);
            take();
          }
          const wanted = model.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind));
          const paged: ClusterEvent[] = [];
          for (let after = 0; ;) {
            const page = log.state.eventsAfter(index(after), countMax, kinds);
            if (page.length === 0) break;
            paged.push(...page);
            after = page.at(-1)?.revision ?? 0;
          }
          expect(paged).toEqual(wanted);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('are bounded, the oldest forgotten first', () => {
    const event = (revision: number): ClusterEvent => ({
      revision: index(revision),
      clusterTimeMs: 0,
      kind: 'reignBegan',
      text: '',
      requestId: null,
    });
    let events: readonly ClusterEvent[] = [];
    for (let at = 1; at <= EVENTS_MAX + 5; at += 1) events = addEvents(events, [event(at)]);
    expect(events.length).toBe(EVENTS_MAX);
    expect([events[0]?.revision, events.at(-1)?.revision]).toEqual([6, EVENTS_MAX + 5]);
  });

  it('of sessions that ended push out no others', () => {
    const event = (kind: ClusterEvent['kind'], revision: number): ClusterEvent => {
      return { revision: index(revision), clusterTimeMs: 0, kind, text: '', requestId: null };
    };
    let events = addEvents([], [event('clusterStarted', 1)]);
    for (let at = 2; at <= 2 * EVENTS_MAX; at += 1) {
      events = addEvents(events, [event('sessionsExpired', at)]);
    }
    expect(events.length).toBe(1 + EXPIRY_EVENTS_MAX);
    expect(events[0]?.kind).toBe('clusterStarted');
    expect(events.at(-1)?.revision).toBe(2 * EVENTS_MAX);
    expect(events[1]?.revision).toBe(2 * EVENTS_MAX - EXPIRY_EVENTS_MAX + 1);
  });

  it('keep the newest changes of settings whatever else happens, in their place', () => {
    const event = (kind: ClusterEvent['kind'], revision: number): ClusterEvent => {
      return { revision: index(revision), clusterTimeMs: 0, kind, text: '', requestId: null };
    };
    let events: readonly ClusterEvent[] = [];
    const changes = SETTING_EVENTS_MAX + 5;
    for (let at = 1; at <= changes; at += 1)
      events = addEvents(events, [event('settingChanged', at)]);
    for (let at = changes + 1; at <= changes + 2 * EVENTS_MAX; at += 1) {
      events = addEvents(events, [event('reignBegan', at)]);
    }
    expect(events.length).toBe(EVENTS_MAX);
    const settings = events.filter(({ kind }) => kind === 'settingChanged');
    expect(settings.map(({ revision }) => revision)).toEqual(
      Array.from({ length: SETTING_EVENTS_MAX }, (_, at) => at + 6),
    );
    const revisions = events.map(({ revision }) => revision);
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    expect(revisions.at(-1)).toBe(changes + 2 * EVENTS_MAX);
  });

  it('tell of a member that is found elsewhere, and which request said so', () => {
    const log = AppliedLog.started();
    const moved = { ...A, address: '10.0.0.9:6000', priority: 70 };
    const cause = causeLine({ requestId: 'abc', text: 'A asked by A' });
    log.write({ kind: 'configuration', configuration: configuration([moved], [A]), cause });
    const newer = { ...moved, version: '0.2.0' };
    const seen = 'A runs version 0.2.0';
    log.write({ kind: 'configuration', configuration: configuration([newer], [A]), cause: seen });
    const told = log.state.eventsAfter(index(2), 10);
    expect(told.map(({ kind, text, requestId }) => [kind, text, requestId])).toEqual([
      ['memberUpdated', 'A has address 10.0.0.9:6000, priority 70: A asked by A', 'abc'],
      ['memberUpdated', 'A has version 0.2.0', null],
    ]);
  });
});

describe('a cause', () => {
  it('gives back its request and its text, whatever the text is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 128 }), fc.string(), (id, text) => {
        const requestId = id.replaceAll(/[^!-~]/g, '_');
        expect(readCause(causeLine({ requestId: id, text }))).toEqual({ requestId, text });
      }),
      { numRuns: RUNS },
    );
  });

  it('that nobody asked for is its text', () => {
    expect(readCause('joint is left')).toEqual({ requestId: null, text: 'joint is left' });
  });
});
