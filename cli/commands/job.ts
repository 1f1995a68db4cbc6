// `quorate job submit | list | get | cancel | retry | watch | work`: work that is done to its end whoever fails meanwhile. How a command
// does jobs stands in job-work.ts.

import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Option } from 'commander';
import type { Command } from 'commander';
import {
  durationArgument,
  fileArgument,
  nameArgument,
  numberArgument,
  textArgument,
} from '../arguments.js';
import { QuorateError } from '../../src/errors.js';
import { withClient } from '../cli.js';
import type { Cli, GlobalOptions } from '../cli.js';
import { addConsistency, consistencyOf, CONSISTENCY_HELP } from '../consistency.js';
import type { ConsistencyOptions } from '../consistency.js';
import { onSignal } from '../exit.js';
import { addFactDryRun, jobStatusError, rehearseFact } from '../fact-rehearsal.js';
import type { DryRunOption, FactChange } from '../fact-rehearsal.js';
import { jobLines, jobOutlineView, jobTable, jobView } from '../job-view.js';
import { printList } from '../list-pages.js';
import type { ListOptions } from '../list-pages.js';
import { attributeView, stalenessLine } from '../session-view.js';
import { registerFactWatch } from './watch.js';

/** Bounds that the service also checks; said here so that wrong usage is told as such. */
const JOB_ARGUMENT_LIMITS = { idBytesMax: 512, typeBytesMax: 255, reasonBytesMax: 1024 } as const;
const ATTEMPTS_MAX = 1000;
const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

const idArgument = textArgument(1, JOB_ARGUMENT_LIMITS.idBytesMax);
const prefixArgument = textArgument(0, JOB_ARGUMENT_LIMITS.idBytesMax);
const typeArgument = textArgument(1, JOB_ARGUMENT_LIMITS.typeBytesMax);
const reasonArgument = textArgument(0, JOB_ARGUMENT_LIMITS.reasonBytesMax);

interface SubmitCliOptions extends DryRunOption {
  readonly id?: string;
  readonly file?: string;
  readonly resumable?: true;
  readonly attempts?: number;
  readonly backoff?: number;
  readonly heartbeat?: number;
  readonly delay?: number;
}
interface WorkOptions extends GlobalOptions {
  readonly type: readonly string[];
  readonly beside?: string;
  readonly epoch?: number;
  readonly concurrency?: number;
}

/** Adds the group of commands. */
export function registerJob(program: Command): void {
  const job = program
    .command('job')
    .description('work that is done to its end, whoever fails meanwhile')
    .addHelpText(
      'after',
      `
A job is claimed by a worker while somebody is primary. When that reign ends, a --resumable job waits
again with its recorded steps and the next worker goes on; any other fails and says why.
${CONSISTENCY_HELP}

Examples:
  quorate job submit deploy '{"version":3}' --id deploy-3 --resumable
  quorate job work --type deploy -- ./deploy.sh`,
    );
  registerSubmit(job);
  registerGet(job);
  registerList(job);
  registerCancel(job);
  registerRetry(job);
  registerWork(job);
  registerFactWatch(job, 'FACT_JOB', 'id');
}

function registerSubmit(group: Command): void {
  const command = group
    .command('submit')
    .description('submit a job; under an id that is known it is the same job')
    .argument('<type>', 'what workers choose by', typeArgument)
    .argument('[payload]', 'text for the worker', '')
    .option('--id <id>', 'default: drawn', idArgument)
    .addOption(
      new Option('--file <file>', 'the payload is what this file holds').argParser(fileArgument),
    )
    .option('--resumable', 'another worker may go on behind its recorded steps')
    .option(
      '--attempts <number>',
      'failures after which it has failed (default: 1)',
      numberArgument(1, ATTEMPTS_MAX),
    )
    .option(
      '--backoff <duration>',
      'pause before the second attempt, then doubled (default: 1s)',
      durationArgument,
    )
    .option(
      '--heartbeat <duration>',
      'how long a silent worker keeps it (default: 30s)',
      durationArgument,
    )
    .option('--delay <duration>', 'not to be claimed before', durationArgument)
    .addHelpText(
      'after',
      `\nExamples:\n  quorate job submit deploy '{"version":3}' --id deploy-3 --attempts 5`,
    )
    .action((type: string, payload: string) =>
      withClient<SubmitCliOptions>(command, (cli) => submit(cli, type, payload)),
    );
  addFactDryRun(command);
}

