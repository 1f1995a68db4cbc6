// `quorate mon [--watch]`: this node's processes and the node itself, as it and its keeper know them. It asks the node alone and
// needs no quorum.

import type { Command } from 'commander';
import { durationArgument } from '../arguments.js';
import { withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { keepLooking, widthOf } from '../looking.js';
import { monKey, monLines, monView } from '../process-view.js';
import type { MonView } from '../process-view.js';

interface MonOptions {
  readonly watch?: true;
  readonly interval?: number;
}

/** Adds the command. */
export function registerMon(program: Command): void {
  const command = program
    .command('mon')
    .description("this node's processes: state, pid, restarts, CPU, memory, up-time; and its own")
    .option('--watch', 'keep looking until q or Ctrl-C')
    .option('--interval <duration>', 'time between looks (default: 1s)', durationArgument)
    .addHelpText(
      'after',
      `
CPU and MEMORY are of a process and all its descendants (TREE: how many), measured once a second;
100 % is one processor busy. ONLY: runs on the primary alone. STANDBY: it starts when this node is
primary. The third line says whether descendants that detach end with their process. The values of a
process's environment are never shown.

Examples:
  quorate mon
  quorate mon --watch --node 192.168.2.11
  quorate mon --watch --json --interval 5s`,
    )
    .action(() => withClient<MonOptions>(command, mon));
}

async function mon(cli: Cli<MonOptions>): Promise<void> {
  const { options, client, style } = cli;
  const look = async (): Promise<MonView> => monView(await client.listProcesses());
  const lines = (view: MonView, width?: number): string[] => monLines(view, style, width);
  if (options.watch === true) {
    const json = (view: MonView): MonView => view;
    await keepLooking(cli, options.interval, { look, key: monKey, json, lines });
    return;
  }
  const view = await look();
  cli.print(view, () => lines(view, widthOf(process.stdout)));
}
