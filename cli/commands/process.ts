// `quorate process list | start | stop | restart`: the processes that the node asked supervises, and an operator's word to one of
// them or to a group. What becomes of the word is decided by the node's keeper.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { nameArgument, reasonArgument } from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { processTable, processViews } from '../process-view.js';

/** Looked after so long: longer than the first wait before a restart, short for whoever waits. */
const FIRST_MOMENT_MS = 300;

interface CommandOptions {
  readonly dryRun?: true;
  readonly reason?: string;
}
type Action = 'start' | 'stop' | 'restart';

const DID: Readonly<Record<Action, string>> = {
  start: 'started',
  stop: 'told to end',
  restart: 'restarted',
};

const WOULD: Readonly<Record<Action, string>> = { ...DID, stop: 'stopped' };

const HELP: Readonly<Record<Action, string>> = {
  start: `
A process that only the primary runs is started only there, under its lease; what is said of it
counts for the reign that runs. Of any other it counts until the daemon ends. Of a group each is
started once the one before it runs. Ends with 1 if one fails at once, such as without its program; it
is tried again all the same, within its restart limit.`,
  stop: `
SIGTERM, and after the process's stopGrace SIGKILL to all its tree; of a group the last ends first.
It stays stopped until it is started, until the daemon starts again or, if only the primary runs it,
until the next reign. Returns at once: \`quorate process list\` tells when it has ended.`,
  restart: `
As stop, then as start; one that does not run is started.`,
};

/** Adds the group of commands. */
export function registerProcess(program: Command): void {
  const group = program
    .command('process')
    .description('the processes that this node supervises: list, start, stop, restart')
    .addHelpText('after', '\nExamples:\n  quorate process list\n  quorate process restart AUTH');
  registerList(group);
  registerAction(group, 'start', 'start a process, or those of a group that do not run');
  registerAction(group, 'stop', 'stop a process or a group');
  registerAction(group, 'restart', 'stop a process or a group, then start it');
}

function registerList(group: Command): void {
  const command = group
    .command('list')
    .description('list what is configured, and what of it runs')
    .addHelpText('after', '\nExamples:\n  quorate process list --json --node 192.168.2.11')
    .action(() => withClient<object>(command, list));
}

function registerAction(group: Command, action: Action, description: string): void {
  const command = group
    .command(action)
    .description(description)
    .argument('<name>', 'of a process or of a group', nameArgument)
    .option('--dry-run', 'check everything, do nothing')
    .option('--reason <text>', "why, for the node's log", reasonArgument)
    .addHelpText(
      'after',
      `${HELP[action]}

Examples:
  quorate process ${action} AUTH_CONSOLIDATOR
  quorate process ${action} AUTH --reason "new certificate" --node 192.168.2.11`,
    )
    .action((name: string) =>
      withClient<CommandOptions>(command, (cli) => carryOut(cli, action, name)),
    );
}

async function list(cli: Cli<object>): Promise<void> {
  const processes = processViews(await cli.client.listProcesses());
  cli.print({ processes }, () =>
    processes.length === 0 ? ['No processes are configured.'] : processTable(processes, cli.style),
  );
}

async function carryOut(cli: Cli<CommandOptions>, action: Action, name: string): Promise<void> {
  const { reason = '', dryRun = false } = cli.options;
  const { names } = await cli.client.commandProcess(action, { name, reason, dryRun });
  const who = names.join(', ');
  if (dryRun) {
    cli.print({ action, names, dryRun }, [`${who}: could be ${WOULD[action]}; nothing was done.`]);
    return;
  }
  const failing = action === 'stop' ? [] : await failingSoon(cli, names);
  cli.print({ action, names, dryRun, failing }, [`${who}: ${DID[action]}.`]);
  if (failing.length === 0) return;
  for (const { name: one, why } of failing) cli.note(`${one} does not stay up: ${why}`);
  cli.note('Mend it and start it again; `quorate mon` and the log of the node tell more.');
  process.exitCode = 1;
}

/** Those that failed in the first moment, as one does whose program is missing; what fails later is for `mon`. */
async function failingSoon(
  { client }: Cli<CommandOptions>,
  names: readonly string[],
): Promise<{ name: string; why: string }[]> {
  await sleep(FIRST_MOMENT_MS);
  const processes = processViews(await client.listProcesses());
  return processes.flatMap(({ name, state, why }) => {
    const hasFailed =
      state === 'FAILED' || (state === 'WAITING' && !why?.startsWith('it waits for'));
    return names.includes(name) && hasFailed ? [{ name, why: why ?? 'it failed' }] : [];
  });
}
