// Providers of services: what a single request does, the bounds one by one, and any run of requests, reports, ends of sessions and
// changes of members against the naive model, with snapshots frozen and restored in the middle. QUORATE_TEST_LONG=1 runs many more.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePart } from '../../src/codec/command-codec.js';
import type { FrozenState } from '../../src/state-machine/frozen-state.js';
import { SERVICE_LIMITS } from '../../src/state-machine/service-types.js';
import type { Provider } from '../../src/state-machine/service-types.js';
import { Services } from '../../src/state-machine/services.js';
import {
  A,
  AppliedLog,
  B,
  configuration,
  index,
  nodeId,
  restored,
  snapshotOf,
} from '../support/log-words.js';
import { covered, expire, open, put, remove } from '../support/session-words.js';
import {
  anyReport,
  anyServiceCommand,
  deregister,
  register,
  reports,
  ServiceModel,
  SESSIONS,
  told,
} from '../support/service-words.js';

const EVERYTHING = { prefix: '', after: '', countMax: 1000, bytesMax: 1e9 };

/** A log with members A and B and the session s of 2 s; the first command is entry 5. */
function logOfOne(): AppliedLog {
  const log = AppliedLog.started();
  log.write({ kind: 'configuration', configuration: configuration([A, B], [A]), cause: 'join' });
  log.command(put('s', { ttlMs: 2000 }));
  return log;
}

function keysOf(log: AppliedLog): string[] {
  return log.state.services.list(EVERYTHING).providers.map(({ service, id }) => `${service}/${id}`);
}

function lastChanges(log: AppliedLog): readonly object[] {
  const { index: last } = log.state.lastApplied;
  return log.state.changes.after(index(last - 1), 10)?.[0]?.changes ?? [];
}

