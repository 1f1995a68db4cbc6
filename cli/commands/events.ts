// `quorate events`: what happened in the cluster and why, oldest first. One page an answer.

import type { Command } from 'commander';
import { numberArgument, revisionArgument } from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { printable, renderTable } from '../format.js';

interface EventsOptions {
  readonly after: number;
  readonly limit: number;
  readonly stale?: true;
}

/** Adds the command. */
export function registerEvents(program: Command): void {
  const command = program
    .command('events')
    .description('what happened and why: joins, reigns, expiries, operator commands')
    .option('--after <revision>', 'only events after this revision', revisionArgument, 0)
    .option('--limit <number>', 'at most this many', numberArgument(1, 1000), 100)
    .option('--stale', "answer from this node's own state, which may be behind")
    .addHelpText(
      'after',
      `
Oldest first. To follow on, ask again with --after and the last revision that was printed.

Examples:
  quorate events
  quorate events --after 120 --json
  quorate events --stale --node 192.168.2.12`,
    )
    .action(() => withClient<EventsOptions>(command, events));
}

async function events(cli: Cli<EventsOptions>): Promise<void> {
  const { after, limit, stale = false } = cli.options;
  const answer = await cli.client.events({ afterRevision: after, limit, stale });
  const data = answer.events.map(({ revision, clusterTimeMs, kind, text }) => {
    return { revision, clusterTimeMs, kind, text };
  });
  cli.print({ events: data }, () => {
    if (data.length === 0) return ['No events.'];
    const columns = [{ title: 'REVISION', align: 'right' as const }, { title: 'KIND' }];
    const rows = data.map(({ revision, kind, text }) => {
      return [String(revision), printable(kind), printable(text)];
    });
    return renderTable([...columns, { title: 'WHAT', canShrink: false }], rows, {
      style: cli.style,
    });
  });
}
