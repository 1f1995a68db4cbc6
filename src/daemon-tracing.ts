// Traces of a daemon, or nothing: OpenTelemetry is loaded only where an endpoint is configured. Without one every part of the daemon is what it
// would be if there were no tracing; with one the driver's ports are wrapped before the node is made.

import type { CheckedOptions } from './daemon-options.js';
import { bothOf } from './daemon-notebook.js';
import type { Part } from './daemon-stop.js';
import { QuorateError } from './errors.js';
import type { NodeApi } from './node/api.js';
import type { NodeModules } from './node/node-options.js';
import type { LoggerPort } from './node/ports.js';
import type { NodeId, Software } from './raft/types.js';
import type { Tracing } from './tracing/tracing.js';
import type { TracedTransport } from './tracing/write-traces.js';

/** Loads what traces need and begins; null: nothing is traced. `node` answers the node, null before there is one. */
export async function openTracing(
  { tracing: options, name }: CheckedOptions,
  { version }: Software,
  node: () => NodeApi | null,
  log: LoggerPort,
  parts: Part[],
): Promise<Tracing | null> {
  if (options === null) return null;
  const { Tracing } = await import('./tracing/tracing.js').catch((cause: unknown) => {
    const hint = 'Install this package with its optional dependencies, or configure no endpoint.';
    const message = 'traces need the packages of OpenTelemetry, which are not installed';
    throw new QuorateError('WRONG_USAGE', message, { option: '--trace-endpoint' }, { cause, hint });
  });
  const nameOf = (id: NodeId): string => {
    const members = node()?.outline().configuration.members ?? [];
    return members.find((member) => member.id === id)?.name ?? `node ${id}`;
  };
  const tracing = new Tracing({ ...options, node: name, version }, nameOf, log);
  parts.push({ name: 'traces', stop: () => tracing.stop() });
  const { endpoint, sample } = options;
  log.info({ endpoint: withoutQuery(endpoint), sample }, 'writes are traced');
  return tracing;
}

/** The ports of a node, so that what passes them is seen. */
export function tracedModules(
  tracing: Tracing | null,
  modules: NodeModules & { readonly transport: TracedTransport },
): NodeModules {
  if (tracing === null) return modules;
  const { writes } = tracing;
  const { storage, transport, codec, observer } = modules;
  return {
    ...modules,
    storage: writes.storage(storage),
    transport: writes.transport(transport),
    codec: writes.codec(codec),
    observer: observer === undefined ? writes : bothOf(observer, writes),
  };
}

/** A query may carry a key. */
function withoutQuery(endpoint: string): string {
  return endpoint.replace(/\?.*$/, '');
}
