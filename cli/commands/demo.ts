// `quorate demo`: a cluster of real daemons on this machine, in one command. Without options it stays until Ctrl-C;
// --story tells what Quorate is for and checks each sentence; --kills measures fail-over. Whatever it started ends with it.

import type { Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { QuorateError } from '../../src/errors.js';
import { durationArgument, numberArgument } from '../arguments.js';
import { printJson, printLines } from '../cli.js';
import type { GlobalOptions } from '../cli.js';
import { exitWith, onSignal } from '../exit.js';
import type { Signal } from '../exit.js';
import { styleFor } from '../format.js';
import type { LocalCluster } from '../demo/cluster.js';

interface DemoOptions {
  readonly nodes: number;
  readonly story?: true;
  readonly kills?: number;
  readonly electionTimeout?: number;
}

const NODES_MAX = 9;
const KILLS_MAX = 1000;

/** Adds the command. */
export function registerDemo(program: Command): void {
  const command = program
    .command('demo')
    .description('a cluster of real daemons on this machine, in one command')
    .option('--nodes <number>', 'how many', numberArgument(1, NODES_MAX), 3)
    .option('--story', 'tell what it is for, check every claim, and end by itself')
    .option(
      '--kills <number>',
      'measure fail-over: kill -9 the primary this often, and end by itself',
      numberArgument(1, KILLS_MAX),
    )
    .option('--election-timeout <duration>', 'of the cluster (default: 1s)', durationArgument)
    .addHelpText(
      'after',
      `
Ports 6000, 6001, 8080, 6010, … of 127.0.0.1 if all are free, else others. Data and logs are in a
temporary directory that is removed at the end. The daemons end with this command, however it ends.
The Command Center of each node has a password made for this run, printed once.

--story tells of three daemons: they form a cluster, the primary is killed with kill -9, another takes
over with every session, the old one returns, the primacy is handed back, two of three are killed and
the last one refuses. Each claim is checked; a false one ends it with 1.

--kills prints how it measures: the time from kill -9 of the primary to the first accepted write, each
time, their median and the worst.

Examples:
  quorate demo
  quorate demo --story
  quorate demo --kills 20 --election-timeout 300ms
  quorate demo --kills 20 --json`,
    )
    .action(() => demo(command.optsWithGlobals<DemoOptions & GlobalOptions>()));
}

async function demo(options: DemoOptions & GlobalOptions): Promise<void> {
  checkCombination(options);
  const { LocalCluster: Local } = await import('../demo/cluster.js');
  const electionTimeout =
    options.electionTimeout === undefined ? null : `${options.electionTimeout}ms`;
  const password = randomBytes(12).toString('base64url');
  const plan = { nodes: options.nodes, electionTimeout, bin: builtCommand(), password };
  const cluster = await Local.plan(plan);
  const signalled = new Promise<Signal>((resolve) => {
    let isEnding = false;
    onSignal((signal) => {
      if (isEnding) void exitWith(exitCodeOf(signal));
      isEnding = true;
      resolve(signal);
    });
  });
  try {
    const signal = await Promise.race([signalled, run(cluster, options, signalled)]);
    if (signal !== null) process.exitCode = exitCodeOf(signal);
  } finally {
    await cluster.close();
  }
}

/** Null: it ended by itself. */
async function run(
  cluster: LocalCluster,
  options: DemoOptions & GlobalOptions,
  signalled: Promise<Signal>,
): Promise<Signal | null> {
  if (options.story === true) await story(cluster, options.json === true);
  if (options.kills !== undefined) await kills(cluster, options.kills, options);
  if (options.story === true || options.kills !== undefined) return null;
  return stay(cluster, options.json === true, signalled);
}

async function story(cluster: LocalCluster, asJson: boolean): Promise<void> {
  const { FalseClaim, Narrator } = await import('../demo/narrator.js');
  const { tellStory } = await import('../demo/story.js');
  const style = styleFor(process.stdout);
  const narrator = new Narrator(style, asJson ? null : (text) => process.stdout.write(text));
  try {
    await tellStory(cluster, narrator);
  } catch (error) {
    if (!(error instanceof FalseClaim)) throw error;
    if (asJson) printJson(narrator.report());
    throw new QuorateError(
      'INTERNAL',
      `the story does not hold: ${error.message}`,
      {},
      {
        hint: 'Report it with what was printed.',
      },
    );
  }
  const { durationMs, chapters } = narrator.report();
  if (asJson) {
    printJson(narrator.report());
    return;
  }
  const claims = chapters.reduce((sum, chapter) => sum + chapter.claims.length, 0);
  const seconds = (durationMs / 1000).toFixed(1);
  narrator.line();
  narrator.line(
    `${style.green('✓')} ${style.bold(`The story held: ${claims} claims, ${seconds} s.`)}`,
  );
}

async function kills(
  cluster: LocalCluster,
  number: number,
  options: DemoOptions & GlobalOptions,
): Promise<void> {
  const { killLine, killsLines, measureKills, methodOf } = await import('../demo/kills.js');
  const isJson = options.json === true;
  const style = styleFor(process.stdout);
  if (cluster.running.length === 0) {
    await cluster.startAll();
    await cluster.form();
  }
  if (!isJson)
    printLines([
      '',
      style.bold('How long a fail-over takes'),
      ...methodOf(options.nodes, number),
      '',
    ]);
  const report = await measureKills(cluster, number, (failover, at) => {
    if (!isJson) printLines([killLine(failover, at)]);
  });
  if (isJson) printJson(report);
  else printLines(['', ...killsLines(report, style)]);
}

async function stay(
  cluster: LocalCluster,
  asJson: boolean,
  signalled: Promise<Signal>,
): Promise<Signal> {
  await cluster.startAll();
  await cluster.form();
  const view = await cluster.settled();
  const { clusterLines } = await import('../status-view.js');
  const commandCenter = commandCenterOf(cluster);
  if (asJson) printJson({ ...view, directory: cluster.directory, commandCenter });
  else printLines([...clusterLines(view, styleFor(process.stdout)), '', ...whatToTry(cluster)]);
  return signalled;
}

function whatToTry(cluster: LocalCluster): string[] {
  const [first, second = first] = cluster.daemons;
  const at = `--node ${first?.api ?? ''}`;
  const elsewhere = `--node ${second?.api ?? ''}`;
  return [
    `In another terminal${howToRun()}:`,
    `  quorate mon-cluster --watch ${at}`,
    `  quorate session put alice cart=3 ${at}`,
    `  quorate session get alice ${elsewhere}`,
    `  quorate set-primary ${second?.name ?? ''} ${at}`,
    `  curl -i http://${first?.plan.http ?? ''}/primary`,
    `  kill -9 ${first?.pid ?? ''}      # ${first?.name ?? ''}`,
    `Data and logs: ${cluster.directory}`,
    ...commandCenterLines(cluster),
    'Ctrl-C stops them all.',
  ];
}

/** Where the page of the first node is, and what lets somebody act there; told once, here. */
function commandCenterOf(cluster: LocalCluster): {
  readonly url: string;
  readonly password: string;
} {
  const { http = '', password = '' } = cluster.daemons[0]?.plan ?? {};
  return { url: `http://${http}/commandcenter`, password };
}

function commandCenterLines(cluster: LocalCluster): string[] {
  const { url, password } = commandCenterOf(cluster);
  return [`Command Center: ${url}`, `  password to act there: ${password}`];
}

/** How to run the command where no `quorate` was installed, as in a clone of the repository. */
function howToRun(): string {
  const script = process.argv[1] ?? '';
  return script.endsWith('.js') ? `, where quorate stands for node ${script}` : '';
}

function checkCombination({ story: isStory, kills: number, nodes }: DemoOptions): void {
  if (isStory === true && nodes !== 3) {
    throw new QuorateError('WRONG_USAGE', `--story is about 3 nodes, not ${nodes}`);
  }
  if (number !== undefined && nodes < 3) {
    throw new QuorateError('WRONG_USAGE', `--kills needs 3 nodes or more, got ${nodes}`);
  }
}

/** The daemons are started from the built command: this one, or the build beside the sources. */
function builtCommand(): string {
  const candidates = ['../main.js', '../../dist/cli/main.js'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new QuorateError(
    'WRONG_USAGE',
    'there is no built command to start daemons from',
    {},
    {
      hint: 'Run `npm run build` first.',
    },
  );
}

function exitCodeOf(signal: Signal): number {
  return signal === 'SIGINT' ? 128 + 2 : 128 + 15;
}
