// `quorate setting list | get | set`: what the cluster as a whole is set to, by the names that the JSON has. Most settings are
// fixed when the cluster is started; `set` changes the one that may change while it runs.

import type { Command } from 'commander';
import { QuorateError } from '../../src/errors.js';
import { complaint, durationArgument, reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { cutTo, formatDuration, printable, renderTable } from '../format.js';

/** Null: off. */
type Value = string | number | null;

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
  autoRemoveAfterMs: 'dead voters are removed after this, if the cluster can lose one more then',
};

/** The setting that may change, as it is typed. */
const AUTO_REMOVE = 'autoRemoveAfter';

/** Adds the group of commands. */
export function registerSetting(program: Command): void {
  const group = program
    .command('setting')
    .description('what the cluster as a whole is set to: name, timers, fail-over, feature level')
    .addHelpText(
      'after',
      `
Fixed by the node that starts the cluster (start --election-timeout) and taken over by whoever joins,
but for autoRemoveAfter.

Examples:
  quorate setting list
  quorate setting get leaseMs
  quorate setting set autoRemoveAfter 10m`,
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
  const set = group
    .command('set')
    .description('change a setting of the running cluster: autoRemoveAfter')
    .argument('<name>', AUTO_REMOVE, settingArgument)
    .argument('<value>', 'a duration, at least ten election timeouts, or off', valueArgument)
    .addHelpText('after', SET_HELP)
    .action((_name: string, value: number) =>
      withClient<ChangeOptions>(set, (cli) => change(cli, value)),
    );
  addChangeOptions(set, reasonArgument);
}

const SET_HELP = `
autoRemoveAfter: the leader removes voters that it has not heard for so long, as few as let the cluster
lose one more than before: never half of them, and never below three. So five shrink to three once two
are dead. Whoever is removed needs an empty data directory to join again. Off unless it is set.

Examples:
  quorate setting set autoRemoveAfter 10m --reason "nobody on call at night"
  quorate setting set autoRemoveAfter off
  quorate setting set autoRemoveAfter 10m --dry-run`;

function settingArgument(text: string): string {
  if (text === AUTO_REMOVE) return text;
  throw complaint(`expected ${AUTO_REMOVE}, got ${JSON.stringify(cutTo(text, 40))}`);
}

/** In ms; 0: off. */
function valueArgument(text: string): number {
  return text === 'off' ? 0 : durationArgument(text);
}

async function change(cli: Cli<ChangeOptions>, value: number): Promise<void> {
  const { reason = '', dryRun = false } = cli.options;
  const request = { autoRemoveAfterMs: value, reason, dryRun };
  const { unchanged } = await cli.client.changeSettings(request);
  const autoRemoveAfterMs = value === 0 ? null : value;
  const said = `${AUTO_REMOVE} ${unchanged ? 'is' : dryRun ? 'could be set to' : 'is now'} ${value === 0 ? 'off' : formatDuration(value)}`;
  const end = unchanged ? ' already; nothing was changed' : dryRun ? '; nothing was changed' : '';
  cli.print({ autoRemoveAfterMs, unchanged, dryRun }, [`${said}${end}.`]);
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
  cli.print({ [name]: value }, [value === null ? 'off' : printable(String(value))]);
}

async function settingsOf(cli: Cli<object>): Promise<Readonly<Record<string, Value>>> {
  // The name of an optional field's group comes with the field.
  const { header: _, _autoRemoveAfterMs: __, ...settings } = await cli.client.settings();
  return { ...settings, autoRemoveAfterMs: settings.autoRemoveAfterMs ?? null };
}

function shown(name: string, value: Value): string {
  if (value === null) return 'off';
  return name.endsWith('Ms') ? formatDuration(Number(value)) : printable(String(value));
}
