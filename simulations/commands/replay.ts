// The command `quorate simulate replay`: a run again, to the last event, from its seed; drawn as a page or written for other
// tools if asked. The hash of its trace can be compared with the one that an earlier run printed: if it differs, this
// is not the same run, and the tool has failed.

import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import { parseOptions, UsageError } from '../arguments.js';
import { EXPORTS } from '../export/index.js';
import { EXIT, exitOf, showRun } from '../format.js';
import { pageOf } from '../picture/page.js';
import { Recorder } from '../picture/recorder.js';
import { reportOf } from '../report.js';
import { run } from '../run.js';
import { runAt, ScenarioProblem } from '../scenarios/library.js';
import { optionsOf } from '../setting.js';
import type { Setting } from '../setting.js';
import type { Surroundings } from '../surroundings.js';
import { namesRecord, replayRecordCommand } from './replay-record.js';
import { RUN_OPTIONS, refuseOthers, settingIn } from './asked.js';

interface Asked {
  readonly setting: Setting;
  readonly hash: string | null;
  readonly isTrace: boolean;
  readonly isJson: boolean;
  readonly writing: Writing;
}

/** What is written from the recording of a run. */
interface Writing {
  /** File of the page; null: none. */
  readonly html: string | null;
  readonly exported: { readonly format: string; readonly file: string } | null;
}

/** Answers the exit code. Throws a `UsageError`. */
export function replayCommand(args: readonly string[], surroundings: Surroundings): number {
  if (args.some(namesRecord)) return replayRecordCommand(args, surroundings);
  try {
    return replay(read(args), surroundings);
  } catch (error) {
    if (!(error instanceof ScenarioProblem)) throw error;
    const hint = 'The format is told in simulations/README.md, "Making a failure short".';
    surroundings.fail({ error: error.message, code: 'BAD_SCENARIO', hint });
    return EXIT.failed;
  }
}

function replay(asked: Asked, { out, fail }: Surroundings): number {
  const { setting, hash, isTrace, isJson, writing } = asked;
  if (!isJson) out(`seed ${setting.seed}`);
  const isRecorded = writing.html !== null || writing.exported !== null;
  let recorder: Recorder | null = null;
  const startMs = performance.now();
  const result = run({
    ...setting,
    ...(isTrace ? { sink: out } : {}),
    ...(isRecorded ? { watch: (world) => (recorder = new Recorder(world)) } : {}),
  });
  const report = reportOf(result, performance.now() - startMs);
  if (isJson) out(JSON.stringify(report));
  else for (const line of showRun(report)) out(line);
  // Assigned in a callback, which the compiler does not follow.
  const recorded = recorder as Recorder | null;
  if (recorded !== null) {
    const problem = write(recorded, writing, `seed ${optionsOf(setting)}`, result);
    if (problem !== null) {
      fail({
        error: problem,
        code: 'CANNOT_WRITE',
        hint: 'Choose a file in a folder that exists.',
      });
      return EXIT.failed;
    }
  }
  if (hash !== null && hash !== report.hash) {
    const hint = 'Another version of the code, other options or another seed gives another run.';
    const error = `expected the hash ${hash}, got ${report.hash}`;
    fail({ error, code: 'NOT_THE_SAME_RUN', hint });
    return EXIT.failed;
  }
  return exitOf(result.verdict);
}

/** Writes what was asked for; answers why it could not, null: it could. */
function write(
  recorder: Recorder,
  { html, exported }: Writing,
  title: string,
  result: Parameters<Recorder['recording']>[0],
): string | null {
  const recording = recorder.recording(result, title);
  try {
    if (html !== null) writeFileSync(html, pageOf(recording));
    if (exported !== null) {
      writeFileSync(exported.file, EXPORTS[exported.format]?.(recording) ?? '');
    }
    return null;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'path' in error)) throw error;
    return `cannot write ${String(error.path)}: ${String(error.code)}`;
  }
}

function read(args: readonly string[]): Asked {
  const { values, positionals } = parseOptions(args, {
    ...RUN_OPTIONS,
    hash: { type: 'string' },
    trace: { type: 'boolean' },
    html: { type: 'string' },
    export: { type: 'string' },
  });
  const given = values.seed === undefined ? positionals : [values.seed, ...positionals];
  const [what, ...others] = given;
  if (what === undefined) throw new UsageError('expected the SEED of a run, or the FILE of one');
  const format = values.export ?? null;
  const file = format === null ? undefined : others.shift();
  refuseOthers(others);
  if (format !== null && !Object.hasOwn(EXPORTS, format)) {
    throw new UsageError(`expected --export ${Object.keys(EXPORTS).join('|')}, got ${format}`);
  }
  if (format !== null && file === undefined) {
    throw new UsageError(`expected a FILE behind --export ${format}`);
  }
  const { hash } = values;
  if (hash !== undefined && !/^[0-9a-f]{14}$/.test(hash)) {
    throw new UsageError(`expected --hash of 14 hexadecimal digits, got ${hash}`);
  }
  return {
    setting: /^(\d|0x)/.test(what) ? settingIn({ ...values, seed: what }) : runAt(what),
    hash: hash ?? null,
    isTrace: values.trace ?? false,
    isJson: values.json ?? false,
    writing: {
      html: values.html ?? null,
      exported: format === null || file === undefined ? null : { format, file },
    },
  };
}
