// `quorate store put | cas | get | list | delete | txn`: keys with values, replicated. What people type is checked in
// store-arguments.ts, what is printed is made in store-view.ts.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { valueMismatch } from '../../src/client/mismatch.js';
import { orNull } from '../../src/client/or-null.js';
import { QuorateError } from '../../src/errors.js';
import type { StoreCompare } from '../../src/generated/quorate/v1/StoreCompare.js';
import type { StoreOperation } from '../../src/generated/quorate/v1/StoreOperation.js';
import { numberArgument, revisionArgument } from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { addConsistency, consistencyOf, CONSISTENCY_HELP } from '../consistency.js';
import type { ConsistencyOptions } from '../consistency.js';
import { addFactDryRun, rehearseFact, standingLine, standingOf } from '../fact-rehearsal.js';
import type { DryRunOption } from '../fact-rehearsal.js';
import { printable } from '../format.js';
import { printList } from '../list-pages.js';
import type { ListOptions } from '../list-pages.js';
import { stalenessLine } from '../session-view.js';
import {
  checkFileSize,
  keyArgument,
  keysArgument,
  pairsArgument,
  prefixArgument,
  revisionPairsArgument,
  valueArgument,
} from '../store-arguments.js';
import type { Pair } from '../store-arguments.js';
import {
  entryLines,
  entryTable,
  entryView,
  keyView,
  transactionLines,
  transactionView,
} from '../store-view.js';
import { registerFactWatch } from './watch.js';

interface PutOptions extends DryRunOption {
  readonly file?: string;
  readonly ifRevision?: number;
}
interface GetOptions extends ConsistencyOptions {
  readonly raw?: true;
}
interface StoreListOptions extends ListOptions {
  readonly keysOnly?: true;
}
interface DeleteOptions extends DryRunOption {
  readonly ifRevision?: number;
}
interface TransactionOptions extends DryRunOption {
  readonly if?: readonly Pair<string>[];
  readonly ifRevision?: readonly Pair<number>[];
  readonly put?: readonly Pair<string>[];
  readonly delete?: readonly string[];
  readonly get?: readonly string[];
  readonly elsePut?: readonly Pair<string>[];
  readonly elseDelete?: readonly string[];
  readonly elseGet?: readonly string[];
}

/** Adds the group of commands. */
export function registerStore(program: Command): void {
  const group = program
    .command('store')
    .description('keys with values, replicated')
    .addHelpText(
      'after',
      `
A key is 1 to 1024 bytes of UTF-8, a value at most 1 MiB. Every key has the revision at which it was
last written. Any member answers.
${CONSISTENCY_HELP}

Examples:
  quorate store put app/mode blue
  quorate store cas app/mode blue green
  quorate store get app/mode --json
  quorate store list app/`,
    );
  registerPut(group);
  registerCas(group);
  registerGet(group);
  registerList(group);
  registerDelete(group);
  registerFactWatch(group, 'FACT_STORE', 'key');
  registerTransaction(group);
}

function registerPut(group: Command): void {
  const command = group
    .command('put')
    .description('create a key or replace its value')
    .argument('<key>', 'at most 1024 bytes', keyArgument)
    .argument('[value]', 'at most 1 MiB; or give --file', valueArgument)
    .option('--file <path>', 'take the value from this file; - is standard input')
    .option(
      '--if-revision <number>',
      'refuse unless it has this revision; 0: unless it does not exist',
      revisionArgument,
    )
    .addHelpText(
      'after',
      `
Examples:
  quorate store put app/mode blue
  quorate store put app/owner node-1 --if-revision 0
  quorate store put app/logo --file logo.png`,
    )
    .action((key: string, value: string | undefined) =>
      withClient<PutOptions>(command, (cli) => put(cli, key, value)),
    );
  addFactDryRun(command);
}

function registerCas(group: Command): void {
  const command = group
    .command('cas')
    .description('replace a value if it is the expected one (compare-and-set)')
    .argument('<key>', 'the key, which must exist', keyArgument)
    .argument('<expected>', 'the value that it must have', valueArgument)
    .argument('<value>', 'the value that it gets', valueArgument)
    .addHelpText('after', '\nExamples:\n  quorate store cas app/mode blue green')
    .action((key: string, expected: string, value: string) =>
      withClient<DryRunOption>(command, (cli) => cas(cli, key, expected, value)),
    );
  addFactDryRun(command);
}

function registerGet(group: Command): void {
  const command = group
    .command('get')
    .description('show a key')
    .argument('<key>', 'the key', keyArgument)
    .option('--raw', 'write nothing but the bytes of the value');
  addConsistency(command, "answer from this node's own state and say how old it may be")
    .addHelpText(
      'after',
      `
Examples:
  quorate store get app/mode
  quorate store get app/logo --raw > logo.png
  quorate store get app/mode --leased
  quorate store get app/mode --stale --node 192.168.2.12`,
    )
    .action((key: string) => withClient<GetOptions>(command, (cli) => get(cli, key)));
}

