// `quorate events`: what happened in the cluster and why, oldest first: one page an answer, or the newest few. With --watch it goes
// on with what happens, until a signal ends it or as many were printed as asked for.

import { Option } from 'commander';
import type { Command } from 'commander';
import { eventFeed, eventOf } from '../../src/client/event-feed.js';
import type { ClusterEvent, EventFeedOptions } from '../../src/client/event-feed.js';
import { numberArgument, revisionArgument } from '../arguments.js';
import { printJson, printLines, withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { describeFailure, failureOf } from '../errors.js';
import { printable, renderTable } from '../format.js';
import type { Style } from '../format.js';

interface EventsOptions {
  readonly after: number;
  readonly limit?: number;
  readonly last?: number;
  readonly kind: readonly string[];
  readonly stale?: true;
  readonly watch?: true;
}

const PAGE_MAX = 1000;
const LIMIT_DEFAULT = 100;

/** Adds the command. */
export function registerEvents(program: Command): void {
  const command = program
    .command('events')
    .description('what happened and why: joins, reigns, expiries, operator commands')
    .option('--after <revision>', 'only events after this revision', revisionArgument, 0)
    .option('--kind <kind...>', 'only of these kinds, as the table names them', [])
    .option('--limit <number>', 'at most this many (default: 100)', numberArgument(1, PAGE_MAX))
    .addOption(
      new Option('--last <number>', 'the newest so many')
        .argParser(numberArgument(1, PAGE_MAX))
        .conflicts('limit'),
    )
    .option('--watch', 'go on with what happens; --limit ends it')
    .option('--stale', "answer from this node's own state, which may be behind")
    .addHelpText(
      'after',
      `
Oldest first; the newest 1000 are kept. To follow on, ask again with --after and the last revision that
was printed, or --watch: a line an event, a JSON object a line with --json, without a gap or a repeat.

Examples:
  quorate events
  quorate events --last 10
  quorate events --kind reignBegan reignEnded --watch
  quorate events --after 120 --json
  quorate events --stale --node 192.168.2.12`,
    )
    .action(() => withClient<EventsOptions>(command, events));
}

async function events(cli: Cli<EventsOptions>): Promise<void> {
  const { after, limit = LIMIT_DEFAULT, kind, last, stale = false, watch } = cli.options;
  if (watch === true) {
    await follow(cli);
    return;
  }
  if (last !== undefined) {
    show(cli, await newest(cli, last));
    return;
  }
  const answer = await cli.client.events({ afterRevision: after, limit, stale, kinds: [...kind] });
  show(cli, answer.events.map(eventOf));
}

/** All that there are, and of those the end. */
async function newest(cli: Cli<EventsOptions>, count: number): Promise<ClusterEvent[]> {
  const found: ClusterEvent[] = [];
  for await (const event of feed(cli, false)) {
    found.push(event);
    if (found.length > count) found.shift();
  }
  return found;
}

async function follow(cli: Cli<EventsOptions>): Promise<void> {
  const { last, limit = Infinity } = cli.options;
  let left = limit;
  const first = last === undefined ? null : await newest(cli, last);
  for (const event of first ?? []) tell(cli, event);
  const told = first?.at(-1)?.revision;
  for await (const event of feed(cli, true, told)) {
    tell(cli, event);
    left -= 1;
    if (left <= 0) return;
  }
}

function feed(
  cli: Cli<EventsOptions>,
  isFollowing: boolean,
  told = cli.options.after,
): AsyncGenerator<ClusterEvent> {
  const { client } = cli;
  const options: EventFeedOptions = {
    afterRevision: told,
    kinds: cli.options.kind,
    stale: cli.options.stale ?? false,
    pageSize: PAGE_MAX,
    follow: isFollowing,
    onBreak: (error) => cli.note(describeFailure(failureOf(error), false)),
  };
  return eventFeed(
    { page: (request) => client.events(request), watch: (wish) => client.watch(wish) },
    options,
  );
}

function tell(cli: Cli<EventsOptions>, event: ClusterEvent): void {
  if (cli.isJson) printJson(event);
  else printLines([line(event, cli.style)]);
}

function line({ revision, kind, text }: ClusterEvent, style: Style): string {
  const head = `${String(revision).padStart(8)}  ${printable(kind).padEnd(18)}  `;
  return `${style.dim(head)}${printable(text)}`;
}

function show(cli: Cli<EventsOptions>, found: readonly ClusterEvent[]): void {
  cli.print({ events: found }, () => {
    if (found.length === 0) return ['No events.'];
    const columns = [{ title: 'REVISION', align: 'right' as const }, { title: 'KIND' }];
    const rows = found.map(({ revision, kind, text }) => {
      return [String(revision), printable(kind), printable(text)];
    });
    return renderTable([...columns, { title: 'WHAT', canShrink: false }], rows, {
      style: cli.style,
    });
  });
}
