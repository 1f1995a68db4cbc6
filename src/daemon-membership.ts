// What a daemon's options may say about a membership that its data directory has already, and what it makes of peers that
// refuse it. It decides nothing else; the composition root asks it.

import type { CheckedOptions } from './daemon-options.js';
import { QuorateError } from './errors.js';
import type { NodeApi } from './node/api.js';
import type { Node } from './node/node.js';
import type { ClusterIdentity, LoggerPort, Stored } from './node/ports.js';
import { whyUnspokenOnDisk } from './raft/feature-level.js';
import { LIMITS } from './raft/options.js';
import type { Software } from './raft/types.js';

/** What the data directory says goes before the options; where they contradict it about the cluster, nothing starts. */
export function checkMembership(
  options: CheckedOptions,
  cluster: ClusterIdentity | null,
  log: LoggerPort,
): void {
  if (cluster === null) return;
  if (options.isClusterNameGiven && options.clusterName !== cluster.clusterName) {
    const message = `${options.dataDir} belongs to cluster ${cluster.clusterName}, not to ${options.clusterName}`;
    throw new QuorateError('CLUSTER_NAME_MISMATCH', message, { cluster: cluster.clusterName });
  }
  if (options.witness && !cluster.isWitness) {
    const message = `--witness: ${options.dataDir} belongs to a full member; a witness needs an empty data directory`;
    throw new QuorateError('WRONG_USAGE', message, { option: '--witness' });
  }
  if (options.isNameGiven && options.name !== cluster.nodeName) {
    const fields = { asked: options.name, kept: cluster.nodeName };
    log.warn(fields, 'a member keeps the name that it joined with');
  }
  const { electionTimeoutMs: askedMs, isElectionTimeoutGiven } = options;
  if (isElectionTimeoutGiven && askedMs !== cluster.electionTimeoutMs) {
    const fields = { askedMs, keptMs: cluster.electionTimeoutMs };
    log.warn(fields, 'a member keeps the election timeout that its cluster was started with');
  }
}

/** Refuses software that must not go on with what the data directory holds, before anything is changed in it. */
export function checkSoftware(dataDir: string, software: Software, stored: Stored): void {
  const why = whyUnspokenOnDisk(stored.identity.nodeId, software, stored);
  if (why !== null) throw new QuorateError('UNSPOKEN_LEVEL', `${dataDir}: ${why}`);
}

/**
 * Starts the node on what the disk holds. Rejects where it cannot be read: it is sound, or opening had told, so that a later
 * version wrote it.
 */
export function resumed(node: Pick<Node, 'start'>, dataDir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    node.start((cause) => {
      if (cause === null) {
        resolve();
        return;
      }
      const hint = 'Install the version that wrote it, or a later one.';
      const message = `${dataDir}: this version cannot read the snapshot: ${cause.message}`;
      reject(new QuorateError('DATA_DIRECTORY', message, { directory: dataDir }, { cause, hint }));
    });
  });
}

/**
 * How long a newcomer that was admitted, and started again before anything reached it, waits to be reached: twice as long as
 * its cluster waits for it, in election timeouts.
 */
const UNREACHED_TIMEOUTS = 2 * LIMITS.newcomerPatience;

/**
 * Ends the daemon of a newcomer that restarted without knowing any member, and that none reaches: they have given it up, or
 * cannot reach it, and it has nobody to ask. Answers how to wait no more.
 */
export function endUnreached(
  node: Pick<NodeApi, 'status'>,
  end: (error: QuorateError) => void,
): () => void {
  const isUnreached = (): boolean => {
    const { condition, configuration, term } = node.status();
    return condition === 'member' && configuration.members.length === 0 && term === 0;
  };
  if (!isUnreached()) return () => {};
  const { clusterName = '', electionTimeoutMs = 1000 } = node.status().cluster ?? {};
  const limitMs = UNREACHED_TIMEOUTS * electionTimeoutMs;
  const timer = setTimeout(() => {
    if (!isUnreached()) return;
    const message = `no member of cluster ${clusterName} has reached this node within ${limitMs / 1000} s of its start, and it knows none to ask: it was admitted, but never brought up to date`;
    end(new QuorateError('NEWCOMER_GIVEN_UP', message));
  }, limitMs);
  return () => {
    clearTimeout(timer);
  };
}

/**
 * Takes the word of peers that refuse this node for good: it was removed, its data directory runs twice, or its software
 * does not speak what the cluster does. `end` is called where the daemon cannot go on; later calls change nothing.
 */
export function heedRefusals(
  dataDir: string,
  node: () => NodeApi | null,
  end: (error: QuorateError) => void,
): (reason: string, detail: string) => void {
  return (reason, detail) => {
    if (reason === 'REMOVED') node()?.removed();
    if (reason === 'RUNS_TWICE') end(new QuorateError('RUNS_TWICE', `${dataDir}: ${detail}`));
    if (reason === 'LEVEL_UNSPOKEN') end(new QuorateError('UNSPOKEN_LEVEL', detail));
  };
}
