// Looking at something again and again: redrawn on a terminal, one JSON line a look with --json, and elsewhere one block a
// change. A node that does not answer is something to show, not the end. What is looked at is the command's.

import { setTimeout as pause } from 'node:timers/promises';
import { EXIT_CODES, QuorateError } from '../src/errors.js';
import { printJson } from './cli.js';
import type { Cli } from './cli.js';
import { describeFailure, failureOf } from './errors.js';
import { LINE_WIDTH_MAX } from './format.js';
import { Screen } from './screen.js';

const INTERVAL_DEFAULT_MS = 1000;

/** What is looked at. */
export interface Looking<Seen> {
  readonly look: () => Promise<Seen>;
  /** What counts as a change. */
  readonly key: (seen: Seen) => string;
  /** What --json prints. */
  readonly json: (seen: Seen) => unknown;
  readonly lines: (seen: Seen, width?: number) => string[];
}

/** A terminal may be narrower than a table's limit, never is a table wider. */
export function widthOf(stream: { readonly columns?: number; readonly isTTY?: boolean }): number {
  return stream.isTTY === true && stream.columns !== undefined
    ? Math.min(LINE_WIDTH_MAX, stream.columns)
    : LINE_WIDTH_MAX;
}

/** Looks until a key or a signal ends it. */
export async function keepLooking<Seen>(
  cli: Cli<object>,
  intervalMs: number = INTERVAL_DEFAULT_MS,
  looking: Looking<Seen>,
): Promise<void> {
  const isDrawing = process.stdout.isTTY && !cli.isJson;
  const screen = isDrawing ? new Screen(process.stdout, process.stdin) : null;
  let told = '';
  try {
    screen?.open();
    while (screen === null || !screen.isLeft) {
      const glanced = await Promise.race([glance(cli, looking), screen?.left ?? NEVER]);
      if (glanced === undefined) break;
      const { key, seen, trouble } = glanced;
      if (screen !== null) {
        const width = widthOf(process.stdout);
        const body = seen === null ? [trouble] : looking.lines(seen.value, width);
        screen.draw([...body, '', cli.style.dim('q or Ctrl-C leaves')]);
      } else if (cli.isJson) {
        if (seen !== null) printJson(looking.json(seen.value));
        else if (key !== told) process.stderr.write(`${trouble}\n`);
      } else if (key !== told) {
        if (seen === null) process.stderr.write(`${trouble}\n`);
        else tellChange(looking.lines(seen.value));
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

interface Glance<Seen> {
  readonly key: string;
  readonly seen: { readonly value: Seen } | null;
  /** Why there is none. */
  readonly trouble: string;
}

async function glance<Seen>(cli: Cli<object>, { look, key }: Looking<Seen>): Promise<Glance<Seen>> {
  try {
    const value = await look();
    return { key: key(value), seen: { value }, trouble: '' };
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    const trouble = describeFailure(failureOf(error), cli.isJson);
    return { key: error.code, seen: null, trouble };
  }
}

function tellChange(lines: readonly string[]): void {
  process.stdout.write(`${[new Date().toISOString(), ...lines, ''].join('\n')}\n`);
}