describe('a provider', () => {
  it('is registered once, keeps its registration under its session, and takes what is new', () => {
    const log = logOfOne();
    const first = log.command(register('web', 'a'));
    expect(first).toEqual({ type: 'provider', registration: 5, revision: 5 });
    expect(log.command(register('web', 'a'))).toEqual(first);
    expect(lastChanges(log)).toEqual([]);
    const moved = log.command(register('web', 'a', { address: 'x:1' }));
    expect(moved).toEqual({ type: 'provider', registration: 5, revision: 7 });
    expect(log.state.services.get('web/a')).toMatchObject({ address: 'x:1', revision: 7 });
    expect(log.state.services.serviceCount).toBe(1);
  });

  it("is another's from the next registration on, and what the former one says is left alone", () => {
    const log = logOfOne();
    log.command(register('web', 'a'));
    log.command(put('t'));
    expect(log.command(register('web', 'a', { session: 't' }))).toMatchObject({ registration: 7 });
    const late = told('web', 'a', { registration: index(5), load: 9 });
    expect(log.command(reports(late))).toEqual({ type: 'reported', revisions: [null] });
    const refusal = { reason: 'providerReplaced', key: 'web/a', registration: 7 };
    expect(log.command(deregister('web', 'a', 5))).toEqual({ type: 'refused', refusal });
    log.command(remove('s'));
    expect(keysOf(log)).toEqual(['web/a']);
    expect(log.command(deregister('web', 'a', 7))).toEqual({ type: 'deregistered', existed: true });
    expect(log.command(deregister('web', 'a', 7))).toMatchObject({ existed: false });
  });

  it('needs a session that lives, or a member', () => {
    const log = logOfOne();
    const noSession = { reason: 'sessionNotFound', id: 'nobody' };
    const lost = register('web', 'a', { session: 'nobody' });
    expect(log.command(lost)).toEqual({ type: 'refused', refusal: noSession });
    const away = register('web', 'a', { session: null, nodeId: nodeId(9) });
    const noMember = { reason: 'providerMember', nodeId: 9 };
    expect(log.command(away)).toEqual({ type: 'refused', refusal: noMember });
  });

  it('vanishes with its session or its member, and those who watch and the history are told', () => {
    const log = logOfOne();
    for (const id of ['a', 'b', 'c', 'd']) log.command(register('web', id));
    log.command(register('web', 'of B', { session: null, nodeId: B.id }));
    log.command(register('web', 'of A', { session: null, nodeId: A.id }));
    log.wait(2000);
    log.command(expire(['s', 4]));
    expect(lastChanges(log)).toMatchObject([
      { fact: 'session', key: 's' },
      { fact: 'event' },
      ...['a', 'b', 'c', 'd'].map((id) => ({ fact: 'service', key: `web/${id}`, value: null })),
      { fact: 'event', key: 'providersLost' },
    ]);
    log.write({ kind: 'configuration', configuration: configuration([A], [A]), cause: 'remove' });
    expect(keysOf(log)).toEqual(['web/of A']);
    const texts = log.state.eventsAfter(index(0), 100, ['providersLost']).map(({ text }) => text);
    expect(texts).toEqual([
      '4 providers of services are gone, whose session expired: web/a, web/b, web/c and 1 more',
      '1 provider of a service is gone, whose member left: web/of B',
    ]);
  });

  it('is changed by what is told of it, many in one entry, and not where nothing is new', () => {
    const log = logOfOne();
    log.command(register('web', 'a'));
    log.command(register('web', 'b', { load: 3 }));
    log.wait(700);
    const both = reports(
      told('web', 'a', { load: 5, health: 'draining', registration: index(5) }),
      told('web', 'b', { load: 3 }),
      told('web', 'none', { load: 1 }),
    );
    expect(log.command(both)).toEqual({ type: 'reported', revisions: [7, 6, null] });
    const a = { load: 5, health: 'draining', reportedAtMs: 700, registration: 5, revision: 7 };
    expect(lastChanges(log)).toMatchObject([{ fact: 'service', key: 'web/a', value: a }]);
    expect(log.state.services.get('web/b')).toMatchObject({ reportedAtMs: 700, revision: 6 });
  });

  it('is registered once by a request that a client session repeats', () => {
    const log = logOfOne();
    const id = '0'.repeat(32);
    log.command(open(id));
    const request = covered(register('web', 'a'), id, 1);
    const first = log.command(request);
    log.command(deregister('web', 'a'));
    log.state = restored(log.meta, snapshotOf(log.state));
    expect(log.command(request)).toMatchObject({ type: 'repeated', first });
    expect(keysOf(log)).toEqual([]);
  });

  it('is found with those of its service alone, also where names begin alike', () => {
    const log = logOfOne();
    for (const of of ['web', 'web.2', 'we', 'web-1']) log.command(register(of, 'a'));
    log.command(register('web', 'b'));
    expect(log.state.services.of('web').map(({ id }) => id)).toEqual(['a', 'b']);
    expect(log.state.services.of('none')).toEqual([]);
    const page = log.state.services.list({ ...EVERYTHING, prefix: 'web/', countMax: 1 });
    expect(page).toMatchObject({ providers: [{ id: 'a' }], isMore: true });
  });
});

describe('bounds', () => {
  const at = { revision: index(7), nowMs: 0, isAlive: () => true, isMember: () => true };
  const full = (detail: string): object => ({
    type: 'refused',
    refusal: { reason: 'serviceLimit', detail },
  });

  it('hold for the providers of a session, of a service and altogether', () => {
    const services = new Services();
    const { providersMax, providersOfServiceMax, providersOfSessionMax } = SERVICE_LIMITS;
    const ask = (service: string, id: string, session: string | null): object =>
      services.apply(register(service, id, { session }), at);
    for (let n = 0; n < providersOfSessionMax; n += 1) ask('web', `own/${n}`, 'greedy');
    const ofSession = full(`the session has ${providersOfSessionMax} providers already`);
    expect(ask('web', 'one more', 'greedy')).toEqual(ofSession);
    expect(ask('web', 'own/0', 'greedy')).toMatchObject({ type: 'provider' });
    for (let n = services.size; n < providersOfServiceMax; n += 1) ask('web', `m/${n}`, null);
    const ofService = full(`the service has ${providersOfServiceMax} providers already`);
    expect(ask('web', 'one more', null)).toEqual(ofService);
    for (let n = services.size; n < providersMax; n += 1) ask(`s${n % 100}`, `${n}`, null);
    const inAll = full(`there are ${providersMax} providers already`);
    expect(ask('mail', 'one more', null)).toEqual(inAll);
    // What is there may still be registered anew.
    expect(ask('web', 'm/999', null)).toMatchObject({ type: 'provider' });
  });
});

