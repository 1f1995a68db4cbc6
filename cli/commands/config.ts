// `quorate config check`: whether a configuration file is right, without a daemon, and what it means. Errors are one a line with
// their place; advice changes nothing about the exit code.

import type { Command } from 'commander';
import type { GlobalOptions } from '../cli.js';
import { printJson, printLines } from '../cli.js';
import { count, printable } from '../format.js';

/** Adds the commands. */
export function registerConfig(program: Command): void {
  const config = program.command('config').description('the configuration file');
  const check = config
    .command('check')
    .description('check a file without a daemon: every error in one run, and advice')
    .argument('<file>', 'the file, YAML')
    .addHelpText(
      'after',
      `
Errors are printed as FILE:LINE:COL: message; the command then ends with 1. Advice is about what is right
and may still surprise. Variables of the environment and QUORATE_KEY are those of this command. With
--json one object is printed: file, valid, errors (line, column, message), advice.

Examples:
  quorate config check /etc/quorate/quorate.yaml
  QUORATE_KEY=$(cat key) quorate config check quorate.yaml --json`,
    )
    .action((file: string) => checkFile(file, check.optsWithGlobals<GlobalOptions>()));
}

async function checkFile(file: string, { json }: GlobalOptions): Promise<void> {
  const isJson = json === true;
  // Loaded only here: no other command waits for the library.
  const { loadConfig } = await import('../config-file.js');
  const { ConfigFileError } = await import('../../src/config/read-config.js');
  const { adviceOn, unresolvedHosts } = await import('../../src/config/advice.js');
  try {
    const { config } = await loadConfig(file, isJson);
    const advice = [...adviceOn(config), ...(await unresolvedHosts(config))];
    if (isJson) {
      printJson({ file, valid: true, errors: [], advice });
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
    ];
    printLines(lines.map(printable));
  } catch (error) {
    if (isJson && error instanceof ConfigFileError) {
      printJson({ file, valid: false, errors: error.errors, advice: [] });
    }
    throw error;
  }
}
