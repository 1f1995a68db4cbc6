// `quorate pause` and `quorate resume`: whether new leaders make themselves primary meanwhile. It stands in the cluster's log,
// so it survives every fail-over, and `mon-cluster` says it with who asked and why. A reign that runs goes on.

import type { Command } from 'commander';
import { reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { printDryRun } from '../forecast-view.js';

/** Adds `pause`. */
export function registerPause(program: Command): void {
  const command = program
    .command('pause')
    .description(
      'no automatic reign meanwhile: who is primary stays, and nobody takes over unasked',
    )
    .addHelpText(
      'after',
      `
Should the primary fail, a new leader serves what the cluster remembers, and nobody is primary until
\`quorate set-primary NAME\` or \`quorate resume\`. Nothing hands over by itself either: neither for a
higher priority nor for a health check that fails.

Examples:
  quorate pause --reason "the storage is being moved"
  quorate pause --dry-run`,
    )
    .action(() => withClient<ChangeOptions>(command, (cli) => change(cli, true)));
  addChangeOptions(command, reasonArgument);
}

/** Adds `resume`. */
export function registerResume(program: Command): void {
  const command = program
    .command('resume')
    .description('ends a pause: a leader that waited makes itself primary')
    .addHelpText('after', '\nExamples:\n  quorate resume --reason "the storage is back"')
    .action(() => withClient<ChangeOptions>(command, (cli) => change(cli, false)));
  addChangeOptions(command, reasonArgument);
}

async function change(cli: Cli<ChangeOptions>, paused: boolean): Promise<void> {
  const { reason = '', dryRun = false } = cli.options;
  const { unchanged, forecast } = await cli.client.changeSettings({ paused, reason, dryRun });
  const [what, so] = paused ? ['paused', 'paused already'] : ['resumed', 'not paused'];
  if (dryRun) {
    const verb = unchanged ? `are ${so}` : `could be ${what}`;
    printDryRun(cli, { paused, unchanged }, `Automatic reigns ${verb}`, forecast);
    return;
  }
  cli.print({ paused, unchanged, dryRun }, [
    `Automatic reigns are ${unchanged ? `${so}; nothing was changed` : what}.`,
  ]);
}
