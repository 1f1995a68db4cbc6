// How the command line says no: one line on standard error that says why and what to do next, or, with --json, one
// object with `error`, `code` and `hint` there. Data on standard output stays data. Commander's many-lined usage errors
// are folded into the same form.

import type { CommanderError } from 'commander';
import { EXIT_CODES, QuorateError } from '../src/errors.js';
import { printable } from './format.js';

/** What is said of a failure, and what the process ends with. */
export interface Failure {
  readonly error: string;
  readonly code: string;
  readonly hint: string;
  readonly exitCode: number;
}

/** The failure behind whatever a command threw. */
export function failureOf(error: unknown): Failure {
  if (error instanceof QuorateError) {
    const { message, code, hint, exitCode } = error;
    return { error: message, code, hint, exitCode };
  }
  const text = error instanceof Error ? error.message : String(error);
  const hint = 'Run it again with QUORATE_DEBUG=1 to see where, and report it.';
  return { error: text, code: 'INTERNAL', hint, exitCode: EXIT_CODES.failed };
}

/** Wrong usage as commander tells it: `error: unknown option '--foo'\n(Did you mean --force?)`. */
export function usageFailure(error: CommanderError, commandName: string): Failure {
  const [first = '', ...rest] = error.message.split('\n');
  const help = `See \`quorate ${commandName === '' ? '' : `${commandName} `}--help\`.`;
  const suggestion = rest.join(' ').replaceAll(/^\(|\)$/g, '');
  return {
    error: first.replace(/^error: /, '').replace(/\.$/, ''),
    code: 'WRONG_USAGE',
    hint: suggestion === '' ? help : `${suggestion} ${help}`,
    exitCode: EXIT_CODES.wrongUsage,
  };
}

/** The line, or the object, for a failure. */
export function describeFailure({ error, code, hint }: Failure, asJson: boolean): string {
  if (asJson) return JSON.stringify({ error, code, hint });
  const stop = /[.!?]$/.test(error) ? '' : '.';
  return printable(`quorate: ${error}${stop}${hint === '' ? '' : ` ${hint}`}`);
}
