// `quorate cluster-replace-node`: a clean node takes the place of a member, up or down. The command ends when the swap is
// made; the cluster itself goes on with it whether or not anybody waits.

import type { Command } from 'commander';
import { apiAddressArgument, nameArgument, reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { printDryRun } from '../forecast-view.js';
import { formatDuration } from '../format.js';
import { JOIN_TIMEOUT_MS, progressLine, tellWaiting, waitForSeat } from '../joining.js';

/** Adds the command. */
export function registerClusterReplaceNode(program: Command): void {
  const command = program
    .command('cluster-replace-node')
    .description('let a clean node take the place of a member, up or down')
    .argument('<old>', 'name of the member that leaves, as mon-cluster shows it', nameArgument)
    .argument('<address>', 'API address of the clean node', apiAddressArgument)
    .addHelpText(
      'after',
      `
The newcomer is first a learner that catches up. Then one change makes it what the old node was and
removes that one: the number of voters stays the same. A primary that is replaced hands over first. A
newcomer that does not catch up is removed again after about a minute without progress, and the old
node stays. A witness is replaced by a witness. The newcomer needs a name of its own; on the machine of
the old node it may have that one's addresses.

It waits 60s unless --timeout says otherwise; the cluster goes on with it when the time is over. Asked
again for the same two nodes, the command waits on. cluster-remove-node NEWCOMER ends it.

Examples:
  quorate cluster-replace-node n2 192.168.2.14 --reason "disk failed"
  quorate cluster-replace-node n2 [2001:db8::4]:6001 --timeout 10m
  quorate cluster-replace-node n2 192.168.2.14 --dry-run`,
    )
    .action((old: string, address: string) =>
      withClient<ChangeOptions>(command, (cli) => replaceNode(cli, old, address), JOIN_TIMEOUT_MS),
    );
  addChangeOptions(command, reasonArgument);
}

async function replaceNode(cli: Cli<ChangeOptions>, old: string, address: string): Promise<void> {
  const begunMs = performance.now();
  const { reason = '', dryRun = false } = cli.options;
  const request = { old, address, reason, dryRun };
  const { node, forecast } = await cli.client.replace(request, { onRetry: tellWaiting(cli) });
  if (dryRun) {
    printDryRun(cli, { node, replaced: old }, `${node} could replace ${old}`, forecast);
    return;
  }
  const seat = { node, old };
  await waitForSeat(cli.client, seat, begunMs + cli.timeoutMs, (progress) => {
    cli.note(progressLine(seat, progress));
  });
  const durationMs = Math.round(performance.now() - begunMs);
  cli.print({ node, replaced: old, durationMs, dryRun }, [
    `${node} replaced ${old} in ${formatDuration(durationMs)}.`,
  ]);
}