function registerGet(group: Command): void {
  const command = group
    .command('get')
    .description('show a job with its steps')
    .argument('<id>', 'its id', idArgument);
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText('after', `\nExamples:\n  quorate job get deploy-3 --json`)
    .action((id: string) => withClient<ConsistencyOptions>(command, (cli) => get(cli, id)));
}

function registerList(group: Command): void {
  const command = group
    .command('list')
    .description(
      'list jobs, also those that ended not long ago, in the order of the bytes of their ids',
    )
    .argument('[prefix]', 'only ids that begin with this', prefixArgument, '')
    .option('--after <id>', 'continue after this id', prefixArgument, '')
    .option('--limit <number>', 'at most this many', numberArgument(1, 1000), 1000);
  addConsistency(command, "answer from this node's own state, which may be behind")
    .addHelpText('after', `\nExamples:\n  quorate job list\n  quorate job list deploy-`)
    .action((prefix: string) => withClient<ListOptions>(command, (cli) => list(cli, prefix)));
}

function registerCancel(group: Command): void {
  const command = group
    .command('cancel')
    .description('end a job that waits, or tell its worker to')
    .argument('<id>', 'its id', idArgument)
    .option('--reason <text>', 'why', reasonArgument, '')
    .addHelpText('after', `\nExamples:\n  quorate job cancel deploy-3 --reason 'wrong version'`)
    .action((id: string) =>
      withClient<DryRunOption & { readonly reason: string }>(command, async (cli) => {
        if (cli.options.dryRun === true) {
          await rehearse(cli, id, null, cancelled);
          return;
        }
        const { ended } = await cli.client.cancelJob({ id, reason: cli.options.reason });
        const what = ended ? 'is cancelled.' : 'is to be cancelled; its worker is told.';
        cli.print({ id, ended }, [`Job ${id} ${what}`]);
      }),
    );
  addFactDryRun(command);
}

function registerRetry(group: Command): void {
  const command = group
    .command('retry')
    .description('let a job that failed or was cancelled wait again')
    .argument('<id>', 'its id', idArgument)
    .addHelpText('after', `\nExamples:\n  quorate job retry deploy-3`)
    .action((id: string) =>
      withClient<DryRunOption>(command, async (cli) => {
        if (cli.options.dryRun === true) {
          await rehearse(cli, id, null, retried);
          return;
        }
        await cli.client.retryJob({ id });
        cli.print({ id }, [`Job ${id} waits again.`]);
      }),
    );
  addFactDryRun(command);
}

function registerWork(group: Command): void {
  const command = group
    .command('work')
    .description('do jobs by a command, one after the other, until a signal comes')
    .argument('<command...>', 'after --: program and arguments; no shell reads them')
    .requiredOption('--type <type...>', 'jobs of these types')
    .option('--beside <name>', 'only while this member is primary', nameArgument)
    .option(
      '--epoch <number>',
      'only under this reign; ends with it',
      numberArgument(1, Number.MAX_SAFE_INTEGER),
    )
    .option('--concurrency <number>', 'jobs at a time', numberArgument(1, 100), 1)
    .addHelpText(
      'after',
      `
The command gets the payload on standard input, and QUORATE_JOB, QUORATE_JOB_TYPE,
QUORATE_JOB_ATTEMPT and QUORATE_EPOCH. Exit code 0: the job is done; any other ends the attempt. If the
claim is lost or the job is to be cancelled, the command gets SIGTERM and then SIGKILL. A signal lets
the jobs under way end; a second one does not.

Examples:
  quorate job work --type deploy -- ./deploy.sh`,
    )
    .action((words: string[]) => work(command, words));
}

type Outcome = FactChange<ReturnType<typeof jobView>>['outcome'];

/** Says what would become of a job. */
function rehearse(
  cli: Cli<unknown>,
  id: string,
  absentAs: 'JOB_NOT_FOUND' | null,
  outcome: Outcome,
): Promise<void> {
  const look = async () => jobView((await cli.client.getJob({ id })).job);
  const about = { what: `job ${id}`, look, absentAs, outcome };
  return rehearseFact(cli, { id }, { ...about, revisionOf: ({ revision }) => revision });
}

