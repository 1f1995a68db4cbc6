// `quorate install F` and `quorate system`: a configuration file compared with what runs. What is the cluster's (the system
// definition) is activated for all nodes at once; what is a node's own by its daemon, which reads its file once more and opens
// no other, whoever asks.

import type { Command } from 'commander';
import { reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { standingLine, standingOf } from '../fact-rehearsal.js';
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
read an item as the key quorate/system/items/NAME of the store, and watch it there.

The node that is asked (--node) reads the file that it was started with once more: priority, tags,
log level, processes, health checks and hooks take effect at once; addresses, directories, certificates' paths, discovery
and a first hook before promotion need a restart of its daemon; what a cluster fixes when it is formed does not
change. Each line says why. Exactly those processes that are new, gone or otherwise start, end or start again; what only the primary
runs, where the primary is. A daemon opens no other file than its own, so its own part is left alone where
FILE is another or holds something else there. Run it on each node whose file has changed.
Nothing is activated if the file has an error, here or there.

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
  const { compareWithRunning, differenceLine, viewOf } = await import('../running-config.js');
  const loaded = await loadConfig(file, cli.isJson);
  const { dryRun = false, reason = '' } = cli.options;
  // Asked first without changing anything: what cannot be installed there is not installed by half.
  const compared = await compareWithRunning(cli.client, loaded);
  const held = await readFacts(cli.client);
  const changes = factChanges(loaded.config.system, held.facts);
  const revision =
    dryRun || changes.length === 0 ? null : await changeFacts(cli.client, held, changes);
  const { node, note, file: path, sha256 } = compared;
  const installed =
    dryRun || !compared.isOwnFile ? null : await cli.client.install({ file: path, sha256, reason });
  const differences = installed?.differences.map(viewOf) ?? compared.differences;
  // What a file says of the cluster are facts: they change neither its members nor who is primary.
  const standing = dryRun && changes.length > 0 ? await standingOf(cli) : null;
  const data = {
    file,
    node,
    activated: changes.map(({ text }) => text),
    differences,
    note,
    dryRun,
    revision,
    ...(standing === null ? {} : standing),
  };
  cli.print(data, () => {
    const lines = [
      ...changes.map(({ text }) => `${dryRun ? 'Would be activated' : 'Activated'}: ${text}`),
      ...differences.map((difference) => differenceLine(difference, node, !dryRun)),
      ...(note === null ? [] : [note]),
      ...(standing === null ? [] : [standingLine(standing)]),
    ];
    if (lines.length === 0) return [`${file} says what runs; nothing was changed.`];
    return lines.map(printable);
  });
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
