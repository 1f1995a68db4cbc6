// `quorate session put | get | list | touch | delete`: end users' session data, replicated, with a time to live. What
// people type is checked in arguments.ts, what is printed is made in session-view.ts.

import type { Command } from 'commander';
import {
  attributeArgument,
  numberArgument,
  ownerArgument,
  revisionArgument,
  sessionIdArgument,
  ttlArgument,
} from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { addConsistency, consistencyOf, CONSISTENCY_HELP } from '../consistency.js';
import type { ConsistencyOptions } from '../consistency.js';
import { addFactDryRun, rehearseFact } from '../fact-rehearsal.js';
import type { DryRunOption } from '../fact-rehearsal.js';
import { printable } from '../format.js';
import { printList } from '../list-pages.js';
import type { ListOptions } from '../list-pages.js';
import { sessionLines, sessionTable, sessionView, stalenessLine } from '../session-view.js';
import { registerFactWatch } from './watch.js';

interface PutOptions extends DryRunOption {
  readonly ttl?: number;
  readonly owner?: string;
  readonly ifRevision?: number;
}
interface SessionListOptions extends ListOptions {
  readonly prefix: string;
}
interface DeleteOptions extends DryRunOption {
  readonly ifRevision?: number;
}

/** Adds the group of commands. */
export function registerSession(program: Command): void {
  const group = program
    .command('session')
    .description("end users' session data, replicated, with a time to live")
    .addHelpText(
      'after',
      `
Any member answers.
${CONSISTENCY_HELP}

Examples:
  quorate session put alice cart=3 theme=dark --ttl 30m
  quorate session get alice --json
  quorate session list --prefix user/`,
    );
  registerPut(group);
  registerGet(group);
  registerList(group);
  registerTouch(group);
  registerDelete(group);
  registerFactWatch(group, 'FACT_SESSION', 'id');
}

function registerPut(group: Command): void {
  const command = group
    .command('put')
    .description('create a session, or merge attributes into it')
    .argument('<id>', 'id of the session, at most 512 bytes', sessionIdArgument)
    .argument('<KEY=VALUE...>', 'attributes to set; others stay', attributeArgument)
    .option(
      '--ttl <duration>',
      'life from now on, 2s to 24h (default when created: 30m)',
      ttlArgument,
    )
    .option('--owner <owner>', 'who it belongs to (default: keep)', ownerArgument)
    .option(
      '--if-revision <number>',
      'refuse unless it has this revision; 0: unless it does not exist',
      revisionArgument,
    )
    .addHelpText(
      'after',
      `
Examples:
  quorate session put alice cart=3 theme=dark
  quorate session put alice cart=4 --ttl 30m --owner web-1
  quorate session put alice cart=5 --if-revision 17`,
    )
    .action((id: string, attributes: ReadonlyMap<string, string>) =>
      withClient<PutOptions>(command, (cli) => put(cli, id, attributes)),
    );
  addFactDryRun(command);
}

function registerGet(group: Command): void {
  const command = group
    .command('get')
    .description('show a session')
    .argument('<id>', 'id of the session', sessionIdArgument);
  addConsistency(command, "answer from this node's own state and say how old it may be")
    .addHelpText(
      'after',
      `
Examples:
  quorate session get alice
  quorate session get alice --json
  quorate session get alice --leased
  quorate session get alice --stale --node 192.168.2.12`,
    )
    .action((id: string) => withClient<ConsistencyOptions>(command, (cli) => get(cli, id)));
}

function registerList(group: Command): void {
  const command = group
    .command('list')
    .description("list sessions in the order of their ids' bytes")
    .option('--prefix <text>', 'only ids that begin with this', '')
    .option('--after <id>', 'continue after this id', '')
    .option('--limit <number>', 'at most this many', numberArgument(1, 1000), 1000);
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText(
      'after',
      `
Examples:
  quorate session list
  quorate session list --prefix user/ --limit 50
  quorate session list --after user/42 --json`,
    )
    .action(() => withClient<SessionListOptions>(command, list));
}

function registerTouch(group: Command): void {
  const command = group
    .command('touch')
    .description("start a session's life again")
    .argument('<id>', 'id of the session', sessionIdArgument)
    .addHelpText('after', '\nExamples:\n  quorate session touch alice')
    .action((id: string) => withClient<DryRunOption>(command, (cli) => touch(cli, id)));
  addFactDryRun(command);
}

function registerDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('delete a session; deleting what does not exist succeeds and says so')
    .argument('<id>', 'id of the session', sessionIdArgument)
    .option('--if-revision <number>', 'refuse unless it has this revision', revisionArgument)
    .addHelpText(
      'after',
      '\nExamples:\n  quorate session delete alice\n  quorate session delete alice --if-revision 17',
    )
    .action((id: string) => withClient<DeleteOptions>(command, (cli) => remove(cli, id)));
  addFactDryRun(command);
}

async function put(
  cli: Cli<PutOptions>,
  id: string,
  attributes: ReadonlyMap<string, string>,
): Promise<void> {
  const { ttl, owner, ifRevision } = cli.options;
  if (cli.options.dryRun === true) {
    const outcome = (isThere: boolean): string => (isThere ? 'be merged' : 'be created');
    await rehearse(cli, id, { ifRevision, outcome, absentAs: 'SESSION_NOT_FOUND' });
    return;
  }
  const answer = await cli.client.putSession({
    id,
    attributes: Object.fromEntries([...attributes].map(([key, text]) => [key, Buffer.from(text)])),
    ...(owner === undefined ? {} : { owner }),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
    ...(ifRevision === undefined ? {} : { ifRevision }),
  });
  const view = sessionView(answer.session);
  cli.print(view, () => sessionLines(view, cli.style));
}

async function get(cli: Cli<ConsistencyOptions>, id: string): Promise<void> {
  const { stale = false } = cli.options;
  const answer = await cli.client.getSession({ id, consistency: consistencyOf(cli.options) });
  const view = sessionView(answer.session);
  if (stale) cli.note(stalenessLine(answer.header));
  cli.print(stale ? { ...view, stalenessMs: answer.header?.stalenessMs ?? null } : view, () =>
    sessionLines(view, cli.style),
  );
}

function list(cli: Cli<SessionListOptions>): Promise<void> {
  const { prefix } = cli.options;
  const consistency = consistencyOf(cli.options);
  return printList(cli, {
    key: 'sessions',
    none: 'No sessions.',
    page: async (afterId, limit) => {
      const page = await cli.client.listSessions({ prefix, afterId, limit, consistency });
      return { ...page, views: page.sessions.map(sessionView) };
    },
    placeOf: ({ id }) => id,
    table: (views) => sessionTable(views, cli.style),
  });
}

/** Says what would become of a session. */
function rehearse(
  cli: Cli<unknown>,
  id: string,
  how: {
    readonly ifRevision?: number | undefined;
    readonly absentAs: 'SESSION_NOT_FOUND' | null;
    readonly outcome: (isThere: boolean) => string;
  },
): Promise<void> {
  return rehearseFact(
    cli,
    { id },
    {
      what: `session ${id}`,
      look: async () => sessionView((await cli.client.getSession({ id })).session),
      absentAs: how.absentAs,
      revisionOf: ({ revision }) => revision,
      condition: { of: 'session', revision: how.ifRevision },
      outcome: (found) => how.outcome(found !== null),
    },
  );
}

async function touch(cli: Cli<DryRunOption>, id: string): Promise<void> {
  if (cli.options.dryRun === true) {
    await rehearse(cli, id, { absentAs: null, outcome: () => 'live its time to live from now' });
    return;
  }
  const view = sessionView((await cli.client.touchSession({ id })).session);
  cli.print(view, () => sessionLines(view, cli.style));
}

async function remove(cli: Cli<DeleteOptions>, id: string): Promise<void> {
  const { ifRevision } = cli.options;
  if (cli.options.dryRun === true) {
    const outcome = (isThere: boolean): string =>
      isThere ? 'be deleted' : 'stay away: there is none';
    await rehearse(cli, id, { ifRevision, outcome, absentAs: 'SESSION_NOT_FOUND' });
    return;
  }
  const condition = ifRevision === undefined ? {} : { ifRevision };
  const { existed } = await cli.client.deleteSession({ id, ...condition });
  const shown = printable(id);
  cli.print({ id, existed }, [existed ? `${shown} is deleted.` : `There was no session ${shown}.`]);
}
