// `quorate policy put | get | list | history | diff | rollback | delete | watch | status`: documents of the whole cluster, each with its
// versions. What is printed is made in policy-view.ts.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Side } from '../../src/client/policy-difference.js';
import { QuorateError } from '../../src/errors.js';
import type { Policy__Output as Policy } from '../../src/generated/quorate/v1/Policy.js';
import { complaint, numberArgument, reasonArgument, textArgument } from '../arguments.js';
import { addChangeOptions, withClient } from '../cli.js';
import type { ChangeOptions, Cli } from '../cli.js';
import { addConsistency, consistencyOf, CONSISTENCY_HELP } from '../consistency.js';
import type { ConsistencyOptions } from '../consistency.js';
import { cutTo } from '../format.js';
import { printList } from '../list-pages.js';
import type { ListOptions } from '../list-pages.js';
import {
  differenceLines,
  historyTable,
  nodePoliciesView,
  policyHead,
  policyStatusTable,
  policyStatusView,
  policyTable,
  policyVersionView,
  policyView,
} from '../policy-view.js';
import { stalenessLine } from '../session-view.js';
import { registerFactWatch } from './watch.js';

/** Bounds that the service also checks; said here so that wrong usage is told as such. */
const DOCUMENT_BYTES_MAX = 256 * 1024;
const NAME_BYTES_MAX = 63;
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}$/;

const prefixArgument = textArgument(0, NAME_BYTES_MAX);
const versionArgument = numberArgument(1, Number.MAX_SAFE_INTEGER);
const ifVersionArgument = numberArgument(0, Number.MAX_SAFE_INTEGER);

interface WriteOptions extends ChangeOptions {
  readonly ifVersion?: number;
}
interface StatusOptions {
  readonly own?: true;
}

/** Adds the group of commands. */
export function registerPolicy(program: Command): void {
  const group = program
    .command('policy')
    .description('documents of the whole cluster, with history, difference and roll-back')
    .addHelpText(
      'after',
      `
A document has at most 256 KiB; its name is 1 to 63 letters, digits, dots, underscores or hyphens.
Every change makes a version, which is kept with who made it and why. Every member applies it, writes
it to a file where its configuration names a directory (policies.directory), and says what it runs.
${CONSISTENCY_HELP}

Examples:
  quorate policy put routes.yaml routes.yaml --reason "new backend"
  quorate policy diff routes.yaml
  quorate policy rollback routes.yaml 3
  quorate policy status`,
    );
  registerPut(group);
  registerGet(group);
  registerList(group);
  registerHistory(group);
  registerDiff(group);
  registerRollBack(group);
  registerDelete(group);
  registerFactWatch(group, 'FACT_POLICY', 'name');
  registerStatus(group);
}

function nameArgument(text: string): string {
  if (NAME.test(text)) return text;
  const what = '1 to 63 letters, digits, dots, underscores or hyphens, no dot first';
  throw complaint(`expected ${what}, got ${JSON.stringify(cutTo(text, 40))}`);
}

function registerPut(group: Command): void {
  const command = group
    .command('put')
    .description('put a document in force on every member')
    .argument('<name>', 'its name', nameArgument)
    .argument('<file>', 'where the document is; - is standard input');
  changing(command, 'refuse unless this version is in force; 0: unless there is none')
    .addHelpText(
      'after',
      `
With --dry-run the difference to what is in force is shown, and nothing is changed.

Examples:
  quorate policy put routes.yaml ./routes.yaml --dry-run
  quorate policy put routes.yaml ./routes.yaml --if-version 3 --reason "new backend"
  generate-limits | quorate policy put limits.json -`,
    )
    .action((name: string, file: string) =>
      withClient<WriteOptions>(command, (cli) => put(cli, name, file)),
    );
}

function registerGet(group: Command): void {
  const command = group
    .command('get')
    .description('write a document to standard output')
    .argument('<name>', 'its name', nameArgument)
    .argument('[version]', 'default: the one in force', versionArgument);
  addConsistency(command, 'what this node runs, which may be behind')
    .addHelpText(
      'after',
      `
Examples:
  quorate policy get routes.yaml > routes.yaml
  quorate policy get routes.yaml 3
  quorate policy get routes.yaml --stale --json`,
    )
    .action((name: string, version?: number) =>
      withClient<ConsistencyOptions>(command, (cli) => get(cli, name, version)),
    );
}

