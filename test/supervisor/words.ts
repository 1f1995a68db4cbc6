// Builders for tests of the supervisor: a process as defined, a supervisor at hand, and what of its runs is still
// alive on this machine. Every supervisor ends with the test that began it.

import { onTestFinished } from 'vitest';
import type { ProcessDefinition } from '../../src/keeper/process-definition.js';
import { SystemClock } from '../../src/ops/clock.js';
import { processTable } from '../../src/supervisor/process-table.js';
import { Supervisor } from '../../src/supervisor/supervisor.js';
import type { SupervisorOptions } from '../../src/supervisor/supervisor.js';

export function definition(
  name: string,
  command: readonly string[],
  how: Partial<ProcessDefinition> = {},
): ProcessDefinition {
  return {
    name,
    group: null,
    start: true,
    command,
    primaryOnly: false,
    environment: {},
    workingDirectory: null,
    user: null,
    stopGraceMs: 10_000,
    restart: { limit: 3, withinMs: 60_000 },
    memoryBytes: null,
    output: null,
    ...how,
  };
}

/** A shell that does what the text says: the test's, nothing of the product's. */
export function script(text: string): readonly string[] {
  return ['/bin/sh', '-c', text];
}

export const clock = new SystemClock();
let nextInstall = 0;

export interface AtHand {
  readonly supervisor: Supervisor;
  readonly installId: string;
  /** Every line of the log, as `level sentence {fields}`. */
  readonly lines: string[];
  readonly givenUp: string[];
  /** Marked processes that live, by their numbers. */
  readonly alive: (name?: string) => number[];
}

/** Starts a supervisor; it ends with the test. */
export async function supervise(
  processes: readonly ProcessDefinition[],
  how: Partial<SupervisorOptions> = {},
): Promise<AtHand> {
  nextInstall += 1;
  const installId = `test-${process.pid}-${nextInstall}`;
  const lines: string[] = [];
  const givenUp: string[] = [];
  const say = (level: string) => (fields: object, sentence: string) => {
    lines.push(`${level} ${sentence} ${JSON.stringify(fields)}`);
  };
  const log = { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') };
  const supervisor = new Supervisor(
    { installId, processes, api: '127.0.0.1:1', name: 'n1', ...how },
    { clock, log, onGivenUp: (name, epoch) => givenUp.push(`${name} under ${epoch}`) },
  );
  onTestFinished(() => supervisor.end());
  await supervisor.start();
  const strangers = new Map<number, string>();
  const alive = (name = ''): number[] =>
    processTable(strangers)
      .filter(({ mark }) => mark?.startsWith(`${installId}/${name}`) === true)
      .map(({ pid }) => pid);
  return { supervisor, installId, lines, givenUp, alive };
}

/** Waits until `isSo`; fails, saying what was waited for, after a minute. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const endMs = clock.nowMs() + 60_000;
  while (!isSo()) {
    if (clock.nowMs() > endMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
}
