// The HTTP port of a daemon: bound early, so that a taken port refuses the start, and served once there is a node to speak
// for. What the paths answer stands in http/.

import { CommandCenter } from './commandcenter/command-center.js';
import { COMMAND_CENTER_LIMITS } from './commandcenter/limits.js';
import { readPageFiles } from './commandcenter/page-files.js';
import { advertisedHttp, hostNames } from './config/daemon-addresses.js';
import type { CheckedOptions } from './daemon-options.js';
import { listening } from './daemon-listening.js';
import type { Part } from './daemon-stop.js';
import { HttpServer } from './http/http-server.js';
import { HTTP_LIMITS } from './http/limits.js';
import { routesFor } from './http/routes.js';
import type { Metrics, RecentWork } from './metrics/metrics.js';
import type { Logger } from './ops/logger.js';
import { viewCluster } from './service/cluster-view.js';
import type { SelfFacts, ServiceModules } from './service/modules.js';
import type { TlsIdentity } from './tls/identity.js';

interface OpenHttp {
  readonly server: HttpServer;
  /** As others reach it, HOST:PORT. */
  readonly address: string;
}

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
): Promise<OpenHttp | null> {
  const { http: listen } = addresses;
  if (listen === null) return null;
  const names = [self.name, ...hostNames(addresses)];
  const server = new HttpServer({ listen, tls, names }, { log, onFatal });
  parts.push({ name: 'HTTP port', stop: () => server.stop() });
  const port = await listening('--http', listen, () => server.listen());
  return { server, address: advertisedHttp(addresses, listen, port) };
}

/** Begins to answer: what balancers, probes and people ask, the figures, and the Command Center. */
export function serveHttp(
  { server, address: http }: OpenHttp,
  { commandCenterPassword: password, tls }: CheckedOptions,
  modules: ServiceModules,
  metrics: Metrics,
  parts: Part[],
): void {
  const { node, self, isStopping, configuration } = modules;
  const { name, version } = self;
  const view = viewCluster.bind(null, modules);
  const differs = (): readonly string[] => configuration?.differs() ?? [];
  parts.push({ name: 'HTTP', stop: () => server.stop() });
  const figures = (): ReturnType<Metrics['text']> => metrics.text();
  const asked = { node, name, version, isStopping, differs, viewCluster: view, figures };
  const recentWork = (): RecentWork => metrics.recentWork();
  const commandCenter = new CommandCenter(
    { service: modules, recentWork, page: readPageFiles() },
    { password, http, isTls: tls !== null, limits: COMMAND_CENTER_LIMITS },
  );
  parts.push({ name: 'Command Center', stop: () => commandCenter.stop() });
  server.serve(new Map([...routesFor(asked, HTTP_LIMITS), ...commandCenter.routes]));
}
