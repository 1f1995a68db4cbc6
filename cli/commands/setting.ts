// `quorate setting list | get | set | history`: what the cluster as a whole is set to, by the names that the JSON has. Most settings are
// fixed when the cluster is started; `set` changes the one that may change while it runs.

import type { Command } from 'commander';
import { QuorateError } from '../../src/errors.js';
import type { ChangeSettingsResponse__Output as ChangeSettingsResponse } from '../../src/generated/quorate/v1/ChangeSettingsResponse.js';
import { complaint, durationArgument, reasonArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { printDryRun } from '../forecast-view.js';
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
  failover: 'automatic: a new leader makes itself primary; manual: only whom set-primary names',
  featureLevel: 'what every member understands; rises by itself',
  autoRemoveAfterMs: 'dead voters are removed after this, if the cluster can lose one more then',
  pausedBy: 'who paused automatic reigns, and why; `quorate resume` ends it',
};

/** The settings that may change, as they are typed. */
const AUTO_REMOVE = 'autoRemoveAfter';
const FAILOVER = 'failover';

/** Adds the group of commands. */
export function registerSetting(program: Command): void {
  const group = program
    .command('setting')
    .description('what the cluster as a whole is set to: name, timers, fail-over, feature level')
    .addHelpText(
      'after',
      `
Fixed by the node that starts the cluster (start --election-timeout) and taken over by whoever joins,
but for autoRemoveAfter and failover.

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
  const history = group
    .command('history')
    .description('who changed which setting and why, newest first; pauses of automatic reigns too')
    .addHelpText(
      'after',
      `
What a setting was before is told, so that \`setting set\` can put it back. The newest 100 changes are
remembered whatever else happens, older ones as long as other events leave them room.

Examples:
  quorate setting history
  quorate setting history --json`,
    )
    .action(() => withClient<object>(history, showHistory));
  const set = group
    .command('set')
    .description('change a setting of the running cluster: autoRemoveAfter or failover')
    .argument('<name>', `${AUTO_REMOVE} or ${FAILOVER}`, settingArgument)
    .argument('<value>', 'a duration, at least ten election timeouts, or off; automatic or manual')
    .addHelpText('after', SET_HELP)
    .action((name: string, value: string) => {
      if (name === FAILOVER) {
        const word = failoverArgument(value);
        return withClient<ChangeOptions>(set, (cli) => changeFailover(cli, word));
      }
      const afterMs = valueArgument(value);
      return withClient<ChangeOptions>(set, (cli) => change(cli, afterMs));
    });
  addChangeOptions(set, reasonArgument);
}

const SET_HELP = `
autoRemoveAfter: the leader removes voters that it has not heard for so long, as few as let the cluster
lose one more than before: never half of them, and never below three. So five shrink to three once two
are dead. Whoever is removed needs an empty data directory to join again. Off unless it is set.

failover: automatic lets a new leader make itself primary; manual leaves that to set-primary, so that
after a failure nobody is primary until somebody says who. A reign that runs goes on.

Examples:
  quorate setting set autoRemoveAfter 10m --reason "nobody on call at night"
  quorate setting set autoRemoveAfter off
  quorate setting set autoRemoveAfter 10m --dry-run
  quorate setting set failover manual --reason "storage is moved"`;

function settingArgument(text: string): string {
  if (text === AUTO_REMOVE || text === FAILOVER) return text;
  throw complaint(`expected ${AUTO_REMOVE} or ${FAILOVER}, got ${JSON.stringify(cutTo(text, 40))}`);
}

/** In ms; 0: off. */
function valueArgument(text: string): number {
  return text === 'off' ? 0 : durationArgument(text);
}

function failoverArgument(text: string): 'automatic' | 'manual' {
  if (text === 'automatic' || text === 'manual') return text;
  const message = `expected automatic or manual, got ${JSON.stringify(cutTo(text, 40))}`;
  throw new QuorateError('WRONG_USAGE', message, { option: FAILOVER });
}

async function changeFailover(
  cli: Cli<ChangeOptions>,
  failover: 'automatic' | 'manual',
): Promise<void> {
  const { reason = '', dryRun = false } = cli.options;
  const answer = await cli.client.changeSettings({ failover, reason, dryRun });
  tell(cli, { failover }, [FAILOVER, failover], answer);
}

async function change(cli: Cli<ChangeOptions>, value: number): Promise<void> {
  const { reason = '', dryRun = false } = cli.options;
  const request = { autoRemoveAfterMs: value, reason, dryRun };
  const answer = await cli.client.changeSettings(request);
  const autoRemoveAfterMs = value === 0 ? null : value;
  const shownAs = value === 0 ? 'off' : formatDuration(value);
  tell(cli, { autoRemoveAfterMs }, [AUTO_REMOVE, shownAs], answer);
}

/** Tells what became of a change, or would. */
function tell(
  cli: Cli<ChangeOptions>,
  data: object,
  [name, value]: readonly [string, string],
  { unchanged, forecast }: ChangeSettingsResponse,
): void {
  const dryRun = cli.options.dryRun === true;
  const verb = unchanged ? 'is' : dryRun ? 'could be set to' : 'is now';
  const said = `${name} ${verb} ${value}`;
  if (dryRun) {
    printDryRun(cli, { ...data, unchanged }, unchanged ? `${said} already` : said, forecast);
    return;
  }
  const end = unchanged ? ' already; nothing was changed' : '';
  cli.print({ ...data, unchanged, dryRun }, [`${said}${end}.`]);
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

/** The kinds of events that tell of settings. */
const HISTORY_KINDS = ['settingChanged', 'reignsPaused', 'reignsResumed'];
const HISTORY_PAGE = 1000;

async function showHistory(cli: Cli<object>): Promise<void> {
  // There are no more events than one page holds, and a revision is never cut in two.
  const { events } = await cli.client.events({ kinds: HISTORY_KINDS, limit: HISTORY_PAGE });
  const changes = events.toReversed().map(({ revision, clusterTimeMs, text, requestId }) => ({
    revision,
    clusterTimeMs,
    text,
    requestId: requestId ?? null,
  }));
  cli.print({ changes }, () => {
    if (changes.length === 0) return ['No setting was changed since the cluster was started.'];
    const rows = changes.map(({ revision, text }) => [String(revision), printable(text)]);
    const columns = [
      { title: 'REVISION', align: 'right' as const },
      { title: 'WHAT, WHO AND WHY' },
    ];
    return renderTable(columns, rows, { style: cli.style });
  });
}

async function settingsOf(cli: Cli<object>): Promise<Readonly<Record<string, Value>>> {
  // The name of an optional field's group comes with the field.
  const answer = await cli.client.settings();
  const { header: _, _autoRemoveAfterMs: __, _pausedBy: ___, ...settings } = answer;
  const { autoRemoveAfterMs = null, pausedBy = null } = settings;
  return { ...settings, autoRemoveAfterMs, pausedBy };
}

function shown(name: string, value: Value): string {
  if (value === null) return 'off';
  return name.endsWith('Ms') ? formatDuration(Number(value)) : printable(String(value));
}
