// `quorate service register | report | get | list | resolve | deregister | watch`: what members and sessions offer to others. How an
// offer is kept while a command or this process runs stands in while-offered.ts.

import { randomUUID } from 'node:crypto';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ProviderHealth } from '../../src/generated/quorate/v1/ProviderHealth.js';
import { QuorateError } from '../../src/errors.js';
import {
  attributeArgument,
  nameArgument,
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
import { providerLines, providerTable, providerView } from '../service-view.js';
import { stalenessLine } from '../session-view.js';
import { registerFactWatch } from './watch.js';

/** Bounds that the service also checks; said here so that wrong usage is told as such. */
const SERVICE_ARGUMENT_LIMITS = { idBytesMax: 255, addressBytesMax: 300, loadMax: 1e9 } as const;

const idArgument = textArgument(1, SERVICE_ARGUMENT_LIMITS.idBytesMax);
const addressArgument = textArgument(1, SERVICE_ARGUMENT_LIMITS.addressBytesMax);
const loadArgument = numberArgument(0, SERVICE_ARGUMENT_LIMITS.loadMax);
const afterArgument = textArgument(0, 64 + SERVICE_ARGUMENT_LIMITS.idBytesMax);

const HEALTHS = {
  healthy: 'PROVIDER_HEALTHY',
  draining: 'PROVIDER_DRAINING',
  unhealthy: 'PROVIDER_UNHEALTHY',
} as const satisfies Record<string, ProviderHealth>;
const RULES = {
  'two-choices': 'PICK_TWO_CHOICES',
  'least-loaded': 'PICK_LEAST_LOADED',
  'round-robin': 'PICK_ROUND_ROBIN',
  random: 'PICK_RANDOM',
} as const;

type Health = keyof typeof HEALTHS;
type Tags = ReadonlyMap<string, string>;
const NO_TAGS: Tags = new Map();

interface RegisterOptions extends GlobalOptions {
  readonly id?: string;
  readonly load?: number;
  readonly health?: Health;
  readonly tag?: Tags;
  readonly at?: string;
  readonly ttl?: number;
  readonly session?: string;
  readonly member?: true;
}
interface ReportOptions {
  readonly load?: number;
  readonly health?: Health;
}
interface ResolveOptions extends ConsistencyOptions {
  readonly rule: keyof typeof RULES;
  readonly prefer?: string;
  readonly tag?: Tags;
  readonly avoid?: readonly string[];
}

/** Adds the group of commands. */
export function registerService(program: Command): void {
  const service = program
    .command('service')
    .description('who offers what, where, how loaded and how well; and whom to send callers to')
    .addHelpText(
      'after',
      `
A provider vanishes with its session or its member. Nobody is sent to one that is draining or
unhealthy, whose session is over, or whose member is not heard.
${CONSISTENCY_HELP}

Examples:
  quorate service register web 10.0.0.5:80 -- ./serve
  curl http://$(quorate service resolve web)/`,
    );
  registerRegister(service);
  registerReport(service);
  registerGet(service);
  registerList(service);
  registerResolve(service);
  registerDeregister(service);
  registerFactWatch(service, 'FACT_SERVICE', 'SERVICE/ID');
}

function avoidArgument(id: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), idArgument(id)];
}

function healthOption(): Option {
  return new Option('--health <health>', 'healthy, draining or unhealthy').choices(
    Object.keys(HEALTHS),
  );
}

function registerRegister(group: Command): void {
  const command = group
    .command('register')
    .description('offer a service while this process runs, or while a command does')
    .argument('<service>', 'its name', nameArgument)
    .argument('<address>', 'where callers reach it', addressArgument)
    .argument('[command...]', 'after --: program and arguments; no shell reads them')
    .option('--id <id>', 'tells its providers apart (default: drawn)', idArgument)
    .option('--load <number>', 'lower is better (default: 0)', loadArgument)
    .addOption(healthOption())
    .option('--tag <key=value>', 'may be given several times', attributeArgument)
    .option('--at <name>', 'the member that it runs at (default: the one asked)', nameArgument)
    .option(
      '--ttl <duration>',
      'how long it may be picked once this process is gone (default: 5s)',
      ttlArgument,
    )
    .addOption(
      new Option('--session <id>', 'keep it with this session, and end')
        .argParser(sessionIdArgument)
        .conflicts(['ttl', 'member']),
    )
    .addOption(
      new Option('--member', 'keep it until its member is removed, and end').conflicts('ttl'),
    )
    .addHelpText(
      'after',
      `
It is taken away when the command or this process ends; the exit code is the command's. If another
process registers the same --id, or somebody takes it away, the command gets SIGTERM and the exit
code is 1. If this process itself is killed the command runs on, and is not offered any more.

Examples:
  quorate service register web 10.0.0.5:80 --id web-5 -- ./serve
  quorate service register db 10.0.0.7:5432 --member --at n2`,
    )
    .action((service: string, address: string, words: string[]) =>
      register(command, service, address, words),
    );
}

