// Short ways to say commands on providers of services, how fast-check draws them, and the naive model: one list of providers, looked
// through from its beginning each time. There are few names, sessions and members, so that they meet; bounds are left to tables.

import fc from 'fast-check';
import type {
  Provider,
  ProviderReport,
  ReportProviders,
  ServiceCommand,
} from '../../src/state-machine/service-types.js';
import { index, nodeId } from './log-words.js';

export type Register = Extract<ServiceCommand, { kind: 'registerProvider' }>;
type Deregister = Extract<ServiceCommand, { kind: 'deregisterProvider' }>;

const ASKED = { requestId: 'r', client: null } as const;

/** Under session `s` unless `wish` says otherwise. */
export function register(service: string, id: string, wish: Partial<Register> = {}): Register {
  return {
    kind: 'registerProvider',
    ...ASKED,
    service,
    id,
    address: '10.0.0.1:80',
    load: 0,
    health: 'healthy',
    tags: new Map(),
    session: 's',
    nodeId: nodeId(1),
    ...wish,
  };
}

export function deregister(
  service: string,
  id: string,
  registration: number | null = null,
): Deregister {
  const of = registration === null ? null : index(registration);
  return { kind: 'deregisterProvider', ...ASKED, service, id, registration: of };
}

export function told(
  service: string,
  id: string,
  what: Partial<ProviderReport> = {},
): ProviderReport {
  return { service, id, registration: null, load: null, health: null, ...what };
}

export function reports(...all: readonly ProviderReport[]): ReportProviders {
  return { kind: 'reportProviders', reports: all };
}

export const SESSIONS = ['s', 't', 'u'] as const;
const service = fc.constantFrom('web', 'web.2', 'mail');
const id = fc.constantFrom('a', 'b', 'é/1');
const load = fc.nat({ max: 2 });
const health = fc.constantFrom('healthy' as const, 'draining' as const, 'unhealthy' as const);
const registration = fc.option(fc.integer({ min: 4, max: 40 }).map(index));

export const anyServiceCommand: fc.Arbitrary<ServiceCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        service,
        id,
        load,
        health,
        address: fc.constantFrom('10.0.0.1:80', 'unix:/x'),
        tags: fc.constantFrom(new Map(), new Map([['zone', 'b']])),
        session: fc.option(fc.constantFrom(...SESSIONS), { freq: 4 }),
        nodeId: fc.constantFrom(nodeId(1), nodeId(2)),
      })
      .map((wish) => register(wish.service, wish.id, wish)),
  },
  fc.tuple(service, id, registration).map((all) => deregister(...all)),
);

export const anyReport: fc.Arbitrary<ProviderReport> = fc
  .record({ service, id, registration, load: fc.option(load), health: fc.option(health) })
  .map(({ service: of, id: which, ...what }) => told(of, which, what));

interface Moment {
  readonly revision: number;
  readonly nowMs: number;
}

export class ServiceModel {
  #providers: Provider[] = [];

  list(): Provider[] {
    const bytes = ({ service: of, id: which }: Provider): Buffer => Buffer.from(`${of}/${which}`);
    return this.#providers.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b)));
  }

  /** What the entry should answer to a client. */
  apply(
    command: ServiceCommand,
    { revision, nowMs }: Moment,
    sessions: readonly string[],
    members: readonly number[],
  ): object {
    const { service: of, id: which } = command;
    const known = this.#find(of, which);
    if (command.kind === 'deregisterProvider') {
      if (known === undefined) return { type: 'deregistered', existed: false };
      if (command.registration !== null && command.registration !== known.registration) {
        const key = `${of}/${which}`;
        return no({ reason: 'providerReplaced', key, registration: known.registration });
      }
      this.#drop((each) => each === known);
      return { type: 'deregistered', existed: true };
    }
    const { kind: _, requestId: _r, client: _c, ...offer } = command;
    const { session, nodeId: at } = offer;
    if (session !== null && !sessions.includes(session)) {
      return no({ reason: 'sessionNotFound', id: session });
    }
    if (session === null && !members.includes(at)) {
      return no({ reason: 'providerMember', nodeId: at });
    }
    this.#drop((each) => each === known);
    const isOwn =
      session === null
        ? known?.session === null && known.nodeId === at
        : known?.session === session;
    const kept = isOwn && known !== undefined ? known.registration : index(revision);
    const next = { ...offer, registration: kept, reportedAtMs: nowMs };
    const isSame = isOwn && known !== undefined && textOf(known) === textOf({ ...known, ...next });
    const changed = isSame ? known.revision : index(revision);
    this.#providers.push({ ...next, revision: changed });
    return { type: 'provider', registration: kept, revision: changed };
  }

  report({ reports: all }: ReportProviders, { revision, nowMs }: Moment): object {
    const revisions = all.map((said) => {
      const known = this.#find(said.service, said.id);
      if (known === undefined) return null;
      if (said.registration !== null && said.registration !== known.registration) return null;
      const { load: l, health: h } = { ...known, ...withoutNulls(said) };
      const isNew = l !== known.load || h !== known.health;
      const now = isNew ? index(revision) : known.revision;
      this.#drop((each) => each === known);
      this.#providers.push({ ...known, load: l, health: h, reportedAtMs: nowMs, revision: now });
      return now;
    });
    return { type: 'reported', revisions };
  }

  endSession(session: string): void {
    this.#drop((each) => each.session === session);
  }

  endMember(member: number): void {
    this.#drop((each) => each.session === null && each.nodeId === member);
  }

  #find(of: string, which: string): Provider | undefined {
    return this.#providers.find((each) => each.service === of && each.id === which);
  }

  #drop(isGone: (provider: Provider) => boolean): void {
    this.#providers = this.#providers.filter((each) => !isGone(each));
  }
}

function withoutNulls({ load: l, health: h }: ProviderReport): Partial<Provider> {
  return { ...(l === null ? {} : { load: l }), ...(h === null ? {} : { health: h }) };
}

function textOf({ reportedAtMs: _reported, revision: _revision, tags, ...rest }: Provider): string {
  return JSON.stringify([rest, [...tags]]);
}

function no(refusal: object): object {
  return { type: 'refused', refusal };
}