function registerList(group: Command): void {
  const command = group
    .command('list')
    .description('list policies in the order of their names')
    .argument('[prefix]', 'only names that begin with this', prefixArgument, '')
    .option('--after <name>', 'continue after this name', prefixArgument, '')
    .option('--limit <number>', 'at most this many', numberArgument(1, 1000), 1000);
  addConsistency(command, 'what this node runs, which may be behind')
    .addHelpText('after', '\nExamples:\n  quorate policy list\n  quorate policy list --json')
    .action((prefix: string) => withClient<ListOptions>(command, (cli) => list(cli, prefix)));
}

function registerHistory(group: Command): void {
  const command = group
    .command('history')
    .description('who changed it and why, newest first; also of one that is deleted')
    .argument('<name>', 'its name', nameArgument);
  addConsistency(command, 'what this node has, which may be behind')
    .addHelpText('after', '\nExamples:\n  quorate policy history routes.yaml')
    .action((name: string) => withClient<ConsistencyOptions>(command, (cli) => history(cli, name)));
}

function registerDiff(group: Command): void {
  const command = group
    .command('diff')
    .description('how versions differ, as a unified difference')
    .argument('<name>', 'its name', nameArgument)
    .argument('[from]', 'a version; default: the one before that in force', versionArgument)
    .argument('[to]', 'a version; default: the one in force', versionArgument)
    .addHelpText(
      'after',
      `
Examples:
  quorate policy diff routes.yaml
  quorate policy diff routes.yaml 3
  quorate policy diff routes.yaml 3 5 | patch routes.yaml`,
    )
    .action((name: string, from?: number, to?: number) =>
      withClient<object>(command, (cli) => diff(cli, name, from, to)),
    );
}

function registerRollBack(group: Command): void {
  const command = group
    .command('rollback')
    .description('put an earlier document in force again, by a new version')
    .argument('<name>', 'its name', nameArgument)
    .argument('<version>', 'the version whose document it was', versionArgument);
  changing(command, 'refuse unless this version is in force; 0: unless it is deleted')
    .addHelpText(
      'after',
      '\nExamples:\n  quorate policy rollback routes.yaml 3 --dry-run\n  quorate policy rollback routes.yaml 3 --reason "backend fails"',
    )
    .action((name: string, version: number) =>
      withClient<WriteOptions>(command, (cli) => rollBack(cli, name, version)),
    );
}

function registerDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('delete it on every member; its history stays, so that it can be rolled back')
    .argument('<name>', 'its name', nameArgument);
  changing(command, 'refuse unless this version is in force')
    .addHelpText('after', '\nExamples:\n  quorate policy delete routes.yaml --reason "not used"')
    .action((name: string) => withClient<WriteOptions>(command, (cli) => remove(cli, name)));
}

function registerStatus(group: Command): void {
  const command = group
    .command('status')
    .description('which member runs which version, and whose file is wrong')
    .argument('[prefix]', 'only names that begin with this', prefixArgument, '')
    .option('--own', 'ask only the node itself, also without a quorum')
    .addHelpText(
      'after',
      `
Members that run what the cluster says are counted; each that does not has a line of its own: behind
(it has not applied the version in force), file-wrong (its file was changed, or cannot be written),
unreachable, diverged (it must be replaced).

Examples:
  quorate policy status
  quorate policy status --own --node 192.168.2.12 --json`,
    )
    .action((prefix: string) =>
      withClient<StatusOptions>(command, (cli) =>
        cli.options.own === true ? ownStatus(cli, prefix) : status(cli, prefix),
      ),
    );
}

/** What every command has that changes a policy. */
function changing(command: Command, condition: string): Command {
  command.option('--if-version <number>', condition, ifVersionArgument);
  return addChangeOptions(command, reasonArgument);
}

