// Reads a history in whatever format it is: Jepsen's EDN, Jepsen's older log, JSON lines of Jepsen's shape or our own.
// How it begins tells which.

import type { Model } from '../model.js';
import type { Operation } from '../operation.js';
import { readEdn } from './edn.js';
import type { Form } from './edn.js';
import { eventOf, pair } from './events.js';
import type { Event } from './events.js';
import { readJepsenLog } from './jepsen-log.js';
import { HistoryProblem } from './problem.js';
import { eventsOf, modelIn, operationIn, readJsonLines } from './recorded.js';
import type { JsonLine } from './recorded.js';
import type { Value } from '../value.js';
import { modelOf, translate } from './words.js';

export interface History {
  readonly model: Model;
  readonly operations: readonly Operation[];
  /** The line where each is called, or told as a whole. */
  readonly lineOf: ReadonlyMap<Operation, number>;
}

/** Reads a history; `model` null: the one that the text says or shows. Throws a `HistoryProblem`. */
export function readHistory(text: string, model: Model | null): History {
  const start = text.trimStart();
  if (start === '') throw new HistoryProblem(1, 'expected a history, got an empty file');
  if (start.startsWith('{"')) return fromJsonLines(readJsonLines(text), model);
  if (/^(?:[{[(;]|#[_{a-z])/.test(start)) return fromEvents(fromForms(readEdn(text)), model);
  return fromEvents(readJepsenLog(text), model);
}

function fromJsonLines(lines: readonly JsonLine[], model: Model | null): History {
  const [first, ...rest] = lines;
  if (first === undefined || Object.hasOwn(first.fields, 'type')) {
    return fromEvents(eventsOf(lines), model);
  }
  const named = modelIn(first);
  const operations = rest.map((line) => operationIn(named, line));
  const lineOf = new Map(operations.map((operation, at) => [operation, rest[at]?.line ?? 0]));
  return { model: named, operations, lineOf };
}

/** A map for each event, or one list or vector of them. */
function fromForms(forms: readonly Form[]): Event[] {
  return forms.flatMap(({ value, line }) =>
    Array.isArray(value)
      ? (value as readonly Value[]).map((each) => fromForm(each, line))
      : [fromForm(value, line)],
  );
}

function fromForm(value: Value, line: number): Event {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || 'edn' in value) {
    throw new HistoryProblem(
      line,
      'expected a map such as {:process 0, :type :invoke, :f :read, :value nil}',
    );
  }
  const entries = Object.entries(value).map(
    ([name, each]) => [name.replace(/^:/, ''), each] as const,
  );
  return eventOf(new Map(entries), line);
}

function fromEvents(events: readonly Event[], wanted: Model | null): History {
  const places = new Map(events.map((event, at) => [event, at]));
  const calls = pair(events);
  const model = wanted ?? modelOf(calls);
  const lineOf = new Map<Operation, number>();
  const translated = translate(model, calls);
  for (const [at, { invoked, ended }] of calls.entries()) {
    const meaning = translated[at] ?? null;
    if (meaning === null) continue;
    const { input, output } = meaning;
    const answer =
      output === null || ended === null ? null : { output, at: places.get(ended) ?? Infinity };
    const call = places.get(invoked) ?? 0;
    lineOf.set({ client: invoked.client ?? '', input, call, answer }, invoked.line);
  }
  return { model, operations: [...lineOf.keys()], lineOf };
}
