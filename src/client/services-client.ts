// `client.services`: to be a provider of a service, and to find one. What the methods do and refuse is told in
// proto/quorate/v1/services.proto; an offer that keeps itself alive is service-offer.ts, picking without asking service-balancer.ts.

import { QuorateError } from '../errors.js';
import type { CallOptions, Caller } from './caller.js';
import { whole } from './numbers.js';
import { orNull } from './or-null.js';
import { pagesOf } from './pages.js';
import { SERVICES } from './protos.js';
import { consistencyOf } from './read-options.js';
import type { ReadOptions } from './read-options.js';
import { ServiceBalancer } from './service-balancer.js';
import type { BalancerOptions } from './service-balancer.js';
import { ServiceOffer } from './service-offer.js';
import type { OfferOptions } from './service-offer.js';
import { RULES } from './service-pick.js';
import type { PickRule } from './service-pick.js';
import { providerOf } from './service-provider.js';
import type { ServiceProvider } from './service-provider.js';

/** A provider as the member that answered sees it. */
export interface ProviderView extends ServiceProvider {
  /** Why nobody is sent there; null: callers are. */
  readonly withheld: string | null;
}

export interface ResolveOptions extends ReadOptions {
  /** Default `twoChoices`: the less loaded of two that are drawn. */
  readonly rule?: PickRule;
  /** If any that is well runs at this member, only those are picked from. */
  readonly preferNode?: string;
  /** Only providers that have all of these. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Ids that were just failed with: picked only if no other is left. */
  readonly avoid?: readonly string[];
  /** For `roundRobin`: the id that was picked last. Default: the one that the member asked picked last. */
  readonly afterId?: string;
}

export class ServicesClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Offers a service under a session of its own, which is kept alive while the program runs; should the session end all the same, it
   * is registered anew under another. Close it when the offer ends.
   */
  register(service: string, options: OfferOptions): Promise<ServiceOffer> {
    return ServiceOffer.open(this.#caller, service, options);
  }

  /** Asks the cluster for the provider to use now. Fails with NO_PROVIDER if none is well. */
  async resolve(service: string, options: ResolveOptions = {}): Promise<ServiceProvider> {
    const { rule = 'twoChoices', preferNode = '', tags = {}, avoid = [], afterId = '' } = options;
    const wish = { rule: RULES[rule], preferNode, tags: { ...tags }, avoid: [...avoid], afterId };
    const request = { service, ...wish, consistency: consistencyOf(options) };
    const { provider } = await this.#caller.read(SERVICES.Resolve, request, options);
    if (provider === null) throw new QuorateError('INTERNAL', 'the answer carries no provider');
    return providerOf(provider);
  }

  /** Picks providers from what a watch tells, without asking for each; follows what becomes of them. Close it when it is done. */
  balancer(service: string, options: BalancerOptions = {}): ServiceBalancer {
    return new ServiceBalancer(this.#caller, service, options);
  }

  /** The provider; null: there is none. */
  async get(service: string, id: string, options: ReadOptions = {}): Promise<ProviderView | null> {
    const request = { service, id, consistency: consistencyOf(options) };
    return orNull('PROVIDER_NOT_FOUND', async () => {
      const { provider } = await this.#caller.read(SERVICES.Get, request, options);
      return provider === null ? null : viewOf(provider);
    });
  }

  /** Providers in the order of the bytes of SERVICE/ID, asked for in pages as they are taken. */
  async *list(
    options: { readonly service?: string; readonly pageSize?: number } & ReadOptions = {},
  ): AsyncGenerator<ProviderView, void, undefined> {
    const { service = '', pageSize = 0 } = options;
    whole('pageSize', pageSize);
    const consistency = consistencyOf(options);
    const ask = async (afterKey: string) => {
      const request = { service, afterKey, limit: pageSize, consistency };
      const { providers, more } = await this.#caller.read(SERVICES.List, request, options);
      return { rows: providers.map(viewOf), more };
    };
    yield* pagesOf('', ask, (provider) => `${provider.service}/${provider.id}`);
  }

  /** Takes a provider away, whoever registered it. False: there was none. */
  async deregister(service: string, id: string, options: CallOptions = {}): Promise<boolean> {
    const { existed } = await this.#caller.once(SERVICES.Deregister, { service, id }, options);
    return existed;
  }
}

function viewOf(provider: Parameters<typeof providerOf>[0]): ProviderView {
  const { withheld } = provider;
  return { ...providerOf(provider), withheld: withheld === '' ? null : withheld };
}