function registerReport(group: Command): void {
  const command = group
    .command('report')
    .description('tell load or health of a provider')
    .argument('<service>', 'its name', nameArgument)
    .argument('<id>', "the provider's id", idArgument)
    .option('--load <number>', 'lower is better', loadArgument)
    .addOption(healthOption())
    .addHelpText(
      'after',
      `
A load is stored at most once a second for each provider; the answer comes when it is.

Examples:
  quorate service report web web-5 --health draining`,
    )
    .action((service: string, id: string) =>
      withClient<ReportOptions>(command, (cli) => report(cli, service, id)),
    );
}

function registerGet(group: Command): void {
  const command = group
    .command('get')
    .description('show a provider, and why nobody is sent to it if so')
    .argument('<service>', 'its name', nameArgument)
    .argument('<id>', "the provider's id", idArgument);
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText('after', `\nExamples:\n  quorate service get web web-5 --json`)
    .action((service: string, id: string) =>
      withClient<ConsistencyOptions>(command, (cli) => get(cli, service, id)),
    );
}

function registerList(group: Command): void {
  const command = group
    .command('list')
    .description('list providers, in the order of the bytes of SERVICE/ID')
    .argument('[service]', 'only of this service', nameArgument)
    .option('--after <key>', 'continue after this SERVICE/ID', afterArgument, '')
    .option('--limit <number>', 'at most this many', numberArgument(1, 1000), 1000);
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText('after', `\nExamples:\n  quorate service list\n  quorate service list web`)
    .action((service: string = '') =>
      withClient<ListOptions>(command, (cli) => list(cli, service)),
    );
}

function registerResolve(group: Command): void {
  const command = group
    .command('resolve')
    .description('print the address of the provider to use now')
    .argument('<service>', 'its name', nameArgument)
    .addOption(
      new Option('--rule <rule>', 'two-choices: the less loaded of two that are drawn')
        .choices(Object.keys(RULES))
        .default('two-choices'),
    )
    .option('--prefer <name>', 'a member, if any that is well runs there', nameArgument)
    .option('--tag <key=value>', 'only with this; may be given several times', attributeArgument)
    .option('--avoid <id>', 'only if no other is left; may be given several times', avoidArgument);
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText(
      'after',
      `\nExamples:\n  quorate service resolve web --rule least-loaded\n  curl http://$(quorate service resolve web)/`,
    )
    .action((service: string) =>
      withClient<ResolveOptions>(command, (cli) => resolve(cli, service)),
    );
}

function registerDeregister(group: Command): void {
  const command = group
    .command('deregister')
    .description('take a provider away, whoever registered it')
    .argument('<service>', 'its name', nameArgument)
    .argument('<id>', "the provider's id", idArgument)
    .addHelpText(
      'after',
      `
Repeating it is harmless. A process that keeps it with the client library or \`service register\` is
told, and does not register it again.

Examples:
  quorate service deregister web web-5`,
    )
    .action((service: string, id: string) =>
      withClient<DryRunOption>(command, async (cli) => {
        if (cli.options.dryRun === true) {
          await rehearseDeregistration(cli, service, id);
          return;
        }
        const { existed } = await cli.client.deregisterProvider({ service, id });
        const what = existed ? 'is gone.' : 'was not there.';
        cli.print({ service, id, existed }, [`${service}/${id} ${what}`]);
      }),
    );
  addFactDryRun(command);
}

function rehearseDeregistration(cli: Cli<unknown>, service: string, id: string): Promise<void> {
  return rehearseFact(
    cli,
    { service, id },
    {
      what: `provider ${service}/${id}`,
      look: async () => providerView((await cli.client.getProvider({ service, id })).provider),
      absentAs: 'PROVIDER_NOT_FOUND',
      revisionOf: ({ revision }) => revision,
      outcome: (found) => (found === null ? 'stay away: there is none' : 'be gone'),
    },
  );
}