function registerList(group: Command): void {
  const command = group
    .command('list')
    .description('list keys in the order of their bytes; each page is a read by itself')
    .argument('[prefix]', 'only keys that begin with this', prefixArgument, '')
    .option('--after <key>', 'continue after this key', prefixArgument, '')
    .option('--limit <number>', 'at most this many', numberArgument(1, 1000), 1000)
    .option('--keys-only', 'leave the values out');
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText(
      'after',
      `
Examples:
  quorate store list
  quorate store list app/ --keys-only
  quorate store list app/ --after app/mode --json`,
    )
    .action((prefix: string) => withClient<StoreListOptions>(command, (cli) => list(cli, prefix)));
}

function registerDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('delete a key; deleting what does not exist succeeds and says so')
    .argument('<key>', 'the key', keyArgument)
    .option('--if-revision <number>', 'refuse unless it has this revision', revisionArgument)
    .addHelpText(
      'after',
      '\nExamples:\n  quorate store delete app/mode\n  quorate store delete app/mode --if-revision 17',
    )
    .action((key: string) => withClient<DeleteOptions>(command, (cli) => remove(cli, key)));
  addFactDryRun(command);
}

function registerTransaction(group: Command): void {
  const command = group
    .command('txn')
    .description('compare, then change and read several keys at one revision')
    .option('--if <KEY=VALUE>', 'the key must have this value', pairsArgument)
    .option(
      '--if-revision <KEY=NUMBER>',
      'the key must have this revision; 0: it must not exist',
      revisionPairsArgument,
    )
    .option('--put <KEY=VALUE>', 'if all of that holds: put', pairsArgument)
    .option('--delete <key>', '… delete', keysArgument)
    .option('--get <key>', '… read, after the changes', keysArgument)
    .option('--else-put <KEY=VALUE>', 'if it does not hold: put', pairsArgument)
    .option('--else-delete <key>', '… delete', keysArgument)
    .option('--else-get <key>', '… read, after the changes', keysArgument)
    .addHelpText(
      'after',
      `
Each option may be given several times. A transaction of which something does not hold is no
failure: it says so, carries out what --else-… say, and exits with 0; --json has "succeeded".

Examples:
  quorate store txn --if-revision lock=0 --put lock=me --else-get lock
  quorate store txn --if a=1 --if b=2 --put a=2 --delete b
  quorate store txn --get a --get b --json`,
    )
    .action(() => withClient<TransactionOptions>(command, transact));
  addFactDryRun(command);
}

async function put(cli: Cli<PutOptions>, key: string, text: string | undefined): Promise<void> {
  const { file, ifRevision } = cli.options;
  if ((text === undefined) === (file === undefined)) {
    throw new QuorateError('WRONG_USAGE', 'expected a value or --file, and not both');
  }
  const value = file === undefined ? Buffer.from(text ?? '') : contentOf(file);
  if (cli.options.dryRun === true) {
    await rehearse(cli, key, {
      ifRevision,
      outcome: (found) => (found === null ? 'be created' : 'be replaced'),
    });
    return;
  }
  const condition = ifRevision === undefined ? {} : { ifRevision };
  written(cli, key, await cli.client.putStore({ key, value, ...condition }));
}

/** Says what would become of a key. */
function rehearse(
  cli: Cli<unknown>,
  key: string,
  how: {
    readonly ifRevision?: number | undefined;
    readonly outcome: (found: ReturnType<typeof entryView> | null) => string;
  },
): Promise<void> {
  return rehearseFact(
    cli,
    { key },
    {
      what: `key ${key}`,
      look: async () => entryView((await cli.client.getStore({ key })).entry),
      absentAs: 'KEY_NOT_FOUND',
      revisionOf: ({ revision }) => revision,
      condition: { of: 'key', revision: how.ifRevision },
      outcome: how.outcome,
    },
  );
}

async function cas(
  cli: Cli<DryRunOption>,
  key: string,
  expected: string,
  value: string,
): Promise<void> {
  if (cli.options.dryRun === true) {
    const outcome = (found: ReturnType<typeof entryView> | null): string => {
      if (found?.value === expected) return 'be replaced';
      throw valueMismatch(found?.revision ?? 0);
    };
    await rehearse(cli, key, { outcome });
    return;
  }
  const request = { key, value: Buffer.from(value), ifValue: Buffer.from(expected) };
  written(cli, key, await cli.client.putStore(request));
}

function written(
  cli: Cli<object>,
  key: string,
  { header, createdRevision }: Awaited<ReturnType<Cli<object>['client']['putStore']>>,
): void {
  const revision = header?.revision ?? 0;
  cli.print({ key, revision, createdRevision }, [`${printable(key)} · revision ${revision}`]);
}

async function get(cli: Cli<GetOptions>, key: string): Promise<void> {
  const { stale = false, raw = false } = cli.options;
  const { entry, header } = await cli.client.getStore({
    key,
    consistency: consistencyOf(cli.options),
  });
  if (stale) cli.note(stalenessLine(header));
  const view = entryView(entry);
  if (raw && !cli.isJson) {
    process.stdout.write(entry?.value ?? '');
    return;
  }
  const age = stale ? { stalenessMs: header?.stalenessMs ?? null } : {};
  cli.print({ ...view, ...age }, () => entryLines(view, cli.style));
}

