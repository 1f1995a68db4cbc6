// Providers of services: registered under a session or a member and gone with it. The newest registration of an id stands, so that a
// provider that was restarted need not wait for the end of its former session. What is told of load and health changes a provider
// only under its own registration. Who is sent to which provider is not decided here: it takes dice.

import { invariant, unreachable } from '../raft/assert.js';
import type { LogIndex, NodeId } from '../raft/types.js';
import type { FirstResult } from './command.js';
import { pageOf } from './page.js';
import type { KeyRange } from './page.js';
import { providerKey, SERVICE_LIMITS } from './service-types.js';
import type {
  Provider,
  ProviderOffer,
  ReportProviders,
  ServiceCommand,
  ServiceRefusal,
} from './service-types.js';
import { TextMap } from './text-map.js';

type Register = Extract<ServiceCommand, { kind: 'registerProvider' }>;
type Deregister = Extract<ServiceCommand, { kind: 'deregisterProvider' }>;

/** Which providers a page holds; by `providerKey`. */
export type ProviderPageWish = KeyRange;

export interface ProviderPage {
  /** In the order of their keys' UTF-8 bytes. */
  readonly providers: readonly Provider[];
  /** There is at least one more behind the last. */
  readonly isMore: boolean;
}

/** The entry that changes providers, and the state that it meets. */
export interface ServiceMoment {
  readonly revision: LogIndex;
  readonly nowMs: number;
  /** Whether there is such a session. */
  readonly isAlive: (session: string) => boolean;
  readonly isMember: (id: NodeId) => boolean;
}

/** Providers by key, in the order of its UTF-8 bytes. */
export type ProviderMap = TextMap<Provider>;

/** What a provider takes beside its texts, about. */
const PROVIDER_BYTES = 300;