async function put(cli: Cli<WriteOptions>, name: string, file: string): Promise<void> {
  const document = contentOf(file);
  if (cli.options.dryRun === true) {
    await rehearse(cli, name, () => Promise.resolve(document));
    return;
  }
  const { version, created } = await cli.client.putPolicy({ name, document, ...asked(cli) });
  changed(cli, name, { version, created });
}

async function rollBack(cli: Cli<WriteOptions>, name: string, version: number): Promise<void> {
  if (cli.options.dryRun === true) {
    await rehearse(cli, name, async () => {
      const { policy } = await cli.client.getPolicy({ name, version });
      return policy?.document ?? Buffer.alloc(0);
    });
    return;
  }
  changed(cli, name, await cli.client.rollBackPolicy({ name, version, ...asked(cli) }));
}

async function remove(cli: Cli<WriteOptions>, name: string): Promise<void> {
  if (cli.options.dryRun === true) {
    await rehearse(cli, name, () => Promise.resolve(null));
    return;
  }
  const { existed } = await cli.client.deletePolicy({ name, ...asked(cli) });
  const said = existed ? `Policy ${name} is deleted.` : `There was no policy ${name}.`;
  cli.print({ name, existed, dryRun: false }, [said]);
}

/** Shows what a change would do to the document, and changes nothing. */
async function rehearse(
  cli: Cli<WriteOptions>,
  name: string,
  wanted: () => Promise<Buffer | null>,
): Promise<void> {
  const now = await inForce(cli, name);
  const actual = now?.version ?? 0;
  const { ifVersion } = cli.options;
  if (ifVersion !== undefined && ifVersion !== actual) {
    const message = `expected version ${ifVersion}, but version ${actual} of policy ${name} is in force`;
    const data = { name, expected: String(ifVersion), actual: String(actual) };
    throw new QuorateError('VERSION_MISMATCH', message, data);
  }
  const document = await wanted();
  const { differenceOf } = await import('../../src/client/policy-difference.js');
  const title = document === null ? `no ${name}` : `${name} as it would be`;
  const difference = differenceOf(sideOf(now, name), { title, document });
  cli.print(
    { name, version: actual, unchanged: difference === '', difference, dryRun: true },
    () =>
      difference === ''
        ? [`Nothing would change: version ${actual} of ${name} says so already.`]
        : differenceLines(difference, cli.style),
  );
  if (difference !== '') cli.note('Nothing was changed.');
}

function changed(
  cli: Cli<WriteOptions>,
  name: string,
  { version, created }: { readonly version: number; readonly created: boolean },
): void {
  const said = created
    ? `Policy ${name} has version ${version}.`
    : `Policy ${name} says so already: version ${version}. Nothing was changed.`;
  cli.print({ name, version, unchanged: !created, dryRun: false }, [said]);
}

async function get(cli: Cli<ConsistencyOptions>, name: string, version?: number): Promise<void> {
  const { stale = false } = cli.options;
  const which = version === undefined ? {} : { version };
  const consistency = consistencyOf(cli.options);
  const { policy, header } = await cli.client.getPolicy({ name, ...which, consistency });
  if (stale) cli.note(stalenessLine(header));
  const view = policyView(policy);
  if (cli.isJson) {
    const age = stale ? { stalenessMs: header?.stalenessMs ?? null } : {};
    cli.print({ ...view, ...age }, []);
    return;
  }
  cli.note(policyHead(view));
  process.stdout.write(policy?.document ?? '');
}

function list(cli: Cli<ListOptions>, prefix: string): Promise<void> {
  const consistency = consistencyOf(cli.options);
  return printList(cli, {
    key: 'policies',
    none: 'No policies.',
    page: async (afterName, limit) => {
      const page = await cli.client.listPolicies({ prefix, afterName, limit, consistency });
      return { ...page, views: page.policies.map(policyVersionView) };
    },
    placeOf: ({ name }) => name,
    table: (views) => policyTable(views, cli.style),
  });
}