function list(cli: Cli<StoreListOptions>, prefix: string): Promise<void> {
  const { keysOnly = false } = cli.options;
  const consistency = consistencyOf(cli.options);
  return printList(cli, {
    key: 'entries',
    none: 'No keys.',
    page: async (afterKey, limit) => {
      const request = { prefix, afterKey, limit, keysOnly, consistency };
      const page = await cli.client.listStore(request);
      return { ...page, views: page.entries.map(keysOnly ? keyView : entryView) };
    },
    placeOf: ({ key }) => key,
    table: (views) => entryTable(views, keysOnly, cli.style),
  });
}

async function remove(cli: Cli<DeleteOptions>, key: string): Promise<void> {
  const { ifRevision } = cli.options;
  if (cli.options.dryRun === true) {
    const outcome = (found: unknown): string =>
      found === null ? 'stay away: there is none' : 'be deleted';
    await rehearse(cli, key, { ifRevision, outcome });
    return;
  }
  const condition = ifRevision === undefined ? {} : { ifRevision };
  const { existed } = await cli.client.deleteStore({ key, ...condition });
  const shown = printable(key);
  cli.print({ key, existed }, [existed ? `${shown} is deleted.` : `There was no key ${shown}.`]);
}

async function transact(cli: Cli<TransactionOptions>): Promise<void> {
  const { options } = cli;
  const values = options.if ?? [];
  const revisions = options.ifRevision ?? [];
  const compares: StoreCompare[] = [
    ...values.map(({ key, value }) => ({ key, value: Buffer.from(value) })),
    ...revisions.map(({ key, value: revision }) => ({ key, revision })),
  ];
  const success = operationsOf(options.put, options.delete, options.get);
  const failure = operationsOf(options.elsePut, options.elseDelete, options.elseGet);
  if (compares.length + success.length + failure.length === 0) {
    throw new QuorateError('WRONG_USAGE', 'expected something to compare, to change or to read');
  }
  if (options.dryRun === true) {
    await rehearseTransaction(cli, compares, success, failure);
    return;
  }
  const answer = await cli.client.transact({ compares, success, failure });
  const view = transactionView(answer);
  const conditions = [...values, ...revisions].map(({ key, value }) => `${key}=${value}`);
  cli.print(view, () => transactionLines(view, conditions, cli.style));
}

/** Says which condition does not hold, as each key stands now, and what would be carried out. */
async function rehearseTransaction(
  cli: Cli<unknown>,
  compares: readonly StoreCompare[],
  success: readonly StoreOperation[],
  failure: readonly StoreOperation[],
): Promise<void> {
  const failed = await firstThatFails(cli, compares);
  const operations = failed === null ? success : failure;
  const shown = operations.map(shownOperation);
  const standing = await standingOf(cli);
  const failedKey = failed?.key ?? null;
  const data = { succeeded: failed === null, failedKey, would: shown, dryRun: true, ...standing };
  const why =
    failed === null ? 'all conditions hold' : `the condition on ${failed.key} does not hold`;
  const what = shown.length === 0 ? 'nothing would be done' : `would ${shown.join(', ')}`;
  cli.print(data, [printable(`${why}: ${what}; nothing was changed.`), standingLine(standing)]);
}

/** One after the other: unlike those of the transaction itself they are not of one moment. */
async function firstThatFails(
  { client }: Pick<Cli<unknown>, 'client'>,
  compares: readonly StoreCompare[],
): Promise<{ readonly key: string } | null> {
  for (const { key = '', value, revision } of compares) {
    const found = await orNull('KEY_NOT_FOUND', () => client.getStore({ key }));
    const entry = found?.entry ?? null;
    const isSo =
      value instanceof Uint8Array
        ? entry !== null && entry.value.equals(value)
        : (entry?.revision ?? 0) === Number(revision);
    if (!isSo) return { key };
  }
  return null;
}

function shownOperation({ put, delete: gone, get }: StoreOperation): string {
  if (put?.key !== undefined) return `put ${put.key}`;
  return gone?.key === undefined ? `read ${get?.key ?? ''}` : `delete ${gone.key}`;
}

/** Changes first, then reads. */
function operationsOf(
  puts: readonly Pair<string>[] = [],
  deletes: readonly string[] = [],
  gets: readonly string[] = [],
): StoreOperation[] {
  return [
    ...puts.map(({ key, value }) => ({ put: { key, value: Buffer.from(value) } })),
    ...deletes.map((key) => ({ delete: { key } })),
    ...gets.map((key) => ({ get: { key } })),
  ];
}

function contentOf(path: string): Buffer {
  try {
    const content = readFileSync(path === '-' ? 0 : path);
    checkFileSize(content.length);
    return content;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new QuorateError('WRONG_USAGE', `cannot take the value from ${path}: ${why}`);
  }
}
