// What a configuration file tells a daemon, as the options of its start: only what the file says, so that flags can stand before
// it and the daemon's defaults behind it. Also which flag and which key of the file are the same setting. Pure.

import { formatAddress } from '../address.js';
import type { Config, Host } from './config.js';

/** The flag of a setting, and its key in a file. */
const KEY_OF_OPTION: Readonly<Record<string, string>> = {
  '--name': 'node.name',
  '--cluster': 'cluster.name',
  '--data-dir': 'node.dataDir',
  '--listen': 'cluster.accept',
  '--advertise': 'cluster.advertise',
  '--api': 'node.api',
  '--http': 'node.http',
  '--election-timeout': 'cluster.electionTimeout',
  '--witness': 'node.witness',
  '--priority': 'node.priority',
  '--tls-cert': 'node.tls.cert',
  '--tls-key': 'node.tls.key',
  '--tls-ca': 'node.tls.ca',
  '--connect': 'cluster.connect',
  '--expect': 'cluster.expect',
  '--hosts': 'system.hosts',
  '--trace-endpoint': 'tracing.endpoint',
  '--trace-sample': 'tracing.sample',
};

/** The key of the file that says what an option says; null: there is none. */
export function keyOfOption(option: string): string | null {
  return Object.hasOwn(KEY_OF_OPTION, option) ? (KEY_OF_OPTION[option] ?? null) : null;
}

/** The options; absent where the file says nothing. */
export function daemonSettings(config: Config) {
  const { cluster, node, system, processes, healthChecks, hooks, policyFiles } = config;
  const { accept, advertise, connect, electionTimeoutMs, failover } = cluster;
  const { name, dataDir, api, http, priority, tags, tls, insecure, witness, logLevel } = node;
  const hosts = formingHosts(system.hosts, cluster, name);
  // Hosts are named one by one: they go before their number.
  const expect = hosts.length > 0 ? null : cluster.expect;
  return {
    clusterName: cluster.name,
    ...passwordOf(config),
    ...tracingOf(config),
    processes,
    healthChecks,
    hooks,
    policyFiles,
    ...(accept === null ? {} : { listen: formatAddress(accept) }),
    ...(advertise === null ? {} : { advertise: formatAddress(advertise) }),
    ...(electionTimeoutMs === null ? {} : { electionTimeoutMs }),
    ...(failover === null ? {} : { failover }),
    ...(connect.length === 0 ? {} : { connect }),
    ...(expect === null ? {} : { expect }),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(name === null ? {} : { name }),
    ...(dataDir === null ? {} : { dataDir }),
    ...(api === null ? {} : { api: formatAddress(api) }),
    ...(http === null ? {} : { http: http === 'none' ? http : formatAddress(http) }),
    ...(priority === null ? {} : { priority }),
    ...(tags === null ? {} : { tags }),
    ...(tls === null ? {} : { tls: { certFile: tls.cert, keyFile: tls.key, caFile: tls.ca } }),
    ...(insecure === null ? {} : { insecure }),
    ...(witness === null ? {} : { witness }),
    ...(logLevel === null ? {} : { logLevel }),
  };
}

function passwordOf({ commandCenter: { password } }: Config) {
  return password === null ? {} : { commandCenterPassword: password };
}

function tracingOf({ tracing: { endpoint, sample } }: Config) {
  return {
    ...(endpoint === null ? {} : { traceEndpoint: endpoint }),
    ...(sample === null ? {} : { traceSample: sample }),
  };
}

/** Where nothing else finds it, a bare name is a host name too. */
function formingHosts(
  hosts: readonly Host[],
  { connect, accept, advertise }: Config['cluster'],
  own: string | null,
): { readonly name: string; readonly address?: string }[] {
  return hosts.map(({ name, address }) => {
    if (address !== null) return { name, address: formatAddress(address) };
    const self = advertise ?? accept;
    if (name === own && self !== null) return { name, address: formatAddress(self) };
    return connect.length > 0
      ? { name }
      : { name, address: formatAddress({ host: name, port: 6000 }) };
  });
}