export class Services {
  readonly #byKey: ProviderMap = new TextMap();
  /** Keys of the providers that vanish with a session. Invariant: no empty sets. */
  readonly #bySession = new Map<string, Set<string>>();
  /** Providers of a service. Invariant: above 0. */
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#byKey.size;
  }

  /** Services that have a provider. */
  get serviceCount(): number {
    return this.#counts.size;
  }

  get(key: string): Provider | null {
    return this.#byKey.get(key);
  }

  /** One page of a list. */
  list(wish: ProviderPageWish): ProviderPage {
    const { values, isMore } = pageOf(this.#byKey, wish, keyOf, providerBytes);
    return { providers: values, isMore };
  }

  /** All providers of a service, at most `SERVICE_LIMITS.providersOfServiceMax`. */
  of(service: string): Provider[] {
    const providers: Provider[] = [];
    for (const provider of this.#byKey.values(providerKey(service, ''))) {
      if (provider.service !== service) break;
      providers.push(provider);
    }
    return providers;
  }

  /** Carries out the command of an entry. */
  apply(command: ServiceCommand, at: ServiceMoment): FirstResult {
    switch (command.kind) {
      case 'registerProvider':
        return this.#register(command, at);
      case 'deregisterProvider':
        return this.#deregister(command);
      default:
        return unreachable(command);
    }
  }

  /**
   * Takes what the reports tell, in their order. Answers the revision that each provider then has, null where it is gone or another's,
   * and the keys of those that changed.
   */
  report(
    { reports }: ReportProviders,
    { revision, nowMs }: Pick<ServiceMoment, 'revision' | 'nowMs'>,
  ): { readonly revisions: (LogIndex | null)[]; readonly changed: string[] } {
    const changed = new Set<string>();
    const revisions = reports.map(({ service, id, registration, load, health }) => {
      const known = this.get(providerKey(service, id));
      if (known === null || (registration ?? known.registration) !== known.registration) {
        return null;
      }
      const told = { load: load ?? known.load, health: health ?? known.health };
      const isNew = told.load !== known.load || told.health !== known.health;
      if (isNew) changed.add(keyOf(known));
      // Kept also where nothing is new: what was told just now needs no other entry soon.
      const after = { ...known, ...told, reportedAtMs: nowMs };
      this.#put(isNew ? { ...after, revision } : after);
      return isNew ? revision : known.revision;
    });
    return { revisions, changed: [...changed] };
  }

  /** Takes away what vanishes with these sessions; answers the keys. */
  endSessions(ids: readonly string[]): string[] {
    const keys = ids.flatMap((session) => [...(this.#bySession.get(session) ?? [])]);
    for (const key of keys) this.#removeKey(key);
    return keys;
  }

  /** Takes away what vanishes with members that are none any more; answers the keys. */
  endMembers(isMember: (id: NodeId) => boolean): string[] {
    const keys: string[] = [];
    for (const provider of this.#byKey.values(null)) {
      if (provider.session === null && !isMember(provider.nodeId)) keys.push(keyOf(provider));
    }
    for (const key of keys) this.#removeKey(key);
    return keys;
  }

  /** Takes in a provider of a snapshot. */
  restore(provider: Provider): void {
    invariant(this.get(keyOf(provider)) === null, 'a snapshot holds a provider once');
    this.#put(provider);
  }

  /** The providers as they are at this moment, whatever is applied later; constant time. */
  freeze(): ProviderMap {
    return this.#byKey.clone();
  }

  #register(command: Register, at: ServiceMoment): FirstResult {
    const { kind: _kind, requestId: _requestId, client: _client, ...offer } = command;
    const { session, nodeId, service } = offer;
    if (session !== null && !at.isAlive(session)) {
      return { type: 'refused', refusal: { reason: 'sessionNotFound', id: session } };
    }
    if (session === null && !at.isMember(nodeId)) {
      return refused({ reason: 'providerMember', nodeId });
    }
    const known = this.get(keyOf(offer));
    const isOwn = known !== null && isHeldAlike(known, offer);
    const detail = this.#whyTooMany(known, service, isOwn ? null : session);
    if (detail !== null) return refused({ reason: 'serviceLimit', detail });
    const { revision, nowMs } = at;
    if (isOwn && isSame(known, offer)) {
      this.#put({ ...known, reportedAtMs: nowMs });
      return { type: 'provider', registration: known.registration, revision: known.revision };
    }
    const registration = isOwn ? known.registration : revision;
    this.#put({ ...offer, registration, reportedAtMs: nowMs, revision });
    return { type: 'provider', registration, revision };
  }

  #deregister({ service, id, registration }: Deregister): FirstResult {
    const key = providerKey(service, id);
    const known = this.get(key);
    if (known === null) return { type: 'deregistered', existed: false };
    if (registration !== null && registration !== known.registration) {
      return refused({ reason: 'providerReplaced', key, registration: known.registration });
    }
    this.#removeKey(key);
    return { type: 'deregistered', existed: true };
  }

  /** `session`: under which one more is to be kept; null: under none. */
  #whyTooMany(known: Provider | null, service: string, session: string | null): string | null {
    const { providersMax, providersOfServiceMax, providersOfSessionMax } = SERVICE_LIMITS;
    if (session !== null && (this.#bySession.get(session)?.size ?? 0) >= providersOfSessionMax) {
      return `the session has ${providersOfSessionMax} providers already`;
    }
    if (known !== null) return null;
    if (this.size >= providersMax) return `there are ${providersMax} providers already`;
    if ((this.#counts.get(service) ?? 0) < providersOfServiceMax) return null;
    return `the service has ${providersOfServiceMax} providers already`;
  }

  #put(provider: Provider): void {
    const key = keyOf(provider);
    const { service, session } = provider;
    const before = this.get(key);
    if (before === null) this.#counts.set(service, (this.#counts.get(service) ?? 0) + 1);
    else if (before.session !== session) this.#forget(before);
    this.#byKey.set(key, provider);
    if (session === null) return;
    const keys = this.#bySession.get(session);
    if (keys === undefined) this.#bySession.set(session, new Set([key]));
    else keys.add(key);
  }

  #removeKey(key: string): void {
    const provider = this.get(key);
    invariant(provider !== null, 'a provider that is taken away is known');
    this.#byKey.delete(key);
    this.#forget(provider);
    const { service } = provider;
    const left = (this.#counts.get(service) ?? 0) - 1;
    if (left > 0) this.#counts.set(service, left);
    else this.#counts.delete(service);
  }

  #forget(provider: Provider): void {
    if (provider.session === null) return;
    const keys = this.#bySession.get(provider.session);
    keys?.delete(keyOf(provider));
    if (keys?.size === 0) this.#bySession.delete(provider.session);
  }
}

/** The key of a provider. */
export function keyOf({ service, id }: Pick<Provider, 'service' | 'id'>): string {
  return providerKey(service, id);
}

/** About what a provider takes in memory; depends on the provider only. */
export function providerBytes({ service, id, address, tags, session }: Provider): number {
  const texts = service.length + id.length + address.length + (session?.length ?? 0);
  let bytes = PROVIDER_BYTES + 2 * texts;
  for (const [name, value] of tags) bytes += 2 * (name.length + value.length);
  return bytes;
}

/** A session is one holder wherever it runs; a member's provider is its own alone. */
function isHeldAlike(known: ProviderOffer, offer: ProviderOffer): boolean {
  return (
    known.session === offer.session && (offer.session !== null || known.nodeId === offer.nodeId)
  );
}

function isSame(known: ProviderOffer, offer: ProviderOffer): boolean {
  return (
    known.address === offer.address &&
    known.load === offer.load &&
    known.health === offer.health &&
    known.nodeId === offer.nodeId &&
    known.tags.size === offer.tags.size &&
    [...offer.tags].every(([name, value]) => known.tags.get(name) === value)
  );
}

function refused(refusal: ServiceRefusal): FirstResult {
  return { type: 'refused', refusal };
}
