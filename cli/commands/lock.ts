// `quorate lock run | get | list | release | watch` and `quorate elect run | leader | list | watch`: a command that runs at one place at
// a time. An election is a lock whose holder says something of itself. How the command is run stands in under-lock.ts.

import type { Command } from 'commander';
import {
  durationArgument,
  numberArgument,
  sessionIdArgument,
  textArgument,
  ttlArgument,
} from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli, GlobalOptions } from '../cli.js';
import { addConsistency, consistencyOf, CONSISTENCY_HELP } from '../consistency.js';
import type { ConsistencyOptions } from '../consistency.js';
import { addFactDryRun, rehearseFact } from '../fact-rehearsal.js';
import type { DryRunOption } from '../fact-rehearsal.js';
import { printList } from '../list-pages.js';
import type { ListOptions } from '../list-pages.js';
import { lockLines, lockTable, lockView } from '../lock-view.js';
import { stalenessLine } from '../session-view.js';
import { registerFactWatch } from './watch.js';

/** Bounds that the service also checks; said here so that wrong usage is told as such. */
const LOCK_ARGUMENT_LIMITS = { nameBytesMax: 512, valueBytesMax: 4096 } as const;

const lockNameArgument = textArgument(1, LOCK_ARGUMENT_LIMITS.nameBytesMax);
const prefixArgument = textArgument(0, LOCK_ARGUMENT_LIMITS.nameBytesMax);
const lockValueArgument = textArgument(0, LOCK_ARGUMENT_LIMITS.valueBytesMax);

interface RunOptions extends GlobalOptions {
  readonly ttl?: number;
  readonly delay?: number;
  readonly wait?: number;
  readonly try?: true;
  readonly value?: string;
}

/** What differs between a lock and an election in words. */
interface Words {
  readonly get: 'get' | 'leader';
  readonly what: string;
  readonly example: string;
}

/** Adds both groups of commands. */
export function registerLock(program: Command): void {
  const lock = program
    .command('lock')
    .description('run a command under a lock, at one place at a time')
    .addHelpText('after', groupHelp('quorate lock run backup -- ./backup.sh'));
  const words: Words = {
    get: 'get',
    what: 'lock',
    example: 'quorate lock run backup --ttl 30s -- ./backup.sh --full',
  };
  registerRun(lock, words);
  registerGet(lock, words);
  registerList(lock);
  registerRelease(lock);
  registerFactWatch(lock, 'FACT_LOCK', 'name');
  const elect = program
    .command('elect')
    .description('run a command at the one place that is elected; who leads is told to all')
    .addHelpText('after', groupHelp('quorate elect run web --value 10.0.0.5:80 -- ./serve'));
  const electionWords: Words = {
    get: 'leader',
    what: 'election',
    example: 'quorate elect run web --value 10.0.0.5:80 -- ./serve',
  };
  registerRun(elect, electionWords);
  registerGet(elect, electionWords);
  registerList(elect);
  registerFactWatch(elect, 'FACT_LOCK', 'name');
}

function groupHelp(example: string): string {
  return `
A lock is held by a session of its own and given up with it; who waits gets it in the order of asking.
Each grant has a fencing token that only grows: the command finds it in QUORATE_LOCK_TOKEN, to send
along with what must not be done by two. An election is a lock whose holder has a --value.
${CONSISTENCY_HELP}

Examples:
  ${example}`;
}

function registerRun(group: Command, { what, example }: Words): void {
  const command = group
    .command('run')
    .description(`wait for the ${what}, run a command under it, stop the command if it is lost`)
    .argument('<name>', 'at most 512 bytes', lockNameArgument)
    .argument('<command...>', 'after --: program and arguments; no shell reads them')
    .option(
      '--ttl <duration>',
      'how long it stays with a holder that is gone (default: 10s)',
      ttlArgument,
    )
    .option(
      '--delay <duration>',
      'how long nobody gets it after that (default: 5s)',
      durationArgument,
    )
    .option(
      '--wait <duration>',
      'give up if it is not granted by then (default: wait)',
      durationArgument,
    )
    .option('--try', 'give up unless it is free')
    .option('--value <text>', 'what others are told of the holder', lockValueArgument)
    .addHelpText(
      'after',
      `
Ends with the exit code of the command. If the lock is lost, because no member can be reached in time,
the command gets SIGTERM while nobody else can have it yet, then SIGKILL, and the exit code is 1. If
this process itself is killed the command runs on: the token is for that.

Examples:
  ${example}`,
    )
    .action((name: string, words: string[]) => run(command, name, words));
}

