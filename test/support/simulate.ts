// Calls `quorate simulate` in this process and keeps what it says, for tests of the simulator's command line. An interrupt can
// be played after a number of lines or turns of the event loop.

import { runCommand } from '../../simulations/cli.js';
import type { Surroundings } from '../../simulations/surroundings.js';

/** What came of a command. */
export interface Said {
  readonly exit: number;
  readonly out: string[];
  readonly err: string;
}

/** Carries a command out. */
export async function command(...args: readonly string[]): Promise<Said> {
  return carryOut(args, () => () => undefined);
}

/** As `command`, with an interrupt after some milliseconds of real time. */
command.interruptedAfter = async (ms: number, ...args: readonly string[]): Promise<Said> =>
  carryOut(args, (stop) => {
    const timer = setTimeout(stop, ms);
    return () => clearTimeout(timer);
  });

async function carryOut(
  args: readonly string[],
  onInterrupt: Surroundings['onInterrupt'],
): Promise<Said> {
  const out: string[] = [];
  let err = '';
  const exit = await runCommand(args, {
    out: (text) => out.push(...text.split('\n')),
    err: (text) => {
      err += text;
    },
    fail: ({ error }) => {
      err += `${error}\n`;
    },
    isTerminal: false,
    onInterrupt,
  });
  return { exit, out, err };
}