const cancelled: Outcome = (job) => {
  const { status = '' } = job ?? {};
  if (status === 'done' || status === 'failed') throw jobStatusError(job?.id ?? '', status);
  if (status === 'cancelled') return 'stay cancelled';
  return status === 'claimed' ? 'be cancelled by its worker, who is told' : 'be cancelled';
};

const retried: Outcome = (job) => {
  const { status = '' } = job ?? {};
  if (status === 'failed' || status === 'cancelled') return 'wait again';
  throw jobStatusError(job?.id ?? '', status);
};

async function submit(cli: Cli<SubmitCliOptions>, type: string, text: string): Promise<void> {
  const { id = randomUUID(), file, resumable = false, attempts, backoff, heartbeat } = cli.options;
  const payload = file === undefined ? Buffer.from(text) : readFileSync(file);
  if (cli.options.dryRun === true) {
    const outcome: Outcome = (job) => {
      if (job === null) return 'be submitted';
      if (job.type === type && isDeepStrictEqual(job.payload, attributeView(payload)))
        return 'be as it is: it was submitted before';
      const message = `there is another job ${JSON.stringify(id)}, of another type or payload`;
      throw new QuorateError('JOB_EXISTS', message, { id });
    };
    await rehearse(cli, id, 'JOB_NOT_FOUND', outcome);
    return;
  }
  const { created } = await cli.client.submitJob({
    id,
    type,
    payload,
    resumable,
    delayMs: cli.options.delay ?? 0,
    ...(attempts === undefined ? {} : { attempts }),
    ...(backoff === undefined ? {} : { backoffMs: backoff }),
    ...(heartbeat === undefined ? {} : { heartbeatMs: heartbeat }),
  });
  const what = created ? 'is submitted.' : 'was submitted before.';
  cli.print({ id, created }, [`Job ${id} ${what}`]);
}

async function get(cli: Cli<ConsistencyOptions>, id: string): Promise<void> {
  const { stale = false } = cli.options;
  const consistency = consistencyOf(cli.options);
  const { job, header } = await cli.client.getJob({ id, consistency });
  const view = jobView(job);
  if (stale) cli.note(stalenessLine(header));
  cli.print(view, () => jobLines(view, cli.style));
}

function list(cli: Cli<ListOptions>, prefix: string): Promise<void> {
  const consistency = consistencyOf(cli.options);
  return printList(cli, {
    key: 'jobs',
    none: 'No jobs.',
    page: async (afterId, limit) => {
      const page = await cli.client.listJobs({ prefix, afterId, limit, consistency });
      return { ...page, views: page.jobs.map(jobOutlineView) };
    },
    placeOf: ({ id }) => id,
    table: (views) => jobTable(views, cli.style),
  });
}

async function work(command: Command, words: readonly string[]): Promise<void> {
  const options = command.optsWithGlobals<WorkOptions>();
  const { tlsFilesFrom } = await import('../../src/tls/identity.js');
  const { connect } = await import('../../src/client/connect.js');
  const { runForJob } = await import('../job-work.js');
  const tls = tlsFilesFrom(options);
  const client = connect({
    addresses: [options.node],
    ...(tls === null ? {} : { tls }),
    ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
  });
  const say = (text: string): void => {
    if (options.json !== true) process.stderr.write(`quorate: ${text}\n`);
  };
  const worker = client.worker({
    ...(options.beside === undefined ? {} : { node: options.beside }),
    ...(options.epoch === undefined ? {} : { epoch: options.epoch }),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    onError: (error) => say(error instanceof Error ? error.message : String(error)),
  });
  let asked: keyof typeof SIGNAL_EXIT | null = null;
  const release = onSignal((signal) => {
    if (asked !== null) worker.abandon();
    asked ??= signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM';
    void worker.close();
  });
  try {
    for (const type of options.type) {
      worker.on(type, async (job) => {
        say(`job ${job.id} begins, attempt ${job.attempt}, epoch ${job.epoch}`);
        await runForJob(job, words);
        say(`job ${job.id} is done`);
      });
    }
    await worker.ended();
    if (asked !== null) process.exitCode = SIGNAL_EXIT[asked];
  } finally {
    release();
    client.close();
  }
}
