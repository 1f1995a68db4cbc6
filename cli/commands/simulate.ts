// `quorate simulate`: the production code under simulated time, network and disk, from one seed. The simulator reads its
// own arguments and is loaded only here; this file passes them on, with what commander already took out of them.

import type { Command } from 'commander';
import type { GlobalOptions } from '../cli.js';
import { describeFailure } from '../errors.js';
import { exitWith, onSignal } from '../exit.js';

/** Adds the command. */
export function registerSimulate(program: Command): void {
  const command = program
    .command('simulate')
    .description('the production code under simulated time, network and disk, from one seed')
    .argument('[arguments...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((args: string[]) => simulate(args, command.optsWithGlobals<GlobalOptions>()));
}

async function simulate(args: readonly string[], { json, timeout }: GlobalOptions): Promise<void> {
  const { runCommand } = await import('../../simulations/cli.js');
  const all = [
    ...args,
    ...(json === true ? ['--json'] : []),
    ...(timeout === undefined ? [] : ['--timeout', `${timeout}ms`]),
  ];
  process.exitCode = await runCommand(all, {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(text),
    fail: (failure) => void process.stderr.write(`${describeFailure(failure, json === true)}\n`),
    isTerminal: process.stderr.isTTY,
    onInterrupt,
  });
}

/** The first Ctrl-C lets the simulator tell what it has; a second, or SIGTERM, ends the process at once. */
function onInterrupt(stop: () => void): () => void {
  let isStopping = false;
  return onSignal((signal) => {
    if (signal === 'SIGTERM' || isStopping) void exitWith(signal === 'SIGTERM' ? 143 : 130);
    isStopping = true;
    stop();
  });
}
