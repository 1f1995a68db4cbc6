// The command `quorate simulate replay`: a run again, to the last event, from its seed. The hash of its trace can be compared
// with the one that an earlier run printed: if it differs, this is not the same run, and the tool has failed.

import { performance } from 'node:perf_hooks';

import { parseOptions, UsageError } from '../arguments.js';
import { EXIT, exitOf, showRun } from '../format.js';
import { reportOf } from '../report.js';
import { run } from '../run.js';
import type { Surroundings } from '../surroundings.js';
import { RUN_OPTIONS, refuseOthers, settingIn } from './asked.js';

/** Answers the exit code. Throws a `UsageError`. */
export function replayCommand(args: readonly string[], { out, fail }: Surroundings): number {
  const { values, positionals } = parseOptions(args, {
    ...RUN_OPTIONS,
    hash: { type: 'string' },
    trace: { type: 'boolean' },
  });
  const [seed, ...others] = values.seed === undefined ? positionals : [values.seed, ...positionals];
  if (seed === undefined) throw new UsageError('expected the SEED of a run');
  refuseOthers(others);
  const { hash } = values;
  if (hash !== undefined && !/^[0-9a-f]{14}$/.test(hash)) {
    throw new UsageError(`expected --hash of 14 hexadecimal digits, got ${hash}`);
  }
  const setting = settingIn({ ...values, seed });
  const isJson = values.json ?? false;
  if (!isJson) out(`seed ${setting.seed}`);
  const startMs = performance.now();
  const result = run(values.trace === true ? { ...setting, sink: out } : setting);
  const report = reportOf(result, performance.now() - startMs);
  if (isJson) out(JSON.stringify(report));
  else for (const line of showRun(report)) out(line);
  if (hash !== undefined && hash !== report.hash) {
    const hint = 'Another version of the code, other options or another seed gives another run.';
    const error = `expected the hash ${hash}, got ${report.hash}`;
    fail({ error, code: 'NOT_THE_SAME_RUN', hint });
    return EXIT.failed;
  }
  return exitOf(result.verdict);
}
