// `quorate cluster-remove-node`: removes a member, up or down. The cluster itself refuses what would lose the quorum.

import type { Command } from 'commander';
import { nameArgument, reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { printDryRun } from '../forecast-view.js';

type RemoveOptions = ChangeOptions & { readonly force?: true };

/** Adds the command. */
export function registerClusterRemoveNode(program: Command): void {
  const command = program
    .command('cluster-remove-node')
    .description('remove a member, up or down; refused if that would lose the quorum')
    .argument('<name>', 'name of the member, as mon-cluster shows it', nameArgument)
    .option('--force', 'skip advice, such as removing a healthy node while another is down')
    .addHelpText(
      'after',
      `
A primary that is removed hands over first. --force never skips the quorum. To let the machine join
again, start its daemon with an empty data directory.

Examples:
  quorate cluster-remove-node n3 --reason "machine retired"
  quorate cluster-remove-node n2 --dry-run`,
    )
    .action((name: string) => withClient<RemoveOptions>(command, (cli) => removeNode(cli, name)));
  addChangeOptions(command, reasonArgument);
}

async function removeNode(cli: Cli<RemoveOptions>, name: string): Promise<void> {
  const { force = false, reason = '', dryRun = false } = cli.options;
  const { node, forecast } = await cli.client.remove({ name, force, reason, dryRun });
  if (dryRun) {
    printDryRun(cli, { node, removed: false }, `${node} could be removed`, forecast);
    return;
  }
  cli.print({ node, removed: true, dryRun }, [`${node} is removed.`]);
}
