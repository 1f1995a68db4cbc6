// `quorate config check`: whether a configuration file is right, without a daemon, and what it means. Errors are one a line with
// their place; advice changes nothing about the exit code.

import type { Command } from 'commander';
import type { GlobalOptions } from '../cli.js';
import { printJson, printLines, withClient } from '../cli.js';
import type { ConfigFile } from '../../src/config/read-config.js';
import type { RunningDifference } from '../running-config.js';
import { count, printable } from '../format.js';

/** Adds the commands. */
export function registerConfig(program: Command): void {
  const config = program.command('config').description('the configuration file');
  const check = config
    .command('check')
    .description('check a file without a daemon: every error in one run, and advice')
    .argument('<file>', 'the file, YAML')
    .option('--running', 'also ask the node (--node) how the file differs from what runs')
    .addHelpText(
      'after',
      `
Errors are printed as FILE:LINE:COL: message; the command then ends with 1. Advice is about what is right
and may still surprise. Variables of the environment and QUORATE_KEY are those of this command. With
--json one object is printed: file, valid, errors (line, column, message), advice. --running changes
nothing either, and adds differences (key, runs, says, effect, why) to that object.

Examples:
  quorate config check /etc/quorate/quorate.yaml
  quorate config check /etc/quorate/quorate.yaml --running --node 192.168.2.10
  QUORATE_KEY=$(cat key) quorate config check quorate.yaml --json`,
    )
    .action((file: string) => checkFile(check, file));
}

interface CheckOptions {
  readonly running?: true;
}

async function checkFile(command: Command, file: string): Promise<void> {
  const { json, running } = command.optsWithGlobals<CheckOptions & GlobalOptions>();
  const isJson = json === true;
  // Loaded only here: no other command waits for the library.
  const { loadConfig } = await import('../config-file.js');
  const { ConfigFileError } = await import('../../src/config/read-config.js');
  const { adviceOn, unresolvedHosts } = await import('../../src/config/advice.js');
  try {
    const loaded = await loadConfig(file, isJson);
    const { config } = loaded;
    const compared = running === true ? await comparison(command, loaded) : null;
    const advice = [...adviceOn(config), ...(await unresolvedHosts(config))];
    if (isJson) {
      const more = compared === null ? {} : { differences: compared.differences };
      printJson({ file, valid: true, errors: [], advice, ...more });
      return;
    }
    const { cluster, system, processes } = config;
    const parts = [
      `cluster ${cluster.name}`,
      count(system.hosts.length, 'host'),
      count(system.items.length, 'item'),
      count(processes.length, 'process', 'processes'),
    ];
    const lines = [
      `${file} is right: ${parts.join(', ')}.`,
      ...advice.map((text) => `Advice: ${text}`),
      ...(compared?.lines ?? []),
    ];
    printLines(lines.map(printable));
  } catch (error) {
    if (isJson && error instanceof ConfigFileError) {
      printJson({ file, valid: false, errors: error.errors, advice: [] });
    }
    throw error;
  }
}

/** What runs differently, asked of the node. */
async function comparison(command: Command, loaded: ConfigFile) {
  const { compareWithRunning, differenceLine } = await import('../running-config.js');
  const differences: RunningDifference[] = [];
  const lines: string[] = [];
  await withClient<object>(command, async ({ client }) => {
    const compared = await compareWithRunning(client, loaded);
    const { node, note } = compared;
    differences.push(...compared.differences);
    lines.push(...differences.map((it) => differenceLine(it, node, false)));
    if (note !== null) lines.push(note);
    else if (lines.length === 0) lines.push(`${node} runs what the file says.`);
  });
  return { differences, lines };
}