async function register(
  command: Command,
  service: string,
  address: string,
  words: readonly string[],
): Promise<void> {
  const { session, member, ttl } = command.opts<RegisterOptions>();
  if (session === undefined && member === undefined) {
    return offer(command, service, address, words, ttl);
  }
  if (words.length > 0) {
    throw new QuorateError('WRONG_USAGE', 'a command goes without --session and --member');
  }
  return withClient<RegisterOptions>(command, async (cli) => {
    const { id = randomUUID(), load = 0, health = 'healthy', tag = NO_TAGS, at = '' } = cli.options;
    const told = { load, health: HEALTHS[health], tags: Object.fromEntries(tag) };
    const request = { service, id, address, node: at, session: session ?? '', ...told };
    const { registration } = await cli.client.registerProvider(request);
    cli.print({ service, id, registration }, [`${service}/${id} is registered.`]);
  });
}

async function offer(
  command: Command,
  service: string,
  address: string,
  words: readonly string[],
  ttlMs: number | undefined,
): Promise<void> {
  const options = command.optsWithGlobals<RegisterOptions>();
  const { id, load, health, tag, at } = options;
  const { tlsFilesFrom } = await import('../../src/tls/identity.js');
  const { connect } = await import('../../src/client/connect.js');
  const { whileOffered } = await import('../while-offered.js');
  const tls = tlsFilesFrom(options);
  const client = connect({
    addresses: [options.node],
    ...(tls === null ? {} : { tls }),
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
  });
  const say = (text: string): void => {
    if (options.json !== true) process.stderr.write(`quorate: ${text}\n`);
  };
  try {
    process.exitCode = await whileOffered(client, {
      service,
      command: words,
      options: {
        address,
        ...(id === undefined ? {} : { id }),
        ...(load === undefined ? {} : { load }),
        ...(health === undefined ? {} : { health }),
        ...(tag === undefined ? {} : { tags: Object.fromEntries(tag) }),
        ...(at === undefined ? {} : { node: at }),
        ...(ttlMs === undefined ? {} : { ttlMs }),
        onError: (error) => say(error instanceof Error ? error.message : String(error)),
      },
      onOffered: (of) => {
        if (options.json === true) {
          const { registration } = of;
          process.stdout.write(`${JSON.stringify({ service, id: of.id, registration })}\n`);
        } else say(`${service}/${of.id} is registered`);
      },
    });
  } finally {
    client.close();
  }
}

async function report(cli: Cli<ReportOptions>, service: string, id: string): Promise<void> {
  const { load, health } = cli.options;
  if (load === undefined && health === undefined) {
    throw new QuorateError('WRONG_USAGE', 'give --load, --health or both');
  }
  const { providers } = await cli.client.reportProviders({
    reports: [
      {
        service,
        id,
        ...(load === undefined ? {} : { load }),
        ...(health === undefined ? {} : { health: HEALTHS[health] }),
      },
    ],
  });
  const revision = providers[0]?.revision;
  if (revision === undefined) {
    // The same answer as to `get`, with its hint.
    await cli.client.getProvider({ service, id });
  }
  cli.print({ service, id, revision: revision ?? null }, [`${service}/${id} is told.`]);
}

async function get(cli: Cli<ConsistencyOptions>, service: string, id: string): Promise<void> {
  const { stale = false } = cli.options;
  const consistency = consistencyOf(cli.options);
  const { provider, header } = await cli.client.getProvider({ service, id, consistency });
  const view = providerView(provider);
  if (stale) cli.note(stalenessLine(header));
  cli.print(view, () => providerLines(view, cli.style));
}

function list(cli: Cli<ListOptions>, service: string): Promise<void> {
  const consistency = consistencyOf(cli.options);
  return printList(cli, {
    key: 'providers',
    none: 'No providers.',
    page: async (afterKey, limit) => {
      const page = await cli.client.listProviders({ service, afterKey, limit, consistency });
      return { ...page, views: page.providers.map(providerView) };
    },
    placeOf: (provider) => `${provider.service}/${provider.id}`,
    table: (views) => providerTable(views, cli.style),
  });
}

async function resolve(cli: Cli<ResolveOptions>, service: string): Promise<void> {
  const { rule, prefer = '', tag = NO_TAGS, avoid = [], stale = false } = cli.options;
  const { provider, candidates, header } = await cli.client.resolveService({
    service,
    rule: RULES[rule],
    preferNode: prefer,
    tags: Object.fromEntries(tag),
    avoid: [...avoid],
    consistency: consistencyOf(cli.options),
  });
  if (stale) cli.note(stalenessLine(header));
  const { withheld: _withheld, ...view } = providerView(provider);
  cli.print({ ...view, candidates }, [view.address]);
}
