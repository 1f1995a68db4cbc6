// Quorate's own history format: text in lines, each a JSON object. The first line names the model, as in
// `{"model":"sessions"}`; each further line is one operation as operation.ts has it, in any order. Lines of Jepsen's shape
// (process, type, f, value) are told apart by their `type`.

import type { Model } from '../model.js';
import type { Operation } from '../operation.js';
import { problemOf } from '../models/shapes.js';
import { modelNamed, MODELS } from '../models/index.js';
import type { Value } from '../value.js';
import { eventOf } from './events.js';
import type { Event } from './events.js';
import { HistoryProblem } from './problem.js';

/** A line that holds something. */
export interface JsonLine {
  readonly line: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The lines as objects. Throws a `HistoryProblem`. */
export function readJsonLines(text: string): JsonLine[] {
  return text.split('\n').flatMap((each, at): JsonLine[] => {
    if (each.trim() === '') return [];
    const fields = parsed(each);
    if (fields === null) throw new HistoryProblem(at + 1, 'expected a JSON object on this line');
    return [{ line: at + 1, fields }];
  });
}

/** Events of Jepsen's shape. Throws a `HistoryProblem`. */
export function eventsOf(lines: readonly JsonLine[]): Event[] {
  return lines.map(({ fields, line }) =>
    eventOf(new Map(Object.entries(fields) as [string, Value][]), line),
  );
}

/** The model that the first line names. Throws a `HistoryProblem`. */
export function modelIn({ fields, line }: JsonLine): Model {
  const name = fields['model'];
  const model = typeof name === 'string' ? modelNamed(name) : null;
  if (model !== null) return model;
  const names = MODELS.map((each) => each.name).join(', ');
  throw new HistoryProblem(line, `expected {"model": …} with one of ${names}`);
}

/** The operation on a line. Throws a `HistoryProblem`. */
export function operationIn(model: Model, { fields, line }: JsonLine): Operation {
  const fail = (expected: string): HistoryProblem =>
    new HistoryProblem(line, `expected ${expected}`);
  const { client, input, call, answer } = fields;
  if (typeof client !== 'string') throw fail('client, a text');
  if (typeof call !== 'number') throw fail('call, a number: the time of the call');
  if (answer === undefined || (answer !== null && typeof answer !== 'object')) {
    throw fail('answer, an object with output and at, or null if nobody learned it');
  }
  const { output = null, at } = (answer ?? {}) as { output?: unknown; at?: unknown };
  const problem = problemOf(model, input, answer === null ? null : output);
  if (problem !== null) throw fail(problem);
  if (answer === null) return { client, input, call, answer };
  if (typeof at !== 'number' || at < call) throw fail('answer.at, a number not before call');
  return { client, input, call, answer: { output, at } };
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
