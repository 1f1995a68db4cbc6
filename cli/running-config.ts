// How a configuration file differs from what runs: what the daemon that was started with it tells, and, where the daemon has another
// file or none, at least what the cluster itself is set to. It asks and changes nothing.

import { resolve } from 'node:path';

import type { QuorateClient } from '../src/client/client.js';
import { settingDifferences } from '../src/config/cluster-differences.js';
import type { ConfigFile } from '../src/config/read-config.js';
import { QuorateError } from '../src/errors.js';
import type { Difference__Output as Difference } from '../src/generated/quorate/v1/Difference.js';

/** One difference as scripts are told it. */
export interface RunningDifference {
  readonly key: string;
  /** Null: not said, or not to be shown. */
  readonly runs: string | null;
  readonly says: string | null;
  /** `live`: without a restart; `never`: it stays as it runs. */
  readonly effect: 'live' | 'restart' | 'never';
  readonly why: string;
  /** What was done about a process; null: nothing was activated, or it is none. */
  readonly done: string | null;
}

export interface Compared {
  /** Name of the node that was asked. */
  readonly node: string;
  /** Absolute path, and digest of what was read here. */
  readonly file: string;
  readonly sha256: Buffer;
  /** Its daemon was started with this file, and reads the same in it. */
  readonly isOwnFile: boolean;
  readonly differences: readonly RunningDifference[];
  /** Why the node's own settings were not compared; null: they were. */
  readonly note: string | null;
}

/** Asks the node. Rejects with CLEAN_NODE, CLUSTER_NAME_MISMATCH or what the daemon says of its file. */
export async function compareWithRunning(
  client: QuorateClient,
  { file: name, config, sha256: digest }: ConfigFile,
): Promise<Compared> {
  const file = resolve(name);
  const sha256 = Buffer.from(digest, 'hex');
  const { node: own, cluster, electionTimeoutMs } = await client.nodeStatus();
  const node = own?.name ?? '';
  if (cluster === undefined) {
    throw new QuorateError('CLEAN_NODE', 'the node asked belongs to no cluster yet');
  }
  if (cluster !== config.cluster.name) {
    const message = `the file is for cluster ${config.cluster.name}, the node asked is of ${cluster}`;
    const hint = `Give cluster.name ${cluster}, or ask a node of the other with --node.`;
    throw new QuorateError('CLUSTER_NAME_MISMATCH', message, { cluster }, { hint });
  }
  const read = { node, file, sha256 };
  try {
    const answer = await client.install({ file, sha256, dryRun: true });
    return { ...read, isOwnFile: true, differences: answer.differences.map(viewOf), note: null };
  } catch (error) {
    if (!(error instanceof QuorateError) || error.code !== 'OTHER_CONFIG_FILE') throw error;
    const { failover } = await client.settings();
    const differences = settingDifferences(config, { electionTimeoutMs, failover }).map((it) => {
      return { ...it, effect: 'never' as const, done: null };
    });
    const note = `Settings of ${node} itself were left alone: ${error.message}.`;
    return { ...read, isOwnFile: false, differences, note };
  }
}

/** A difference for people. */
export function differenceLine(
  { key, runs, says, effect, why, done }: RunningDifference,
  node: string,
  isActivated: boolean,
): string {
  const values = [runs, says === null ? 'is no longer said' : `becomes ${says}`];
  // Where neither is to be shown, the sentence says it all.
  const change = runs === null && says === null ? [] : values.filter((value) => value !== null);
  const what = `${[key, ...change].join(' ')}: ${why}${done === null ? '' : `; ${done}`}`;
  switch (effect) {
    case 'live':
      return `${isActivated ? 'Activated' : 'Would be activated'}: ${what}`;
    case 'restart':
      return `Needs a restart of ${node}: ${what}`;
    case 'never':
      return `Stays: ${key} ${runs ?? 'not said'}, not ${says ?? 'left open'}: ${why}`;
  }
}

/** As the daemon tells it. */
export function viewOf({ effect, ...told }: Difference): RunningDifference {
  const { key, why, runs = null, says = null, done = null } = told;
  return { key, runs, says, effect: EFFECTS[effect] ?? 'restart', why, done };
}

const EFFECTS: Readonly<Record<string, RunningDifference['effect']>> = {
  LIVE: 'live',
  RESTART: 'restart',
  NEVER: 'never',
};
