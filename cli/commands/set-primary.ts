// `quorate set-primary`: hands the primacy over on purpose, to the node asked or to the one named. Waits until the
// target is primary.

import type { Command } from 'commander';
import { nameArgument, reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { printDryRun } from '../forecast-view.js';
import { formatDuration } from '../format.js';

/** Longer than processes get by default to end by themselves, and as long as a call may take. */
const HAND_OVER_TIMEOUT_MS = 60_000;

/** Adds the command. */
export function registerSetPrimary(program: Command): void {
  const command = program
    .command('set-primary')
    .alias('SetPrimary')
    .description('hand the primacy over, without a name to the node asked')
    .argument('[name]', 'name of the member that shall be primary', nameArgument)
    .addHelpText(
      'after',
      `
The old primary stops accepting writes, ends its processes gracefully and proves that it stopped;
the target catches up and begins a new reign, with a new epoch. Returns when the target is primary;
waits 60s unless --timeout says less. The events tell for how long nobody was primary.

Examples:
  quorate set-primary n2 --reason "maintenance of n1"
  quorate set-primary --node 192.168.2.11
  quorate set-primary n2 --dry-run`,
    )
    .action((name: string | undefined) =>
      withClient<ChangeOptions>(
        command,
        (cli) => setPrimary(cli, name ?? ''),
        HAND_OVER_TIMEOUT_MS,
      ),
    );
  addChangeOptions(command, reasonArgument);
}

async function setPrimary(cli: Cli<ChangeOptions>, name: string): Promise<void> {
  const { reason = '', dryRun = false } = cli.options;
  const answer = await cli.client.setPrimary({ name, reason, dryRun });
  const { primary, epoch, durationMs, unchanged } = answer;
  if (dryRun) {
    printDryRun(cli, { primary }, `${primary} could become primary`, answer.forecast);
    return;
  }
  cli.print({ primary, epoch, durationMs, dryRun, unchanged }, [
    unchanged
      ? `${primary} is primary already, epoch ${epoch}; nothing was changed.`
      : `${primary} is primary, epoch ${epoch}, after ${formatDuration(durationMs)}.`,
  ]);
}
