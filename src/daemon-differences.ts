// How the options that a configuration file comes to differ from those that a daemon runs with: what takes effect at once, what needs
// a restart and why, and what never changes. Pure; the values of a process are never shown, since some are secret.

import { isDeepStrictEqual } from 'node:util';
import { formatAddress } from './address.js';
import type { Config } from './config/config.js';
import type { CheckedOptions, DaemonOptions } from './daemon-options.js';
import { QuorateError } from './errors.js';
import type { Difference } from './generated/quorate/v1/Difference.js';
import { definitionChanges, restartedAmong } from './keeper/definition-change.js';
import type { DefinitionChange } from './keeper/definition-change.js';
import type { DefinedEffect } from './keeper/words.js';
import type { ClusterIdentity } from './node/ports.js';

/** A file for another cluster changes nothing here; null: it is for this one. */
export function clusterNameDiffers(
  { cluster }: Config,
  { clusterName }: ClusterIdentity,
): QuorateError | null {
  if (cluster.name === clusterName) return null;
  const message = `the file is for cluster ${cluster.name}, this node is of ${clusterName}`;
  const hint = `Give cluster.name ${clusterName}.`;
  return new QuorateError('CLUSTER_NAME_MISMATCH', message, { cluster: clusterName }, { hint });
}

type Shown = string | null;

interface Row {
  readonly key: string;
  readonly of: (options: CheckedOptions) => Shown;
  /** Of a member; a clean node takes everything at its next start. */
  readonly why: string;
  readonly isKept?: true;
}

const BINDS = 'the port is bound when the daemon starts';

const ROWS: readonly Row[] = [
  {
    key: 'cluster.accept',
    of: ({ addresses }) => formatAddress(addresses.listen),
    why: BINDS,
  },
  {
    key: 'cluster.advertise',
    of: ({ addresses: { advertise } }) => (advertise === null ? null : formatAddress(advertise)),
    why: 'others are told when the daemon starts',
  },
  {
    key: 'cluster.connect',
    of: ({ discovery }) => discovery.targets.map(targetText).join(', '),
    why: 'others are looked for as the daemon was told when it started',
  },
  {
    key: 'node.name',
    of: ({ name }) => name,
    why: 'a member keeps the name that it joined with; cluster-replace-node gives another',
    isKept: true,
  },
  {
    key: 'node.dataDir',
    of: ({ dataDir }) => dataDir,
    why: 'it is opened when the daemon starts; what it holds does not move by itself',
  },
  { key: 'node.api', of: ({ addresses }) => formatAddress(addresses.api), why: BINDS },
  {
    key: 'node.http',
    of: ({ addresses: { http } }) => (http === null ? 'none' : formatAddress(http)),
    why: BINDS,
  },
  {
    key: 'node.tls',
    of: ({ tls }) => (tls === null ? null : [tls.certFile, tls.keyFile, tls.caFile].join(', ')),
    why: 'which files they are is read when the daemon starts; what they hold is read again by itself',
  },
  {
    key: 'policies',
    of: ({ policyFiles }) =>
      policyFiles === null
        ? null
        : `${policyFiles.directory}, changes made there are ${policyFiles.keepsChanges ? 'kept' : 'overwritten'}`,
    why: 'where files are kept is read when the daemon starts',
  },
  {
    key: 'tracing',
    of: ({ tracing }) =>
      tracing === null ? null : `${tracing.endpoint}, ${tracing.sample} of the traces`,
    why: 'where traces go is read when the daemon starts',
  },
  {
    key: 'node.witness',
    of: ({ witness }) => String(witness),
    why: 'a member stays what it joined as; cluster-replace-node makes it the other',
    isKept: true,
  },
];

/** What does not take effect while the daemon runs. */
export function restartDifferences(
  runs: CheckedOptions,
  wanted: CheckedOptions,
  isMember: boolean,
): Difference[] {
  const rows = ROWS.flatMap(({ key, of, why, isKept = false }): Difference[] => {
    const effect = isMember && isKept ? 'NEVER' : 'RESTART';
    const told = effect === 'RESTART' && isKept ? 'it is read when the daemon starts' : why;
    return of(runs) === of(wanted)
      ? []
      : [{ key, ...shown(of(runs), of(wanted)), effect, why: told }];
  });
  if (runs.commandCenterPassword !== wanted.commandCenterPassword) {
    // Without its values.
    const why = 'it is read when the daemon starts';
    rows.push({ key: 'commandCenter.password', effect: 'RESTART', why });
  }
  const plan = { runs: runs.discovery.plan, wanted: wanted.discovery.plan };
  if (isMember || isDeepStrictEqual(plan.runs, plan.wanted)) return rows;
  const why = 'who forms the first cluster is read when the daemon starts';
  return [...rows, { key: 'cluster.expect or system.hosts', effect: 'RESTART', why }];
}