function registerGet(group: Command, { get: word, what }: Words): void {
  const command = group
    .command(word)
    .description(`show who holds the ${what} and who waits`)
    .argument('<name>', 'its name', lockNameArgument);
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText('after', `\nExamples:\n  quorate ${group.name()} ${word} backup --json`)
    .action((name: string) => withClient<ConsistencyOptions>(command, (cli) => get(cli, name)));
}

function registerList(group: Command): void {
  const command = group
    .command('list')
    .description('list what is held or waited for, in the order of the bytes of the names')
    .argument('[prefix]', 'only names that begin with this', prefixArgument, '')
    .option('--after <name>', 'continue after this name', prefixArgument, '')
    .option('--limit <number>', 'at most this many', numberArgument(1, 1000), 1000);
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText(
      'after',
      `\nExamples:\n  quorate ${group.name()} list\n  quorate ${group.name()} list app/`,
    )
    .action((prefix: string) => withClient<ListOptions>(command, (cli) => list(cli, prefix)));
}

function registerRelease(group: Command): void {
  const command = group
    .command('release')
    .description("give up a session's lock or place, as that session would")
    .argument('<name>', 'name of the lock', lockNameArgument)
    .argument('<session>', 'id of the session that holds it or waits', sessionIdArgument)
    .addHelpText(
      'after',
      `
The next is granted the lock at once, whatever the holder is doing: only the token protects from it.

Examples:
  quorate lock release backup lock/0b4f…`,
    )
    .action((name: string, session: string) =>
      withClient<DryRunOption>(command, (cli) => release(cli, name, session)),
    );
  addFactDryRun(command);
}

async function run(command: Command, name: string, words: readonly string[]): Promise<void> {
  const options = command.optsWithGlobals<RunOptions>();
  const { tlsFilesFrom } = await import('../../src/tls/identity.js');
  const { connect } = await import('../../src/client/connect.js');
  const { runUnderLock } = await import('../under-lock.js');
  const tls = tlsFilesFrom(options);
  const client = connect({
    addresses: [options.node],
    ...(tls === null ? {} : { tls }),
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
  });
  const waitMs = options.try === true ? 0 : options.wait;
  try {
    process.exitCode = await runUnderLock(client, {
      name,
      command: words,
      options: {
        ...(options.ttl === undefined ? {} : { ttlMs: options.ttl }),
        ...(options.delay === undefined ? {} : { delayMs: options.delay }),
        ...(options.value === undefined ? {} : { value: options.value }),
        ...(waitMs === undefined ? {} : { waitMs }),
      },
      onHeld: ({ token }) => {
        if (options.json === true) return;
        process.stderr.write(`quorate: lock ${name} is held, token ${token}\n`);
      },
    });
  } finally {
    client.close();
  }
}

async function get(cli: Cli<ConsistencyOptions>, name: string): Promise<void> {
  const { stale = false } = cli.options;
  const { lock, header } = await cli.client.getLock({
    name,
    consistency: consistencyOf(cli.options),
  });
  const view = lockView(lock);
  if (stale) cli.note(stalenessLine(header));
  cli.print(view, () => lockLines(view, cli.style));
}

function list(cli: Cli<ListOptions>, prefix: string): Promise<void> {
  const consistency = consistencyOf(cli.options);
  return printList(cli, {
    key: 'locks',
    none: 'No locks.',
    page: async (afterName, limit) => {
      const page = await cli.client.listLocks({ prefix, afterName, limit, consistency });
      return { ...page, views: page.locks.map(lockView) };
    },
    placeOf: ({ name }) => name,
    table: (views) => lockTable(views, cli.style),
  });
}

async function release(cli: Cli<DryRunOption>, name: string, session: string): Promise<void> {
  if (cli.options.dryRun === true) {
    await rehearseFact(
      cli,
      { name, session },
      {
        what: `lock ${name}`,
        look: async () => lockView((await cli.client.getLock({ name })).lock),
        absentAs: 'LOCK_NOT_FOUND',
        revisionOf: ({ revision }) => revision,
        outcome: (found) => {
          const next = found?.waiters[0]?.session ?? 'nobody';
          if (found?.holder?.session === session) return `go from ${session} to ${next}`;
          const isWaiting = found?.waiters.some((waiter) => waiter.session === session) === true;
          return isWaiting ? `no longer be waited for by ${session}` : 'stay as it is';
        },
      },
    );
    return;
  }
  const { held, waited } = await cli.client.releaseLock({ name, session });
  const did = held
    ? 'gave up the lock'
    : waited
      ? 'gave up its place'
      : 'neither held it nor waited';
  cli.print({ name, session, held, waited }, [`${session} ${did}.`]);
}