async function history(cli: Cli<ConsistencyOptions>, name: string): Promise<void> {
  const { stale = false } = cli.options;
  const request = { name, consistency: consistencyOf(cli.options) };
  const { versions, header } = await cli.client.policyHistory(request);
  if (stale) cli.note(stalenessLine(header));
  const views = versions.map(policyVersionView);
  cli.print({ name, versions: views }, () => historyTable(views, cli.style));
}

async function diff(cli: Cli<object>, name: string, from?: number, to?: number): Promise<void> {
  const [a, b] = await sides(cli, name, from, to);
  const { differenceOf } = await import('../../src/client/policy-difference.js');
  const difference = differenceOf(sideOf(a, name), sideOf(b, name));
  const versions = { from: a?.version ?? null, to: b?.version ?? null };
  cli.print({ name, ...versions, difference }, () =>
    difference === '' ? [] : differenceLines(difference, cli.style),
  );
  if (difference === '') cli.note('They do not differ.');
}

/** The versions to compare; without any, the one in force and the one before it. */
async function sides(
  cli: Cli<object>,
  name: string,
  from?: number,
  to?: number,
): Promise<[Policy | null, Policy | null]> {
  const at = async (version: number): Promise<Policy | null> => {
    const { policy } = await cli.client.getPolicy({ name, version });
    return policy;
  };
  if (from !== undefined) {
    return [await at(from), to === undefined ? await inForce(cli, name) : await at(to)];
  }
  const { versions } = await cli.client.policyHistory({ name });
  const [newest, before] = versions;
  const documentOf = async (it: Policy | undefined): Promise<Policy | null> =>
    it === undefined || it.deleted ? null : at(it.version);
  return [await documentOf(before), await documentOf(newest)];
}

async function status(cli: Cli<StatusOptions>, prefix: string): Promise<void> {
  const policies: ReturnType<typeof policyStatusView> = [];
  for (let afterName = ''; ;) {
    const page = await cli.client.policyStatus({ prefix, afterName });
    policies.push(...policyStatusView(page.policies));
    if (!page.more || page.policies.length === 0) break;
    afterName = page.policies.at(-1)?.name ?? afterName;
  }
  cli.print({ policies }, () =>
    policies.length === 0 ? ['No policies.'] : policyStatusTable(policies, cli.style),
  );
}

async function ownStatus(cli: Cli<StatusOptions>, prefix: string): Promise<void> {
  const answer = await cli.client.nodePolicies({});
  const view = nodePoliciesView(answer);
  const policies = view.policies.filter(({ name }) => name.startsWith(prefix));
  const stalenessMs = answer.header?.stalenessMs ?? null;
  cli.note(stalenessLine(answer.header));
  cli.print({ ...view, policies, stalenessMs }, () => [
    `${view.node} ${view.directory === null ? 'writes no files' : `writes to ${view.directory}`}.`,
    ...policies.map(({ name, version, file, detail }) =>
      [name, `version ${version ?? 0}`, file ?? 'no file', detail ?? '']
        .join(' · ')
        .replace(/ · $/, ''),
    ),
  ]);
}

/** Null: there is none. */
async function inForce(cli: Cli<object>, name: string): Promise<Policy | null> {
  const { orNull } = await import('../../src/client/or-null.js');
  const answer = await orNull('POLICY_NOT_FOUND', () => cli.client.getPolicy({ name }));
  return answer?.policy ?? null;
}

function sideOf(policy: Policy | null, name: string): Side {
  if (policy === null) return { title: `no ${name}`, document: null };
  return { title: `${name} version ${policy.version}`, document: policy.document };
}

function asked({ options }: Cli<WriteOptions>): { ifVersion?: number; reason: string } {
  const { ifVersion, reason = '' } = options;
  return { ...(ifVersion === undefined ? {} : { ifVersion }), reason };
}

function contentOf(file: string): Buffer {
  let content: Buffer;
  try {
    content = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new QuorateError('WRONG_USAGE', `cannot read the document from ${file}: ${why}`);
  }
  if (content.length <= DOCUMENT_BYTES_MAX) return content;
  const message = `${file} has ${content.length} bytes, expected at most 256 KiB`;
  throw new QuorateError('TOO_LARGE', message, { field: 'the document', limit: '256 KiB' });
}