/** What takes effect at once, and what would if no flag or variable of the environment went before the file. */
export function liveDifferences({
  runs,
  wanted,
  given,
  hasProcesses,
  hooks,
}: {
  readonly runs: CheckedOptions;
  readonly wanted: CheckedOptions;
  readonly given: Partial<DaemonOptions>;
  readonly hasProcesses: boolean;
  /** Those of `wanted` that can be taken over while the daemon runs. */
  readonly hooks: CheckedOptions['hooks'];
}): Difference[] {
  const differences: Difference[] = [];
  if (runs.priority !== wanted.priority || runs.isPriorityGiven !== wanted.isPriorityGiven) {
    const says = wanted.isPriorityGiven ? String(wanted.priority) : null;
    const why =
      says === null
        ? 'no longer said: the member keeps what it has'
        : 'the members are told, and the primary moves if another should be it now';
    const told = shown(runs.isPriorityGiven ? String(runs.priority) : null, says);
    differences.push({ key: 'node.priority', ...told, effect: 'LIVE', why });
  }
  if (!isDeepStrictEqual(runs.tags, wanted.tags)) {
    const told = shown(tagsText(runs.tags), tagsText(wanted.tags));
    differences.push({ key: 'node.tags', ...told, effect: 'LIVE', why: 'the members are told' });
  }
  if (runs.logLevel !== wanted.logLevel) {
    const why = 'from the next line on';
    differences.push({
      key: 'node.logLevel',
      ...shown(runs.logLevel, wanted.logLevel),
      effect: 'LIVE',
      why,
    });
  }
  if (!Object.hasOwn(given, 'processes')) {
    differences.push(...processDifferences(runs, wanted, hasProcesses));
  }
  return [
    ...differences,
    ...healthDifferences(runs, wanted),
    ...hookDifferences(runs, wanted, hooks),
  ];
}

function processDifferences(
  runs: CheckedOptions,
  wanted: CheckedOptions,
  isLive: boolean,
): Difference[] {
  const effect = isLive ? 'LIVE' : 'RESTART';
  const restarted = new Set(restartedAmong(runs.processes, wanted.processes));
  const differences = definitionChanges(runs.processes, wanted.processes).map(
    (change): Difference => ({
      key: processKey(change.name),
      effect,
      why: `${whatOf(change)}: ${isLive ? whyOf(change, restarted) : NO_KEEPER}`,
    }),
  );
  const names = [runs, wanted].map(({ processes }) => processes.map(({ name }) => name));
  if (differences.length > 0 || isDeepStrictEqual(names[0], names[1])) return differences;
  const why = isLive ? 'it counts when they start next' : NO_KEEPER;
  return [{ key: 'processes', says: 'in another order', effect, why }];
}

/** As people are shown it. */
export function processKey(name: string): string {
  return `processes.${name}`;
}

const NO_KEEPER = `only Linux supervises processes, this is ${process.platform}`;

function whatOf(change: DefinitionChange): string {
  if (change.type === 'added') return 'new';
  return change.type === 'removed' ? 'no longer said' : `another ${change.fields.join(', ')}`;
}

function whyOf(change: DefinitionChange, restarted: ReadonlySet<string>): string {
  if (change.type === 'removed') return 'it ends within its grace, and is supervised no more';
  if (change.type === 'added') {
    return change.primaryOnly ? 'it starts where the primary is' : 'it starts';
  }
  return restarted.has(change.name)
    ? 'where it runs it ends within its grace, and starts as the file says'
    : 'it goes on, by what the file says';
}

const DONE: Readonly<Record<DefinedEffect, string>> = {
  starts: 'here now',
  restarts: 'it was told to end, and starts again',
  ends: 'it was told to end',
  removed: 'it did not run',
  waits: 'it waits until this node is primary',
  stopped: 'it stays stopped',
  kept: 'it goes on',
};

/** What was done about a process, for people. */
export function doneAbout(effect: DefinedEffect): string {
  return DONE[effect];
}

function healthDifferences(runs: CheckedOptions, wanted: CheckedOptions): Difference[] {
  const names = [...runs.healthChecks, ...wanted.healthChecks].map(({ name }) => name);
  return [...new Set(names)].flatMap((name): Difference[] => {
    const before = runs.healthChecks.find((one) => one.name === name);
    const after = wanted.healthChecks.find((one) => one.name === name);
    if (isDeepStrictEqual(before, after)) return [];
    const key = `healthChecks.${name}`;
    if (after === undefined) return [{ key, effect: 'LIVE', why: 'no longer said: it ends' }];
    const what = before === undefined ? 'new' : 'otherwise';
    return [{ key, effect: 'LIVE', why: `${what}: it counts from its first result on` }];
  });
}

/** Whether any hook is asked before a promotion is fixed when the node starts. */
function hookDifferences(
  { hooks: runs }: CheckedOptions,
  { hooks: wanted }: CheckedOptions,
  live: CheckedOptions['hooks'],
): Difference[] {
  const names = ['beforePromotion', 'afterPromotion', 'beforeDemotion'] as const;
  return names.flatMap((name): Difference[] => {
    if (isDeepStrictEqual(runs[name], wanted[name])) return [];
    const key = `hooks.${name}`;
    const isLive = isDeepStrictEqual(live[name], wanted[name]);
    if (!isLive) {
      const why = 'new: whether a hook is asked before a promotion is fixed when the daemon starts';
      return [{ key, effect: 'RESTART', why }];
    }
    const what =
      wanted[name] === null ? 'no longer said' : runs[name] === null ? 'new' : 'otherwise';
    return [{ key, effect: 'LIVE', why: `${what}: from the next occasion on` }];
  });
}

function shown(runs: Shown, says: Shown): Pick<Difference, 'runs' | 'says'> {
  return { ...(runs === null ? {} : { runs }), ...(says === null ? {} : { says }) };
}

function tagsText(tags: CheckedOptions['tags']): string | null {
  return tags.length === 0 ? null : tags.map(([name, value]) => `${name}=${value}`).join(' ');
}

function targetText(target: CheckedOptions['discovery']['targets'][number]): string {
  return target.type === 'multicast'
    ? `udp://${formatAddress({ host: target.group, port: target.port })}`
    : `tcp://${formatAddress(target.address)}`;
}
