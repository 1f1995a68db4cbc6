// `quorate install F` and `quorate system`: a configuration file compared with what runs. What is the cluster's (the system
// definition) is activated for all nodes at once; what is a node's own is told with what it takes. The file is read where the
// command runs, and no daemon opens a path that a caller names.

import type { Command } from 'commander';
import type { Config } from '../../src/config/config.js';
import { formatAddress } from '../../src/address.js';
import { QuorateError } from '../../src/errors.js';
import { reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { printable } from '../format.js';

/** Adds both commands. */
export function registerInstall(program: Command): void {
  const install = program
    .command('install')
    .aliases(['genesisInstall', 'Install'])
    .description('check a file, show how it differs from what runs, activate what can change live')
    .argument('<file>', 'configuration file, on this machine')
    .addHelpText(
      'after',
      `
The system definition (hosts and items) takes effect at once, for the whole cluster, in one step; services
read an item as the key quorate/system/items/NAME of the store, and watch it there. Settings of the node
that is asked (--node) need a restart of its daemon; those that a cluster fixes when it is formed do not
change. Nothing is activated if the file has an error.

Examples:
  quorate install /etc/quorate/quorate.yaml --dry-run
  quorate install quorate.yaml --json`,
    )
    .action((file: string) => withClient<ChangeOptions>(install, (cli) => installFile(cli, file)));
  addChangeOptions(install, reasonArgument);
  const system = program
    .command('system')
    .description('the system definition that the cluster holds: hosts and items')
    .addHelpText(
      'after',
      '\nEncrypted items are shown as such.\n\nExamples:\n  quorate system\n  quorate system --json',
    )
    .action(() => withClient<object>(system, showSystem));
}

async function installFile(cli: Cli<ChangeOptions>, file: string): Promise<void> {
  const { loadConfig } = await import('../config-file.js');
  const { factChanges } = await import('../../src/config/system-facts.js');
  const { readFacts, changeFacts } = await import('../system-facts.js');
  const { config } = await loadConfig(file, cli.isJson);
  const { node, restart, kept } = await settingsDifference(cli, config);
  const held = await readFacts(cli.client);
  const changes = factChanges(config.system, held.facts);
  const { dryRun = false } = cli.options;
  const revision =
    dryRun || changes.length === 0 ? null : await changeFacts(cli.client, held, changes);
  const texts = changes.map(({ text }) => text);
  const data = { file, node, activated: texts, restart, unchangeable: kept, dryRun, revision };
  cli.print(data, () => {
    const lines = [
      ...texts.map((text) => `${dryRun ? 'Would be activated' : 'Activated'}: ${text}`),
      ...restart.map((text) => `Needs a restart of ${node}: ${text}`),
      ...kept.map((text) => `Stays: ${text}`),
    ];
    if (lines.length === 0) return [`${file} says what runs; nothing was changed.`];
    return lines.map(printable);
  });
}

/** How the file differs from what the node asked runs with, as far as a node tells. */
async function settingsDifference(cli: Cli<object>, { cluster, node: wanted, processes }: Config) {
  const answer = await cli.client.nodeStatus();
  const own = answer.node;
  if (own === null || answer.cluster === undefined) {
    throw new QuorateError('CLEAN_NODE', 'the node asked belongs to no cluster yet');
  }
  if (answer.cluster !== cluster.name) {
    const message = `the file is for cluster ${cluster.name}, the node asked is of ${answer.cluster}`;
    const hint = `Give cluster.name ${answer.cluster}, or ask a node of the other with --node.`;
    throw new QuorateError('CLUSTER_NAME_MISMATCH', message, { cluster: answer.cluster }, { hint });
  }
  const restart: string[] = [];
  const kept: string[] = [];
  const isOwnFile = wanted.name === null || wanted.name === own.name;
  if (!isOwnFile)
    kept.push(
      `node.name ${wanted.name}: the node asked is ${own.name}, its settings were not compared`,
    );
  const peer = cluster.advertise ?? cluster.accept;
  const compare = (key: string, said: string | null, runs: string): void => {
    if (isOwnFile && said !== null && said !== runs) restart.push(`${key} ${runs} becomes ${said}`);
  };
  compare('cluster.accept', peer === null ? null : formatAddress(peer), own.address);
  compare('node.api', wanted.api === null ? null : formatAddress(wanted.api), own.api);
  if (
    cluster.electionTimeoutMs !== null &&
    cluster.electionTimeoutMs !== answer.electionTimeoutMs
  ) {
    kept.push(`cluster.electionTimeout: the cluster was formed with ${answer.electionTimeoutMs}ms`);
  }
  if (isOwnFile && processes.length > 0) {
    restart.push('processes are read when the daemon starts, in case they changed');
  }
  return { node: own.name, restart, kept };
}

async function showSystem(cli: Cli<object>): Promise<void> {
  const { definitionIn, shownDefinition, DEFINITION_KEY, ITEMS_PREFIX } =
    await import('../../src/config/system-facts.js');
  const { looksEncrypted } = await import('../../src/config/secret.js');
  const { readFacts } = await import('../system-facts.js');
  const { facts } = await readFacts(cli.client);
  const definition = facts.get(DEFINITION_KEY) ?? '';
  const items = [...facts]
    .filter(([key]) => key.startsWith(ITEMS_PREFIX))
    .map(([key, value]) => {
      const name = key.slice(ITEMS_PREFIX.length);
      return { name, value, encrypted: looksEncrypted(value) };
    });
  cli.print({ ...definitionIn(definition), items }, () => {
    if (facts.size === 0)
      return ['The cluster holds no system definition; `quorate install FILE` gives it one.'];
    const lines = items.map(
      ({ name, value, encrypted }) => `${name} = ${encrypted ? '(encrypted)' : value}`,
    );
    return [`System: ${shownDefinition(definition)}`, ...lines].map(printable);
  });
}