const anyStep = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('apply' as const), command: anyServiceCommand }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      all: fc.array(anyReport, { maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('end' as const, 'begin' as const),
      id: fc.constantFrom(...SESSIONS),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'members' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restore' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'freeze' as const }) },
);
const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 60;

/** Registrations of an id only grow: an older word is told from a newer one by it. Answers how many are new. */
function checkGrowth(known: Map<string, number>, providers: readonly Provider[]): number {
  let grown = 0;
  for (const { service, id, registration } of providers) {
    const key = `${service}/${id}`;
    const before = known.get(key) ?? 0;
    expect(registration).toBeGreaterThanOrEqual(before);
    if (registration > before) grown += 1;
    known.set(key, registration);
  }
  return grown;
}

describe('any run', () => {
  it('does what the model does, across snapshots; a frozen state stays as it was', () => {
    let registered = 0;
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 50, size: 'max' }), (steps) => {
        const log = AppliedLog.started();
        const model = new ServiceModel();
        const frozen: { state: FrozenState; expected: Uint8Array[] }[] = [];
        const registrations = new Map<string, number>();
        let members: readonly (typeof A)[] = [A];
        for (const id of SESSIONS) log.command(put(id));
        for (const step of steps) {
          const revision = log.entries.length + 1;
          const nowMs = log.state.clusterTimeMs;
          if (step.do === 'wait') log.wait(300);
          if (step.do === 'begin') log.command(put(step.id));
          if (step.do === 'restore') log.state = restored(log.meta, snapshotOf(log.state));
          if (step.do === 'freeze') {
            frozen.push({ state: log.state.freeze(), expected: snapshotOf(log.state) });
          }
          if (step.do === 'end') {
            log.command(remove(step.id));
            model.endSession(step.id);
          }
          if (step.do === 'members') {
            members = members.length === 1 ? [A, B] : [A];
            const next = configuration(members, [A]);
            log.write({ kind: 'configuration', configuration: next, cause: '' });
            if (members.length === 1) model.endMember(B.id);
          }
          const answers: { expected?: object; actual?: object } = {};
          if (step.do === 'report') {
            const command = reports(...step.all);
            answers.actual = log.command(command);
            answers.expected = model.report(command, { revision, nowMs: log.state.clusterTimeMs });
          }
          if (step.do === 'apply') {
            const alive = SESSIONS.filter((id) => log.state.session(id) !== null);
            const ids = members.map(({ id }) => id);
            answers.actual = log.command(step.command);
            const at = { revision, nowMs: log.state.clusterTimeMs };
            answers.expected = model.apply(step.command, at, alive, ids);
          }
          expect(answers.actual).toEqual(answers.expected);
          expect(log.state.clusterTimeMs).toBeGreaterThanOrEqual(nowMs);
          const { providers } = log.state.services.list(EVERYTHING);
          expect(providers).toEqual(model.list());
          expect(log.state.services.serviceCount).toBe(
            new Set(providers.map(({ service }) => service)).size,
          );
          registered += checkGrowth(registrations, providers);
        }
        for (const { state, expected } of frozen) {
          expect([...state.parts(3)].map(encodePart)).toEqual(expected);
        }
      }),
      { numRuns: RUNS },
    );
    expect(registered).toBeGreaterThan(RUNS);
  });
});
