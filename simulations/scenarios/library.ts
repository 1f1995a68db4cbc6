// The scenarios that stand beside this file, and how any scenario file is read from disk. What is wrong with a
// file is told with its line.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { JsonProblem } from './located-json.js';
import { readScenario } from './read.js';
import { readRunFile } from './run-file.js';
import type { Setting } from '../setting.js';
import type { Scenario } from './scenario.js';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const KEPT = fileURLToPath(new URL('../kept/', import.meta.url));
const FILE_BYTES_MAX = 16 * 1024 ** 2;

/** A file that is no scenario; the message begins with FILE:LINE. */
export class ScenarioProblem extends Error {
  override readonly name = 'ScenarioProblem';
}

/** Names of the shipped scenarios, in order. */
export function scenarioNames(): string[] {
  return namesIn(FOLDER);
}

/** Names of the runs that are kept because they once showed a bug, in order. */
export function keptNames(): string[] {
  return namesIn(KEPT);
}

/** One of the kept runs, and what it showed. Throws a `ScenarioProblem`. */
export function keptNamed(name: string): { readonly setting: Setting; readonly story: string } {
  const path = `${KEPT}${name}.json`;
  return { setting: runAt(path), story: readAt(path, readRunFile).story };
}

function namesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** One of the shipped scenarios. Throws a `ScenarioProblem`. */
export function scenarioNamed(name: string): Scenario {
  return scenarioAt(`${FOLDER}${name}.json`);
}

/** The scenario in a file. Throws a `ScenarioProblem`. */
export function scenarioAt(path: string): Scenario {
  return readAt(path, readScenario);
}

/** The run in a file that `simulate minimise` wrote. Throws a `ScenarioProblem`. */
export function runAt(path: string): Setting {
  const { seed, timeMs, parameters, schedule } = readAt(path, readRunFile);
  return { seed, timeMs, parameters, schedule };
}

function readAt<Value>(path: string, read: (text: string) => Value): Value {
  const text = textAt(path);
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    throw new ScenarioProblem(`${path}:${error.line}: ${error.message}`);
  }
}

function textAt(path: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= FILE_BYTES_MAX) return bytes.toString('utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new ScenarioProblem(`${path}:1: expected a readable file, got ${code}`);
  }
  throw new ScenarioProblem(`${path}:1: expected at most ${FILE_BYTES_MAX} bytes`);
}
