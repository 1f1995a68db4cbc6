// `quorate setting list | get`: what the cluster as a whole is set to, by the names that the JSON has. It only looks: settings are
// fixed when the cluster is started.

import type { Command } from 'commander';
import { QuorateError } from '../../src/errors.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { formatDuration, printable, renderTable } from '../format.js';

type Value = string | number;

/** What a setting is, for people. */
const MEANINGS: Readonly<Record<string, string>> = {
  cluster: 'name of the cluster',
  clusterId: 'no two clusters have the same',
  electionTimeoutMs: 'without a word from a leader for as long as this, a node asks for votes',
  electionTimeoutMaxMs: 'at random up to this',
  heartbeatMs: 'between two words of a leader',
  leaseMs: 'the longest for which a primary acts without being confirmed',
  failover: 'automatic: a new leader makes itself primary',
  featureLevel: 'what every member understands; rises by itself',
};

/** Adds the group of commands. */
export function registerSetting(program: Command): void {
  const group = program
    .command('setting')
    .description('what the cluster as a whole is set to: name, timers, fail-over, feature level')
    .addHelpText(
      'after',
      `
Fixed by the node that starts the cluster (start --election-timeout) and taken over by whoever joins.

Examples:
  quorate setting list
  quorate setting get leaseMs`,
    );
  const list = group
    .command('list')
    .description('all settings')
    .addHelpText('after', '\nExamples:\n  quorate setting list\n  quorate setting list --json')
    .action(() => withClient<object>(list, showAll));
  const get = group
    .command('get')
    .description('one setting, bare')
    .argument('<name>', 'as the list names it')
    .addHelpText('after', '\nExamples:\n  quorate setting get electionTimeoutMs')
    .action((name: string) => withClient<object>(get, (cli) => showOne(cli, name)));
}

async function showAll(cli: Cli<object>): Promise<void> {
  const settings = await settingsOf(cli);
  cli.print(settings, () => {
    const rows = Object.entries(settings).map(([name, value]) => {
      return [name, shown(name, value), MEANINGS[name] ?? ''];
    });
    const columns = [{ title: 'NAME' }, { title: 'VALUE' }, { title: 'WHAT', canShrink: true }];
    return renderTable(columns, rows, { style: cli.style });
  });
}

async function showOne(cli: Cli<object>, name: string): Promise<void> {
  const settings = await settingsOf(cli);
  const value = settings[name];
  if (value === undefined) {
    const hint = `Settings are ${Object.keys(settings).join(', ')}.`;
    const message = `there is no setting ${JSON.stringify(name)}`;
    throw new QuorateError('INVALID_ARGUMENT', message, { field: 'name' }, { hint });
  }
  cli.print({ [name]: value }, [printable(String(value))]);
}

async function settingsOf(cli: Cli<object>): Promise<Readonly<Record<string, Value>>> {
  const { header: _, ...settings } = await cli.client.settings();
  return settings;
}

function shown(name: string, value: Value): string {
  return name.endsWith('Ms') ? formatDuration(Number(value)) : printable(String(value));
}
