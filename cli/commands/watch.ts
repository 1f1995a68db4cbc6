// `quorate watch`, `session watch`, `store watch`: what changes, as it changes. It goes on when the node that it asks comes back, from
// where it was, so that nothing is missed; it ends by a signal, or after as many changes as asked for.

import { Option } from 'commander';
import type { Command } from 'commander';
import type { Fact } from '../../src/generated/quorate/v1/Fact.js';
import type { WatchUpdate } from '../../src/client/watch-cursor.js';
import { numberArgument, revisionArgument } from '../arguments.js';
import { printJson, printLines, withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { describeFailure, failureOf } from '../errors.js';
import { changeLine, changeView } from '../watch-view.js';

interface WatchCliOptions {
  readonly after?: number;
  readonly state?: true;
  readonly limit?: number;
}

/** A kind of fact, or every one. */
type Watched = (Fact & string) | null;

/** Adds `watch`, of everything. */
export function registerWatch(program: Command): void {
  addWatch(program, null)
    .description('what changes, as it changes: every kind of fact, members, primary, events')
    .addHelpText(
      'after',
      `
One line a change, one JSON object a line with --json. It goes on when the node comes back, and misses nothing.

Examples:
  quorate watch
  quorate watch --state --json
  quorate watch --after 1200 --limit 10`,
    );
}

/** Adds `watch [prefix]` to the commands of one fact; `key` is what people call its key. */
export function registerFactWatch(group: Command, fact: Fact & string, key: string): void {
  const name = group.name();
  addWatch(group, fact)
    .description(`what changes, as it changes`)
    .argument('[prefix]', `only ${key}s that begin with this`, '')
    .addHelpText(
      'after',
      `
One line a change, one JSON object a line with --json. It goes on when the node comes back, and misses nothing.

Examples:
  quorate ${name} watch
  quorate ${name} watch user/ --state --json`,
    );
}

function addWatch(parent: Command, fact: Watched): Command {
  const command = parent
    .command('watch')
    .addOption(new Option('--state', 'begin with what there is now').conflicts('after'))
    .option('--after <revision>', 'begin with what changed after this revision', revisionArgument)
    .option(
      '--limit <number>',
      'end after this many changes',
      numberArgument(1, Number.MAX_SAFE_INTEGER),
    )
    .action((prefix: unknown) =>
      withClient<WatchCliOptions>(command, (cli) =>
        watch(cli, fact, typeof prefix === 'string' ? prefix : ''),
      ),
    );
  return command;
}

async function watch(cli: Cli<WatchCliOptions>, fact: Watched, prefix: string): Promise<void> {
  const { after, state = false, limit = Infinity } = cli.options;
  const updates = cli.client.watch({
    filters: fact === null ? [] : [{ fact, prefix }],
    withState: state,
    ...(after === undefined ? {} : { afterRevision: after }),
    onBreak: (error) => cli.note(describeFailure(failureOf(error), false)),
  });
  let left = limit;
  for await (const update of updates) {
    left -= tell(cli, update, left);
    if (left <= 0) return;
  }
}

/** Prints an update, of changes at most `left`; answers how many they were. */
function tell(cli: Cli<WatchCliOptions>, update: WatchUpdate, left: number): number {
  const { revision } = update;
  if (update.type === 'bookmark') {
    if (cli.isJson) printJson({ type: 'bookmark', revision });
    return 0;
  }
  if (update.type === 'state') {
    for (const row of update.rows) show(cli, 'state', revision, row);
    if (cli.isJson && update.isLast) printJson({ type: 'stateEnd', revision });
    return 0;
  }
  const changes = update.revisions.flatMap((each) =>
    each.changes.map((change) => ({ revision: each.revision, change })),
  );
  for (const { revision: at, change } of changes.slice(0, left)) show(cli, 'change', at, change);
  return changes.length;
}

function show(
  cli: Cli<WatchCliOptions>,
  type: 'state' | 'change',
  revision: number,
  change: Parameters<typeof changeView>[2],
): void {
  const view = changeView(type, revision, change);
  if (cli.isJson) printJson(view);
  else printLines([changeLine(view, new Date().toISOString(), change, cli.style)]);
}
