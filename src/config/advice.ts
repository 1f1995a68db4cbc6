// What a configuration file means beyond being right: where it may not do what its writer hopes, and what the safer choice is.
// Advice never keeps anything from starting. Only the look-up of host names asks the outside world.

import { lookup } from 'node:dns/promises';
import type { Config } from './config.js';

/** A look-up that takes longer says nothing about the file. */
const LOOKUP_MS_MAX = 3000;

/** Advice that follows from the file alone. */
export function adviceOn({ cluster, node, system }: Config): string[] {
  const advice: string[] = [];
  const { expect, connect, accept } = cluster;
  const { hosts } = system;
  if (expect !== null && expect > 1 && hosts.length === 0) {
    advice.push(
      `cluster.expect: ${expect} never forms two clusters as long as fewer than ${2 * expect} clean nodes carry the name ${cluster.name}; name them in system.hosts where there may be more.`,
    );
  }
  if (expect === 1) {
    advice.push(
      'cluster.expect: 1 lets the first node that starts form a cluster alone: two that start while they cannot hear each other form two; name all in system.hosts to rule that out.',
    );
  }
  if (expect !== null && hosts.length > 0 && expect !== hosts.length) {
    advice.push(
      `system.hosts names ${hosts.length} nodes and cluster.expect says ${expect}: the hosts count, expect is not used.`,
    );
  }
  if (hosts.length === 2 || (hosts.length === 0 && expect === 2)) {
    advice.push(
      'Two nodes cannot lose either: the other has no majority. Add a third, if only a witness: `quorate start --witness`.',
    );
  } else if (hosts.length > 2 && hosts.length % 2 === 0) {
    advice.push(
      `${hosts.length} voters survive no more failures than ${hosts.length - 1} do; an odd number is cheaper.`,
    );
  }
  if (node.name !== null && hosts.length > 0 && !hosts.some(({ name }) => name === node.name)) {
    advice.push(
      `node.name ${node.name} is not among system.hosts: this node does not form a cluster, it joins one.`,
    );
  }
  const leavesLoopback = accept !== null && !/^(localhost|::1|127\..*)$/.test(accept.host);
  if (leavesLoopback && node.tls === null && node.insecure !== true) {
    advice.push(
      `cluster.accept ${accept.host} needs node.tls, or node.insecure: true if everybody who reaches it may do everything; or the flags that say so.`,
    );
  }
  if (connect.length === 0 && hosts.length === 0) {
    advice.push(
      'Nothing finds other nodes: form the cluster with `quorate cluster-start` and `quorate cluster-join`.',
    );
  }
  if (cluster.failover === 'manual') {
    advice.push(
      'cluster.failover: manual: only `quorate set-primary` makes a node primary, after each failure too.',
    );
  }
  return advice;
}

/** Host names of the file that this machine cannot resolve; other machines may. */
export async function unresolvedHosts(config: Config): Promise<string[]> {
  const found = await Promise.all(
    [...hostsOf(config)].map(async ([host, path]) => {
      if (await resolves(host)) return [];
      return [`${path}: the host name ${host} is not known on this machine.`];
    }),
  );
  return found.flat();
}

/** Every host name of the file with the key that names it. */
function hostsOf({ cluster, node, system }: Config): Map<string, string> {
  const hosts = new Map<string, string>();
  const add = (path: string, host: string | undefined): void => {
    if (host !== undefined && /[a-z]/i.test(host) && !host.includes(':')) hosts.set(host, path);
  };
  add('cluster.accept', cluster.accept?.host);
  add('cluster.advertise', cluster.advertise?.host);
  add('node.api', node.api?.host);
  if (node.http !== 'none') add('node.http', node.http?.host);
  for (const target of cluster.connect)
    add('cluster.connect', /^tcp:\/\/([^[\]]+):\d+$/.exec(target)?.[1]);
  for (const { name, address } of system.hosts) {
    const isBare = address === null && cluster.connect.length === 0 && name !== node.name;
    add('system.hosts', isBare ? name : address?.host);
  }
  return hosts;
}

async function resolves(host: string): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), LOOKUP_MS_MAX);
  });
  const asked = lookup(host).then(
    () => true,
    (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'ENOTFOUND'),
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
