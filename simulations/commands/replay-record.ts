// `quorate simulate replay FILE…` where the files are flight records of daemons: what happened there, lived again by the shipped
// core, checked, and drawn or traced. A record that this software does not live again to the same states is a failure of the
// tool (exit 1): another version wrote it, or it was changed.

import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';

import { QuorateError } from '../../src/errors.js';
import { UnreadableRecord } from '../../src/recorder/bytes.js';
import { FILE_BYTES_MAX, isRecord, livesIn, MAGIC } from '../../src/recorder/record-file.js';
import type { RecordedLife } from '../../src/recorder/record-file.js';
import { durationOption, parseOptions, UsageError } from '../arguments.js';
import { EXIT, exitOf, showVerdict } from '../format.js';
import { pageOf } from '../picture/page.js';
import { replayRecords } from '../record/replay-records.js';
import type { ReplayedLife } from '../record/replay-records.js';
import type { Surroundings } from '../surroundings.js';

const ENDING = '.qrec';

/** Whether an argument names a record: by its name, or by how the file begins. */
export function namesRecord(argument: string): boolean {
  if (argument.startsWith('-') || /^(\d|0x)/.test(argument)) return argument.endsWith(ENDING);
  if (argument.endsWith(ENDING)) return true;
  try {
    const file = openSync(argument, 'r');
    try {
      const start = new Uint8Array(MAGIC.length);
      return readSync(file, start, 0, start.length, 0) === start.length && isRecord(start);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

/** Answers the exit code. Throws a `UsageError`. */
export function replayRecordCommand(args: readonly string[], surroundings: Surroundings): number {
  const { values, positionals } = parseOptions(args, {
    last: { type: 'string' },
    trace: { type: 'boolean' },
    html: { type: 'string' },
    json: { type: 'boolean' },
  });
  const { out, fail } = surroundings;
  const isJson = values.json ?? false;
  if (isJson && values.trace === true) throw new UsageError('expected --trace or --json, got both');
  try {
    const records = positionals.flatMap(livesAt);
    const { verdict, lives, recording } = replayRecords(records, {
      lastMs: durationOption('--last', values.last),
      sink: values.trace === true ? out : null,
      isDrawn: values.html !== undefined,
    });
    if (recording !== null && values.html !== undefined) {
      written(values.html, pageOf(recording));
    }
    if (isJson) out(JSON.stringify({ verdict, lives }));
    else for (const line of [...lives.map(lineOf), showVerdict(verdict)]) out(line);
    const other = lives.find(({ difference }) => difference !== null);
    if (verdict.type !== 'held') return exitOf(verdict);
    if (other === undefined) return EXIT.held;
    const error = `${other.node} does not come to the recorded states: ${other.difference ?? ''}`;
    const hint = `Replay it with the version that recorded it, which is ${other.version}.`;
    fail({ error, code: 'NOT_THE_SAME_RUN', hint });
    return EXIT.failed;
  } catch (error) {
    if (error instanceof UnreadableRecord) {
      const known = new QuorateError('BAD_RECORD', error.message);
      fail({ error: known.message, code: known.code, hint: known.hint });
    } else if (error instanceof QuorateError) {
      fail({ error: error.message, code: error.code, hint: error.hint });
    } else throw error;
    return EXIT.failed;
  }
}

function livesAt(file: string): RecordedLife[] {
  let bytes: Uint8Array;
  try {
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
    bytes = readFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new QuorateError('RECORD_FILE', `cannot read ${file}: ${why}`);
  }
  return livesIn(file, bytes);
}

function written(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new QuorateError('RECORD_FILE', `cannot write ${file}: ${why}`);
  }
}

function lineOf({ node, fromMs, toMs, items, difference, state, hash }: ReplayedLife): string {
  const time = `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
  const same = difference === null ? 'the same states' : `DIFFERS: ${difference}`;
  return `${node}: ${items} items, ${time}: ${same}; hash ${hash}\n  ${state}`;
}
