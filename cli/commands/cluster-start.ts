// `quorate cluster-start`: makes this clean node the first member, and primary, of a new cluster. The
// daemon itself refuses if it belongs to one already.

import type { Command } from 'commander';
import { reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { printDryRun } from '../forecast-view.js';

/** Adds the command. */
export function registerClusterStart(program: Command): void {
  const command = program
    .command('cluster-start')
    .description('make this clean node the first member, and primary, of a new cluster')
    .addHelpText(
      'after',
      `
Refused if the node already belongs to a cluster. The cluster's name and election timeout are those
that this node's daemon was started with.

Examples:
  quorate cluster-start
  quorate cluster-start --node 192.168.2.10 --reason "first node of the new site"
  quorate cluster-start --dry-run`,
    )
    .action(() => withClient<ChangeOptions>(command, clusterStart));
  addChangeOptions(command, reasonArgument);
}

async function clusterStart(cli: Cli<ChangeOptions>): Promise<void> {
  const dryRun = cli.options.dryRun === true;
  const { cluster, clusterId, node, forecast } = await cli.client.start({
    reason: cli.options.reason ?? '',
    dryRun,
  });
  if (dryRun) {
    const data = { cluster, clusterId: null, node };
    printDryRun(cli, data, `${node} could start cluster ${cluster}`, forecast);
    return;
  }
  cli.print({ cluster, clusterId, node, dryRun }, [
    `Cluster ${cluster} started; ${node} is its first member.`,
  ]);
}
