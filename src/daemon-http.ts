// The HTTP port of a daemon: bound early, so that a taken port refuses the start, and served once there is a node to speak
// for. What the paths answer stands in http/.

import { advertisedHttp, hostNames } from './config/daemon-addresses.js';
import type { CheckedOptions } from './daemon-options.js';
import { listening } from './daemon-listening.js';
import type { Part } from './daemon-stop.js';
import { HttpServer } from './http/http-server.js';
import { HTTP_LIMITS } from './http/limits.js';
import { routesFor } from './http/routes.js';
import type { Metrics } from './metrics/metrics.js';
import type { Logger } from './ops/logger.js';
import { viewCluster } from './service/cluster-view.js';
import type { SelfFacts, ServiceModules } from './service/modules.js';
import type { TlsIdentity } from './tls/identity.js';

interface HttpGround {
  readonly self: SelfFacts;
  readonly tls: TlsIdentity | null;
}

/** Binds the HTTP port; null: there is to be none. */
export async function openHttp(
  { addresses }: CheckedOptions,
  { self, tls }: HttpGround,
  onFatal: (error: unknown) => void,
  log: Logger,
  parts: Part[],
): Promise<{ readonly server: HttpServer; readonly address: string } | null> {
  const { http: listen } = addresses;
  if (listen === null) return null;
  const names = [self.name, ...hostNames(addresses)];
  const server = new HttpServer({ listen, tls, names }, { log, onFatal });
  parts.push({ name: 'HTTP port', stop: () => server.stop() });
  const port = await listening('--http', listen, () => server.listen());
  return { server, address: advertisedHttp(addresses, listen, port) };
}

export function serveHttp(
  server: HttpServer,
  modules: ServiceModules,
  metrics: Metrics,
  parts: Part[],
): void {
  const { node, self, isStopping, configuration } = modules;
  const { name, version } = self;
  const view = viewCluster.bind(null, modules);
  const differs = (): readonly string[] => configuration?.differs() ?? [];
  parts.push({ name: 'HTTP', stop: () => server.stop() });
  server.serve(
    routesFor(
      {
        node,
        name,
        version,
        isStopping,
        differs,
        viewCluster: view,
        figures: () => metrics.text(),
      },
      HTTP_LIMITS,
    ),
  );
}
