// A provider of a service as programs see it, and its health in words and in messages. Pure.

import type { Provider__Output } from '../generated/quorate/v1/Provider.js';
import type { ProviderHealth as HealthName } from '../generated/quorate/v1/ProviderHealth.js';

/** draining: those who use it may go on, nobody else is sent there. */
export type ProviderHealth = 'healthy' | 'draining' | 'unhealthy';

export interface ServiceProvider {
  readonly service: string;
  readonly id: string;
  readonly address: string;
  /** Lower is better. */
  readonly load: number;
  readonly health: ProviderHealth;
  readonly tags: Readonly<Record<string, string>>;
  /** With which it vanishes; null: with the member `node`. */
  readonly session: string | null;
  /** The member that it runs at, or through which it was registered. */
  readonly node: string;
  /** Tells it from others before it of the same id. */
  readonly registration: number;
  readonly reportedMsAgo: number;
  readonly revision: number;
}

const HEALTHS: Readonly<Record<HealthName & string, ProviderHealth>> = {
  PROVIDER_UNSPECIFIED: 'unhealthy',
  PROVIDER_HEALTHY: 'healthy',
  PROVIDER_DRAINING: 'draining',
  PROVIDER_UNHEALTHY: 'unhealthy',
};

/** The same for requests. */
export const HEALTH_NAMES = {
  healthy: 'PROVIDER_HEALTHY',
  draining: 'PROVIDER_DRAINING',
  unhealthy: 'PROVIDER_UNHEALTHY',
} as const satisfies Record<ProviderHealth, HealthName>;

/** What a message tells. */
export function providerOf(provider: Provider__Output): ServiceProvider {
  const { health, session, withheld: _withheld, ...same } = provider;
  return { ...same, health: HEALTHS[health], session: session === '' ? null : session };
}
