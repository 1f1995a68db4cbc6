// One command line from its arguments to its exit code: failures become one line, or one object, on standard error. It
// neither ends the process nor listens to signals, so that several lines may follow one another in one process.

import { CommanderError } from 'commander';
import { describeFailure, failureOf, usageFailure } from './errors.js';
import { CHECK_CODES } from './judgement.js';
import { buildProgram } from './program.js';

/** Runs the command that was typed and answers its exit code; what it prints has been written, not yet taken. */
export async function runLine(argv: readonly string[]): Promise<number> {
  const asJson = wantsJson(argv);
  const program = buildProgram(() => {});
  try {
    if (argv.length === 0) {
      process.stderr.write(program.helpInformation());
      return 2;
    }
    await program.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return endOfParsing(error, argv, asJson);
    if (process.env['QUORATE_DEBUG'] === '1') console.error(error);
    const failure = failureOf(error, commandOf(argv));
    process.stderr.write(`${describeFailure(failure, asJson)}\n`);
    return failure.exitCode;
  }
}

/** Help and version were asked for and end well; everything else that commander throws is wrong usage. */
function endOfParsing(error: CommanderError, argv: readonly string[], asJson: boolean): number {
  if (error.exitCode === 0) return 0;
  // Help for a group of commands without a command: the help itself was already printed on standard error.
  if (error.code === 'commander.help') return 2;
  const name = commandOf(argv);
  const failure = usageFailure(error, name);
  process.stderr.write(`${describeFailure(failure, asJson)}\n`);
  // A monitoring system would take the code of wrong usage for a cluster in trouble.
  return name === 'check' ? CHECK_CODES.UNKNOWN : failure.exitCode;
}

/** The names of the command that the arguments are about, as far as they are known: `session put`, or nothing. */
function commandOf(argv: readonly string[]): string {
  const names: string[] = [];
  let at = buildProgram(() => {});
  for (const word of argv) {
    const next = at.commands.find((command) => {
      return command.name() === word || command.aliases().includes(word);
    });
    if (next === undefined) continue;
    names.push(next.name());
    at = next;
  }
  return names.join(' ');
}

export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}
