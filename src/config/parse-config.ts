// From the text of a configuration file to what it says, or to every error in it: the whole schema as one pure function of
// text, environment and the directory that relative paths count from. It opens nothing, so that any machine can check a
// file for another.

import { posix } from 'node:path';
import { commandCenterSection } from './command-center-section.js';
import type { Config } from './config.js';
import type { Environment } from './environment.js';
import { healthSection } from './health-section.js';
import { hookSection } from './hook-section.js';
import { Problems } from './problems.js';
import type { ConfigError } from './problems.js';
import { policySection } from './policy-section.js';
import { processSection } from './process-section.js';
import { KEY_VARIABLE } from './secret.js';
import { clusterSection, nodeSection, systemSection } from './sections.js';
import { parsedYaml } from './source.js';
import { tracingSection } from './tracing-section.js';
import { Value } from './value.js';
import type { Mapping } from './value.js';

export type Parsed = { readonly config: Config } | { readonly errors: readonly ConfigError[] };

/** The sections of a file. */
const SECTIONS = [
  'cluster',
  'node',
  'commandCenter',
  'system',
  'processes',
  'healthChecks',
  'hooks',
  'policies',
  'tracing',
];

/**
 * Checks a file and answers what it says, or all its errors in the order of the file, never both. Paths are made absolute from
 * `directory`. No error shows a value that came from the environment or was encrypted.
 */
export function parseConfig(text: string, environment: Environment, directory: string): Parsed {
  const source = parsedYaml(text);
  if ('errors' in source) return source;
  const problems = new Problems();
  const whole = new Value({ problems, environment }, source.root, '', source.root?.range?.[0] ?? 0);
  const config = whole.isNothing ? emptyFile(whole) : configOf(whole, environment, directory);
  if (config !== null && problems.isEmpty) return { config };
  return { errors: problems.inOrder(source.placeOf) };
}

function emptyFile(whole: Value): null {
  return whole.complain(
    'the file is empty; the least it can say is `cluster: { name: MyCluster }`',
  );
}

function configOf(whole: Value, environment: Environment, directory: string): Config | null {
  const root = whole.mapping(SECTIONS);
  if (root === null) return null;
  const key = environment[KEY_VARIABLE];
  const resolve = (file: string): string => posix.resolve(directory, file);
  const cluster = clusterSection(root.needed('cluster'));
  const node = nodeSection(root, resolve);
  const commandCenter = commandCenterSection(root, key);
  const system = systemSection(root, key);
  const processes = processSection(root.get('processes'), resolve, key);
  const names = processes.map(({ name }) => name);
  const healthChecks = healthSection(root.get('healthChecks'), { processes: names, resolve });
  const hooks = hookSection(root);
  const policyFiles = policySection(root, resolve);
  const tracing = tracingSection(root);
  if (cluster === null) return null;
  const config = {
    cluster,
    node,
    commandCenter,
    system,
    processes,
    healthChecks,
    hooks,
    policyFiles,
    tracing,
  };
  checkForming(root, config);
  return config;
}

/** What only several keys together can get wrong. */
function checkForming(
  root: Mapping,
  { cluster, node, system, processes, policyFiles }: Config,
): void {
  const { expect, connect } = cluster;
  if (expect !== null && expect > 1 && connect.length === 0 && system.hosts.length === 0) {
    const message = `${expect} nodes can only find each other with cluster.connect or system.hosts`;
    valueAt(root, 'cluster', 'expect')?.complain(message);
  }
  if (node.witness === true && processes.length > 0) {
    root.get('processes')?.complain('a witness runs no process');
  }
  if (node.witness === true && policyFiles !== null) {
    root.get('policies')?.complain('a witness has no policies');
  }
}

function valueAt(root: Mapping, section: string, key: string): Value | null {
  const entries = root.get(section)?.entries() ?? [];
  return entries.find((entry) => entry.key === key)?.value ?? null;
}
