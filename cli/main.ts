#!/usr/bin/env node
// The command `quorate`: runs what was typed and ends with its exit code, once its output was taken. A reader that goes
// away (`quorate … | head`) ends it quietly.

import { EXIT_CODES } from '../src/errors.js';
import { describeFailure, failureOf } from './errors.js';
import { exitWith, onSignal, watchOutput } from './exit.js';
import { runLine, wantsJson } from './run-line.js';

watchOutput();
process.on('uncaughtException', (error) => {
  // The daemon has a listener of its own.
  if (process.listenerCount('uncaughtException') > 1) return;
  process.stderr.write(`${describeFailure(failureOf(error), wantsJson(process.argv))}\n`);
  process.exit(EXIT_CODES.failed);
});
onSignal((signal) => {
  void exitWith(signal === 'SIGINT' ? 130 : 143);
});
await exitWith(await runLine(process.argv.slice(2)));
