// How the command line says no: one line on standard error that says why and what to do next, or, with --json, one
// object with `error`, `code` and `hint` there. Data on standard output stays data. Commander's many-lined usage errors
// are folded into the same form.

import type { CommanderError } from 'commander';
import { ERRORS, EXIT_CODES, QuorateError } from '../src/errors.js';
import { COMPLAINT_MARK } from './arguments.js';
import { cutTo, printable } from './format.js';

/** What is said of a failure, and what the process ends with. */
export interface Failure {
  readonly error: string;
  readonly code: string;
  readonly hint: string;
  readonly exitCode: number;
}

/** The failure behind whatever a command threw; wrong usage points to the help of that command. */
export function failureOf(error: unknown, commandName = ''): Failure {
  if (error instanceof QuorateError) {
    const { message, code, exitCode } = error;
    const isBare = code === 'WRONG_USAGE' && error.hint === ERRORS.WRONG_USAGE.hint;
    const hint = isBare ? helpHint(commandName) : error.hint;
    return { error: message, code, hint, exitCode };
  }
  const text = error instanceof Error ? error.message : String(error);
  const hint = 'Run it again with QUORATE_DEBUG=1 to see where, and report it.';
  return { error: text, code: 'INTERNAL', hint, exitCode: EXIT_CODES.failed };
}

/** Longest that commander's own words are passed on: they hold whatever was typed. */
const USAGE_LENGTH_MAX = 120;

/**
 * Wrong usage as commander tells it, such as `error: unknown option '--foo'\n(Did you mean --force?)`. What we say of
 * an argument follows its name; commander would first repeat the whole argument, which may be long.
 */
export function usageFailure(error: CommanderError, commandName: string): Failure {
  const [about = '', complaint] = error.message.split(COMPLAINT_MARK);
  const suggestion = /\n\((Did you mean .*\?)\)$/.exec(error.message)?.[1];
  const words = about.replace(/^error: /, '').replace(/\n\(Did you mean .*\)$/, '');
  const help = helpHint(commandName);
  return {
    error:
      complaint === undefined
        ? cutTo(words.replace(/\.$/, ''), USAGE_LENGTH_MAX)
        : `${subjectOf(words)}: ${complaint}`,
    code: 'WRONG_USAGE',
    hint: suggestion === undefined ? help : `${suggestion} ${help}`,
    exitCode: EXIT_CODES.wrongUsage,
  };
}

/** What a complaint of ours is about: the environment, an option or an argument, by the name that help shows. */
function subjectOf(words: string): string {
  const variable = / from env '(\w+)' is invalid\. $/.exec(words)?.[1];
  const option = /^option '(?:-\w, )?(--[\w-]+)/.exec(words)?.[1];
  const argument = / is invalid for argument '([^']+)'\. $/.exec(words)?.[1];
  return variable ?? option ?? argument ?? 'an argument';
}

/** Where the usage of a command is told. */
function helpHint(commandName: string): string {
  return `See \`quorate ${commandName === '' ? '' : `${commandName} `}--help\`.`;
}

/** The line, or the object, for a failure. */
export function describeFailure(
  { error, code, hint }: Omit<Failure, 'exitCode'>,
  asJson: boolean,
): string {
  if (asJson) return JSON.stringify({ error, code, hint });
  const stop = /[.!?]$/.test(error) ? '' : '.';
  return printable(`quorate: ${error}${stop}${hint === '' ? '' : ` ${hint}`}`);
}
