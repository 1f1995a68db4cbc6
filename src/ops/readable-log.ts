// The log as people read it at a terminal: a line an event, the time of day, then what happened and its fields. Anywhere else, as
// for a journal or a collector, a line stays one JSON object.

import type { DestinationStream } from 'pino';

import { standardError } from './logger.js';

/** Where a daemon's log goes: readable if standard error is a terminal, coloured unless NO_COLOR says otherwise. */
export async function daemonLog(
  isTerminal = process.stderr.isTTY,
  below: DestinationStream = standardError(),
): Promise<DestinationStream> {
  if (!isTerminal) return below;
  // Loaded here, since a daemon that serves has no terminal.
  const { isColorSupported, prettyFactory } = await import('pino-pretty');
  const readable = prettyFactory({
    colorize: isColorSupported,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'node',
    singleLine: true,
    errorLikeObjectKeys: ['error'],
  });
  return {
    write(line) {
      below.write(readable(line));
    },
  };
}
