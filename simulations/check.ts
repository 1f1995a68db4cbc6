// The command `quorate simulate check`: reads histories of whatever system, judges each within bounds of memory and time,
// and shows where it breaks. Several files make a table; a folder's verdicts.json says what is expected of its files.

import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';

import { durationOption, parseOptions, sizeOption, UsageError } from './arguments.js';
import { showCheck, checkJson, checksJson, showChecks } from './check-format.js';
import type { Checked } from './check-format.js';
import { EXIT } from './format.js';
import { checkInSlices } from './linearizability/check.js';
import type { Bounds } from './linearizability/check.js';
import { explain } from './linearizability/failure.js';
import { HistoryProblem } from './linearizability/formats/problem.js';
import { readHistory } from './linearizability/formats/read.js';
import { htmlPicture } from './linearizability/html-picture.js';
import type { Model } from './linearizability/model.js';
import { modelNamed, MODELS } from './linearizability/models/index.js';
import type { Surroundings } from './surroundings.js';

const MEMORY_DEFAULT_BYTES = 2 * 1024 ** 3;
const TIMEOUT_DEFAULT_MS = 60_000;
/** A text of JavaScript has an end, and so has what is kept of it. */
const FILE_BYTES_MAX = 256 * 1024 ** 2;
/** JavaScript's own heap ends the process when it is full; beyond this part of it a check gives up instead. */
const HEAP_PART_MAX = 0.9;
const BREATH_EVERY_MS = 50;
const VERDICTS_FILE = 'verdicts.json';

interface Asked {
  readonly files: readonly HistoryFile[];
  readonly model: Model | null;
  readonly memoryBytes: number;
  readonly timeoutMs: number;
  /** Null: no page. */
  readonly html: string | null;
  readonly isJson: boolean;
}

interface HistoryFile {
  /** As it is shown. */
  readonly name: string;
  readonly path: string;
  /** Null: nobody says. */
  readonly expected: boolean | null;
}

/** A file that cannot be read as a history; the message names file and line. */
class FileProblem extends Error {
  override readonly name = 'FileProblem';
}

/** Judges what the arguments behind `check` name; answers the exit code. Throws a `UsageError`. */
export async function checkCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const asked = read(args);
  let isInterrupted = false;
  const forget = surroundings.onInterrupt(() => {
    isInterrupted = true;
  });
  const checked: Checked[] = [];
  let failed = 0;
  for (const file of asked.files) {
    try {
      checked.push(await checkFile(file, asked, () => isInterrupted));
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      failed += 1;
      const hint = 'The formats are told in simulations/README.md, "Checking a history".';
      surroundings.fail({ error: error.message, code: 'BAD_HISTORY', hint });
    }
    if (isInterrupted) break;
  }
  forget();
  tell(checked, asked, surroundings);
  if (isInterrupted) return EXIT.interrupted;
  const isWrong = checked.some(({ expected, verdict }) => {
    return expected !== null && expected !== verdict.linearizable;
  });
  if (isWrong) return EXIT.failed;
  if (checked.some(({ verdict }) => verdict.linearizable === false)) return EXIT.safety;
  if (failed > 0) return EXIT.failed;
  return checked.some(({ verdict }) => verdict.linearizable === null) ? EXIT.unknown : EXIT.held;
}

function tell(checked: readonly Checked[], asked: Asked, { out, err }: Surroundings): void {
  const [first] = checked;
  const isOne = asked.files.length === 1;
  if (first === undefined) return;
  if (asked.isJson) out(JSON.stringify(isOne ? checkJson(first) : checksJson(checked)));
  else for (const line of isOne ? showCheck(first) : showChecks(checked)) out(line);
  if (asked.html === null) return;
  if (first.failure === null) {
    err('no page was written: there is no failure to show\n');
    return;
  }
  writeFileSync(asked.html, htmlPicture(first.model, first.failure, first.name, first.lineOf));
}

