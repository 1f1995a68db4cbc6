// A provider of a service for a message, and why nobody is sent to it, as far as the member that answers can tell: only the leader
// knows which members are heard. Times are told as distances of cluster time, counted now.

import type { Provider as ProviderMessage } from '../generated/quorate/v1/Provider.js';
import type { ProviderHealth__Output as HealthName } from '../generated/quorate/v1/ProviderHealth.js';
import type { NodeApi, NodeStatus } from '../node/api.js';
import type { Provider, ProviderHealth } from '../state-machine/service-types.js';
import { isInContact } from './status-view.js';

const HEALTHS: Readonly<Record<ProviderHealth, HealthName>> = {
  healthy: 'PROVIDER_HEALTHY',
  draining: 'PROVIDER_DRAINING',
  unhealthy: 'PROVIDER_UNHEALTHY',
};

/** What a message says of health; null: nothing. */
export const HEALTH_OF: ReadonlyMap<HealthName, ProviderHealth | null> = new Map<
  HealthName,
  ProviderHealth | null
>([
  ['PROVIDER_UNSPECIFIED', null],
  ['PROVIDER_HEALTHY', 'healthy'],
  ['PROVIDER_DRAINING', 'draining'],
  ['PROVIDER_UNHEALTHY', 'unhealthy'],
]);

type Node = Pick<NodeApi, 'clusterTimeMs' | 'state'>;

/** The provider as it stands now. */
export function providerMessage(node: Node, provider: Provider): ProviderMessage {
  const { nodeId, tags, session, health, reportedAtMs, ...same } = provider;
  return {
    ...same,
    health: HEALTHS[health],
    tags: Object.fromEntries(tags),
    session: session ?? '',
    node: node.state.memberName(nodeId) ?? String(nodeId),
    reportedMsAgo: Math.max(0, node.clusterTimeMs() - reportedAtMs),
  };
}

/** Says why nobody is sent to a provider, as things are now; null: callers are. */
export function withheldBy(node: Node & Pick<NodeApi, 'status'>): (of: Provider) => string | null {
  const nowMs = node.clusterTimeMs();
  let status: NodeStatus | null = null;
  const isHeard = (id: Provider['nodeId']): boolean => {
    status ??= node.status();
    return status.role !== 'leader' || isInContact(status, id);
  };
  return ({ health, session, nodeId }) => {
    if (health !== 'healthy') return health;
    if (session === null) return isHeard(nodeId) ? null : 'its member is not heard';
    // One that is over is there until the log says so.
    const isAlive = (node.state.session(session)?.deadlineMs ?? 0) > nowMs;
    return isAlive ? null : 'its session is over';
  };
}
