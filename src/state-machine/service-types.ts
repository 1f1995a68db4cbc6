// What members and sessions offer to others, what is asked of it and answered, and the bounds, as plain data. One offer is a
// provider of a service. How providers change stands in services.ts.

import type { LogIndex, NodeId } from '../raft/types.js';
import type { ClientRequest } from './command.js';

/** draining: those who use it may go on, nobody else is sent there. */
export const PROVIDER_HEALTHS = ['healthy', 'draining', 'unhealthy'] as const;
export type ProviderHealth = (typeof PROVIDER_HEALTHS)[number];

/** What a provider tells of itself when it is registered. */
export interface ProviderOffer {
  /** Name of the service, as names of nodes are: it holds no slash. */
  readonly service: string;
  /** Tells the providers of a service apart. */
  readonly id: string;
  /** Where it is reached, as its callers understand it. */
  readonly address: string;
  /** Lower is better; in whatever unit the providers of the service share. */
  readonly load: number;
  readonly health: ProviderHealth;
  /** In the order of the names' UTF-8 bytes. */
  readonly tags: ReadonlyMap<string, string>;
  /** Id of the session with which it vanishes; null: it vanishes with the member `nodeId`. */
  readonly session: string | null;
  /** The member that it runs at, or through which it was registered. */
  readonly nodeId: NodeId;
}

export interface Provider extends ProviderOffer {
  /** Index of the entry that registered it under its session or member: tells it from one before it of the same id. */
  readonly registration: LogIndex;
  /** Cluster time at which load or health were told last. */
  readonly reportedAtMs: number;
  /** Index of the entry that last changed it. */
  readonly revision: LogIndex;
}

interface Asked {
  readonly requestId: string;
  readonly client: ClientRequest | null;
}

/** What clients do to providers. */
export type ServiceCommand =
  /** Registered again under the same session or member it takes what is new; under another, it is another's from now on. */
  | (Asked & ProviderOffer & { readonly kind: 'registerProvider' })
  | (Asked & {
      readonly kind: 'deregisterProvider';
      readonly service: string;
      readonly id: string;
      /** Refused unless it is the provider's; null: whichever it has. */
      readonly registration: LogIndex | null;
    });

/** Load and health of a provider; null: as before. */
export interface ProviderReport {
  readonly service: string;
  readonly id: string;
  /** Left alone unless it is the provider's; null: whichever it has. */
  readonly registration: LogIndex | null;
  readonly load: number | null;
  readonly health: ProviderHealth | null;
}

/** Proposed by the leader: what providers have told of themselves lately, many in one. */
export interface ReportProviders {
  readonly kind: 'reportProviders';
  readonly reports: readonly ProviderReport[];
}

export type ServiceResult =
  | {
      readonly type: 'provider';
      readonly registration: LogIndex;
      /** Of the provider after the request. */
      readonly revision: LogIndex;
    }
  | { readonly type: 'deregistered'; readonly existed: boolean };

export type ServiceRefusal =
  /** It was registered anew meanwhile; `registration` is the running one. */
  | { readonly reason: 'providerReplaced'; readonly key: string; readonly registration: LogIndex }
  /** The member with which it was to vanish is none any more. */
  | { readonly reason: 'providerMember'; readonly nodeId: NodeId }
  | { readonly reason: 'serviceLimit'; readonly detail: string };

/** Bounds of providers; the service checks requests, the state machine what they would make of it. */
export const SERVICE_LIMITS = {
  idBytesMax: 255,
  addressBytesMax: 300,
  loadMax: 1_000_000_000,
  tagsMax: 32,
  tagNameBytesMax: 63,
  /** Names and values of one provider together. */
  tagsBytesMax: 2048,
  providersMax: 20_000,
  providersOfServiceMax: 1000,
  /** They all vanish in the entry that ends the session. */
  providersOfSessionMax: 256,
  /** Reports in one reportProviders command, and in one request. */
  reportBatchMax: 1000,
  /** A load is stored at most this often, in milliseconds of cluster time; the newest that came meanwhile is. */
  loadIntervalMs: 1000,
} as const;

/** Under which a provider is kept, listed and watched: the name of its service, a slash, its id. */
export function providerKey(service: string, id: string): string {
  return `${service}/${id}`;
}