async function checkFile(
  file: HistoryFile,
  { model: wanted, memoryBytes, timeoutMs }: Asked,
  isInterrupted: () => boolean,
): Promise<Checked> {
  const { name, expected } = file;
  const startMs = performance.now();
  const { model, operations, lineOf } = historyIn(file, wanted);
  const deadlineMs = performance.now() + timeoutMs;
  const heapMax = HEAP_PART_MAX * getHeapStatistics().heap_size_limit;
  const bounds: Bounds = {
    memoryBytes,
    isTimeUp: () => isInterrupted() || performance.now() >= deadlineMs,
    isMemoryShort: () => getHeapStatistics().used_heap_size > heapMax,
  };
  const verdict = await drain(checkInSlices(model, operations, bounds));
  const isRefuted = verdict.linearizable === false;
  const failure = isRefuted ? await drain(explain(model, operations, verdict, bounds)) : null;
  const elapsedMs = performance.now() - startMs;
  return { name, expected, model, operations, lineOf, verdict, failure, elapsedMs };
}

/** Carries slices of work out, and lets signals through between them. */
async function drain<Result>(work: Generator<void, Result>): Promise<Result> {
  let breathedMs = performance.now();
  while (true) {
    const { value, done } = work.next();
    if (done === true) return value;
    if (performance.now() - breathedMs < BREATH_EVERY_MS) continue;
    await setImmediate();
    breathedMs = performance.now();
  }
}

function historyIn(
  { path, name }: HistoryFile,
  model: Model | null,
): ReturnType<typeof readHistory> {
  const bytes = bytesIn(path, name);
  if (!isUtf8(bytes)) throw new FileProblem(`${name}:1: expected text in UTF-8`);
  try {
    return readHistory(bytes.toString('utf8'), model);
  } catch (error) {
    if (!(error instanceof HistoryProblem)) throw error;
    throw new FileProblem(`${name}:${error.line}: ${error.message}`);
  }
}

function bytesIn(path: string, name: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size <= FILE_BYTES_MAX) return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new FileProblem(`${name}:1: expected a readable file, got ${code}`);
  }
  throw new FileProblem(`${name}:1: expected a history of at most ${FILE_BYTES_MAX} bytes`);
}

function read(args: readonly string[]): Asked {
  const { values, positionals } = parseOptions(args, {
    model: { type: 'string' },
    memory: { type: 'string' },
    timeout: { type: 'string' },
    html: { type: 'string' },
    json: { type: 'boolean' },
  });
  if (positionals.length === 0) throw new UsageError('expected a FILE with a history, or a folder');
  const model = values.model === undefined ? null : modelNamed(values.model);
  if (model === null && values.model !== undefined) {
    const known = MODELS.map(({ name }) => name).join(', ');
    throw new UsageError(`expected --model as one of ${known}, got ${values.model}`);
  }
  const files = positionals.flatMap(filesAt);
  if (values.html !== undefined && files.length !== 1) {
    throw new UsageError(`expected one history for --html, got ${files.length}`);
  }
  return {
    files,
    model,
    memoryBytes: sizeOption('--memory', values.memory) ?? MEMORY_DEFAULT_BYTES,
    timeoutMs: durationOption('--timeout', values.timeout) ?? TIMEOUT_DEFAULT_MS,
    html: values.html ?? null,
    isJson: values.json ?? false,
  };
}

/** The file, or all histories in the folder: whatever is neither hidden, nor a document, nor the list of verdicts. */
function filesAt(path: string): HistoryFile[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return [{ name: path, path, expected: null }];
  }
  const expected = verdictsIn(path);
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && !/^\.|\.md$/.test(each.name) && each.name !== VERDICTS_FILE)
    .map((each) => join(each.parentPath, each.name))
    .sort((a, b) => (a < b ? -1 : 1));
  if (files.length === 0) throw new UsageError(`expected histories in ${path}, found none`);
  return files.map((each) => {
    const name = relative(path, each);
    return { name, path: each, expected: expected.get(name) ?? null };
  });
}

function verdictsIn(folder: string): ReadonlyMap<string, boolean> {
  const path = join(folder, VERDICTS_FILE);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return new Map();
  const problem = `expected an object of file names with true or false in ${basename(path)} of ${folder}`;
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
    return new Map(
      entries.map(([name, verdict]) => {
        if (typeof verdict !== 'boolean') throw new UsageError(problem);
        return [name, verdict];
      }),
    );
  } catch {
    throw new UsageError(problem);
  }
}
