// `quorate mon-cluster [--watch]`: all nodes and what holds them together. Linearizable while there is a quorum; without
// one it shows what the node asked knows and ends with 3.

import type { Command } from 'commander';
import type { QuorateClient } from '../../src/client/client.js';
import { clusterView, failuresView, isConfirmed } from '../../src/client/cluster-view.js';
import type { ClusterView, FailuresView } from '../../src/client/cluster-view.js';
import { EXIT_CODES } from '../../src/errors.js';
import { durationArgument } from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { keepLooking, widthOf } from '../looking.js';
import { changeKey, clusterLines } from '../status-view.js';

interface MonOptions {
  readonly watch?: true;
  readonly interval?: number;
}

/** Adds the command. */
export function registerMonCluster(program: Command): void {
  const command = program
    .command('mon-cluster')
    .alias('MonCluster')
    .description('all nodes: state, role, addresses, indexes, lag, last contact, version, up-time')
    .option('--watch', 'keep looking until q or Ctrl-C')
    .option('--interval <duration>', 'time between looks (default: 1s)', durationArgument)
    .addHelpText(
      'after',
      `
Ends with 3 and shows what the node asked knows if there is no quorum. A clean node shows itself.
--watch redraws on a terminal, prints one JSON object a look with --json, else one block a change.
Below the table stands which nodes may fail next, with which the service would end, and how the
cluster could survive more. LAG: entries that the leader has and the node is not known to have.
CONTACT: since the leader heard it.

Examples:
  quorate mon-cluster
  quorate mon-cluster --watch
  quorate mon-cluster --json --node 192.168.2.11
  quorate mon-cluster --watch --json --interval 250ms`,
    )
    .action(() => withClient<MonOptions>(command, monCluster));
}

async function monCluster(cli: Cli<MonOptions>): Promise<void> {
  const { options, client, style } = cli;
  const lines = ({ view, failures }: Look, width?: number): string[] =>
    clusterLines(view, style, width, failures);
  if (options.watch === true) {
    await keepLooking(cli, options.interval, {
      look: () => look(client),
      key: ({ view, failures }) => JSON.stringify([changeKey(view), failures]),
      json: ({ view }) => view,
      lines,
    });
    return;
  }
  const seen = await look(client);
  const { view } = seen;
  cli.print(view, () => lines(seen, widthOf(process.stdout)));
  process.exitCode = exitCodeOf(view);
}

interface Look {
  readonly view: ClusterView;
  readonly failures: FailuresView | null;
}

/** How the cluster stands; without a quorum, what the node asked and those it reaches know by themselves. */
async function look(client: QuorateClient): Promise<Look> {
  const response = await client.status();
  return { view: clusterView(response), failures: failuresView(response) };
}

function exitCodeOf(view: ClusterView): number {
  return isConfirmed(view) ? EXIT_CODES.done : EXIT_CODES.noAnswer;
}
