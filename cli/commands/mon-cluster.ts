// `quorate mon-cluster [--watch]`: all nodes and what holds them together. Linearizable while there is a quorum; without
// one it shows what the node asked knows and ends with 3. Watching redraws on a terminal, writes one JSON line a look
// with --json, and elsewhere one block a change.

import type { Command } from 'commander';
import { setTimeout as pause } from 'node:timers/promises';
import type { QuorateClient } from '../../src/client/client.js';
import { clusterView, failuresView, isConfirmed } from '../../src/client/cluster-view.js';
import type { ClusterView, FailuresView } from '../../src/client/cluster-view.js';
import { EXIT_CODES, QuorateError } from '../../src/errors.js';
import { durationArgument } from '../arguments.js';
import { printJson, withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { describeFailure, failureOf } from '../errors.js';
import { Screen } from '../screen.js';
import { changeKey, clusterLines } from '../status-view.js';

interface MonOptions {
  readonly watch?: true;
  readonly interval?: number;
}

const INTERVAL_DEFAULT_MS = 1000;

/** Adds the command. */
export function registerMonCluster(program: Command): void {
  const command = program
    .command('mon-cluster')
    .alias('MonCluster')
    .description('all nodes: state, role, addresses, indexes, lag, last contact, version, up-time')
    .option('--watch', 'keep looking until q or Ctrl-C')
    .option('--interval <duration>', 'time between looks (default: 1s)', durationArgument)
    .addHelpText(
      'after',
      `
Ends with 3 and shows what the node asked knows if there is no quorum. A clean node shows itself.
--watch redraws on a terminal, prints one JSON object a look with --json, else one block a change.
Below the table stands which nodes may fail next, with which the service would end, and how the
cluster could survive more. LAG: entries that the leader has and the node is not known to have.
CONTACT: since the leader heard it.

Examples:
  quorate mon-cluster
  quorate mon-cluster --watch
  quorate mon-cluster --json --node 192.168.2.11
  quorate mon-cluster --watch --json --interval 250ms`,
    )
    .action(() => withClient<MonOptions>(command, monCluster));
}

async function monCluster(cli: Cli<MonOptions>): Promise<void> {
  if (cli.options.watch === true) {
    await watch(cli);
    return;
  }
  const { view, failures } = await look(cli.client);
  cli.print(view, () => clusterLines(view, cli.style, widthOf(process.stdout), failures));
  process.exitCode = exitCodeOf(view);
}

interface Look {
  readonly view: ClusterView;
  readonly failures: FailuresView | null;
}

/** How the cluster stands; without a quorum, what the node asked and those it reaches know by themselves. */
async function look(client: QuorateClient): Promise<Look> {
  const response = await client.status();
  return { view: clusterView(response), failures: failuresView(response) };
}

function exitCodeOf(view: ClusterView): number {
  return isConfirmed(view) ? EXIT_CODES.done : EXIT_CODES.noAnswer;
}

/** A terminal may be narrower than a table's limit, never is a table wider. */
function widthOf(stream: { readonly columns?: number; readonly isTTY?: boolean }): number {
  return stream.isTTY === true && stream.columns !== undefined
    ? Math.min(100, stream.columns)
    : 100;
}

async function watch(cli: Cli<MonOptions>): Promise<void> {
  const isDrawing = process.stdout.isTTY && !cli.isJson;
  const screen = isDrawing ? new Screen(process.stdout, process.stdin) : null;
  const intervalMs = cli.options.interval ?? INTERVAL_DEFAULT_MS;
  let told = '';
  try {
    screen?.open();
    while (screen === null || !screen.isLeft) {
      const glanced = await Promise.race([glance(cli), screen?.left ?? NEVER]);
      if (glanced === undefined) break;
      const { key, look: seen, trouble } = glanced;
      if (screen !== null) {
        const width = widthOf(process.stdout);
        const body = seen === null ? [trouble] : linesOf(cli, seen, width);
        screen.draw([...body, '', cli.style.dim('q or Ctrl-C leaves')]);
      } else if (cli.isJson) {
        if (seen !== null) printJson(seen.view);
        else if (key !== told) process.stderr.write(`${trouble}\n`);
      } else if (key !== told) {
        tellChange(cli, seen, trouble);
      }
      told = key;
      await (screen === null ? pause(intervalMs) : screen.pause(intervalMs));
    }
  } finally {
    screen?.close();
  }
  process.exitCode = screen?.exitCode ?? EXIT_CODES.done;
}

/** Without a screen only a signal ends the watch. */
const NEVER = new Promise<undefined>(() => {});

interface Glance {
  readonly key: string;
  readonly look: Look | null;
  /** Why there is none. */
  readonly trouble: string;
}

/** One look while watching: a node that does not answer is something to show, not the end. */
async function glance(cli: Cli<MonOptions>): Promise<Glance> {
  try {
    const seen = await look(cli.client);
    const key = JSON.stringify([changeKey(seen.view), seen.failures]);
    return { key, look: seen, trouble: '' };
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    const trouble = describeFailure(failureOf(error), cli.isJson);
    return { key: error.code, look: null, trouble };
  }
}

function linesOf({ style }: Cli<MonOptions>, { view, failures }: Look, width?: number): string[] {
  return clusterLines(view, style, width, failures);
}

function tellChange(cli: Cli<MonOptions>, seen: Look | null, trouble: string): void {
  if (seen === null) {
    process.stderr.write(`${trouble}\n`);
    return;
  }
  const time = new Date().toISOString();
  process.stdout.write(`${[time, ...linesOf(cli, seen), ''].join('\n')}\n`);
}
