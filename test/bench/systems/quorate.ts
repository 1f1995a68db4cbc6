// Quorate as it is built, three daemons with the default timers. The leader is the primary, by the view that any node gives.

import { readFileSync } from 'node:fs';
import { LocalCluster } from '../../../cli/demo/cluster.js';
import { STORE } from '../../../src/client/protos.js';
import { BIN } from '../../support/cluster.js';
import type { RequestBytes, Running, System } from './system.js';

const packageFile = new URL('../../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

type Sendable<Request> = { readonly path: string; requestSerialize(request: Request): Buffer };

function bytesFor<Request>(method: Sendable<Request>, request: Request): RequestBytes {
  return { path: method.path, message: method.requestSerialize(request) };
}

/** Quorate at the command that was built. */
export const quorate: System = {
  name: 'quorate',
  version,
  requests: {
    write: (key, value) => bytesFor(STORE.Put, { key, value: Buffer.from(value) }),
    read: (key) => bytesFor(STORE.Get, { key }),
    staleRead: (key) => bytesFor(STORE.Get, { key, consistency: 'STALE' }),
    pipelinedWrite: (key, value) => ({
      ...bytesFor(STORE.Pipeline, { operations: [{ put: { key, value: Buffer.from(value) } }] }),
      isStreamed: true,
    }),
    batch: (keys, value) =>
      bytesFor(STORE.Transact, {
        success: keys.map((key) => ({ put: { key, value: Buffer.from(value) } })),
      }),
  },
  start,
};

async function start(nodes: number): Promise<Running> {
  const cluster = await LocalCluster.plan({
    nodes,
    electionTimeout: null,
    bin: BIN,
    prefersUsualPorts: false,
  });
  try {
    await cluster.startAll();
    await cluster.form();
    await cluster.settled();
  } catch (error) {
    await cluster.close();
    throw error;
  }
  const daemonAt = (at: number): LocalCluster['daemons'][number] => {
    const daemon = cluster.daemons[at];
    if (daemon === undefined) throw new Error(`there is no node ${at}`);
    return daemon;
  };
  return {
    addresses: cluster.daemons.map(({ api }) => api),
    async leader() {
      const { primary } = await cluster.until('a primary', (view) => view.primary !== null, 10_000);
      const at = cluster.daemons.findIndex(({ name }) => name === primary);
      return { address: daemonAt(at).api, at };
    },
    get pids() {
      return cluster.daemons.map(({ pid }) => pid ?? 0);
    },
    async revision() {
      const { nodes: lines } = await cluster.until('a leader', (view) => view.primary !== null);
      return Math.max(...lines.map(({ commitIndex }) => commitIndex ?? 0));
    },
    async kill(at) {
      await daemonAt(at).stop('SIGKILL');
    },
    async restart(at) {
      await daemonAt(at).start();
    },
    stop: () => cluster.close(),
  };
}
