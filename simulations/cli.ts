// The command `quorate simulate`: finds the subcommand, and says in one line what is wrong with its arguments. Standard
// output carries results only; progress goes to standard error, and only to a terminal.

import { UsageError } from './arguments.js';
import { checkCommand } from './check.js';
import { benchCommand } from './commands/bench.js';
import { formingCommand } from './commands/forming.js';
import { listCommand } from './commands/list.js';
import { minimiseCommand } from './commands/minimise.js';
import { mutantsCommand } from './commands/mutants.js';
import { replayCommand } from './commands/replay.js';
import { runOneCommand } from './commands/run.js';
import { scenariosCommand } from './commands/scenarios.js';
import { sweepCommand } from './commands/sweep.js';
import { USAGE } from './commands/usage.js';
import { EXIT } from './format.js';
import type { Surroundings } from './surroundings.js';

type Subcommand = (args: readonly string[], surroundings: Surroundings) => number | Promise<number>;

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map<string, Subcommand>([
  ['run', runOneCommand],
  ['sweep', sweepCommand],
  ['replay', replayCommand],
  ['minimise', minimiseCommand],
  ['check', checkCommand],
  ['mutants', mutantsCommand],
  ['scenarios', scenariosCommand],
  ['forming', formingCommand],
  ['list', listCommand],
  ['bench', benchCommand],
]);

/**
 * Carries out `simulate` with the arguments behind that word; answers the exit code.
 * Throws only if the simulator itself fails; wrong usage is said.
 */
export async function runCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { out, fail } = surroundings;
  const [command = '', ...rest] = args;
  if (rest.includes('--help') || command === '--help') {
    out(USAGE);
    return EXIT.held;
  }
  try {
    const subcommand = SUBCOMMANDS.get(command);
    if (subcommand !== undefined) return await subcommand(rest, surroundings);
    const got = command === '' || command.startsWith('-') ? 'none of them' : command;
    throw new UsageError(`expected one of ${[...SUBCOMMANDS.keys()].join(', ')}, got ${got}`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = 'See `quorate simulate --help`.';
    fail({ error: error.message, code: 'WRONG_USAGE', hint });
    return EXIT.usage;
  }
}
