// What a configuration file says otherwise than the cluster: what is fixed when a cluster is formed, and its system definition. What
// the cluster holds counts, on every node; a file that disagrees was not installed, or is older than its cluster. Pure.

import type { Config } from './config.js';
import { factChanges } from './system-facts.js';

/** What a cluster is set to, as far as a file may say it too. */
export interface ClusterSettings {
  readonly electionTimeoutMs: number;
  readonly failover: string;
}

/** One thing that differs; texts as people are shown them. */
export interface ClusterDifference {
  readonly key: string;
  readonly runs: string;
  readonly says: string;
  readonly why: string;
}

/** What of the file the cluster never takes, since it was formed otherwise. */
export function settingDifferences(
  { cluster }: Config,
  { electionTimeoutMs, failover }: ClusterSettings,
): ClusterDifference[] {
  const differences: ClusterDifference[] = [];
  const why = 'the cluster was formed so, and what it holds counts';
  if (cluster.electionTimeoutMs !== null && cluster.electionTimeoutMs !== electionTimeoutMs) {
    differences.push({
      key: 'cluster.electionTimeout',
      runs: `${electionTimeoutMs}ms`,
      says: `${cluster.electionTimeoutMs}ms`,
      why,
    });
  }
  if (cluster.failover !== null && cluster.failover !== failover) {
    const how = `what the cluster holds counts; \`quorate setting set failover ${cluster.failover}\` changes it`;
    differences.push({ key: 'cluster.failover', runs: failover, says: cluster.failover, why: how });
  }
  return differences;
}

/** Everything of the cluster's that the file says otherwise, a line each; `held` null: this node cannot tell what it holds. */
export function disagreements(
  config: Config,
  settings: ClusterSettings,
  held: ReadonlyMap<string, string> | null,
): string[] {
  const changes = held === null ? [] : factChanges(config.system, held);
  return [
    ...settingDifferences(config, settings).map(
      ({ key, runs, says }) => `${key} is ${runs} in the cluster, ${says} in the file`,
    ),
    ...changes.map(({ text }) => `system: the file ${text}; \`quorate install\` would make it so`),
  ];
}
