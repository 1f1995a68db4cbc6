// Histories as lists of events, in Jepsen's manner: a process invokes a function, and later it is ok, has failed (it
// surely never happened), or nobody knows (info). This pairs the events; what the functions mean is told elsewhere.

import { HistoryProblem } from './problem.js';
import type { Value } from '../value.js';
import { ednTextOf, showValue, textOf } from '../value.js';

export type EventType = 'invoke' | 'ok' | 'fail' | 'info';

export interface Event {
  readonly line: number;
  /** Null: no client, such as Jepsen's nemesis. */
  readonly client: string | null;
  readonly type: EventType;
  readonly f: string;
  /** Null: none. */
  readonly key: Value;
  readonly value: Value;
  /** It says why it failed. */
  readonly hasError: boolean;
}

/** An invocation with what came of it; null: nothing more was heard. */
export interface Call {
  readonly invoked: Event;
  readonly ended: Event | null;
}

const TYPES: readonly string[] = ['invoke', 'ok', 'fail', 'info'];

/** An event of Jepsen's shape, its names without colons. Throws a `HistoryProblem`. */
export function eventOf(fields: ReadonlyMap<string, Value>, line: number): Event {
  const type = nameOf(fields.get('type'));
  if (!isType(type)) {
    throw new HistoryProblem(line, `expected type invoke, ok, fail or info, got ${type || 'none'}`);
  }
  const f = nameOf(fields.get('f'));
  if (f === '') throw new HistoryProblem(line, 'expected f, the function that was invoked');
  const asked = fields.get('process');
  if (asked === undefined) throw new HistoryProblem(line, 'expected a process');
  const isClient = typeof asked === 'number' || typeof asked === 'string';
  return {
    line,
    client: isClient ? String(asked) : null,
    type,
    f,
    key: fields.get('key') ?? null,
    value: fields.get('value') ?? null,
    hasError: (fields.get('error') ?? null) !== null,
  };
}

/** Pairs invocations with their ends. Throws a `HistoryProblem`. */
export function pair(events: readonly Event[]): Call[] {
  const calls: { invoked: Event; ended: Event | null }[] = [];
  const open = new Map<string, { invoked: Event; ended: Event | null }>();
  for (const event of events) {
    const { client, type, line, f } = event;
    if (client === null) continue;
    const call = open.get(client);
    if (type === 'invoke') {
      if (call !== undefined) {
        const since = call.invoked.line;
        throw new HistoryProblem(
          line,
          `expected the end of line ${since}, which process ${client} invoked`,
        );
      }
      const begun = { invoked: event, ended: null };
      open.set(client, begun);
      calls.push(begun);
      continue;
    }
    if (call === undefined) {
      throw new HistoryProblem(
        line,
        `expected an invocation by process ${client} before its ${type}`,
      );
    }
    if (call.invoked.f !== f) {
      throw new HistoryProblem(
        line,
        `expected ${call.invoked.f}, as invoked in line ${call.invoked.line}, got ${f}`,
      );
    }
    checkKey(call.invoked, event);
    call.ended = event;
    open.delete(client);
  }
  return calls;
}

function checkKey(invoked: Event, ended: Event): void {
  if (ended.key === null || textOf(ended.key) === textOf(invoked.key)) return;
  const expected = `expected key ${showValue(invoked.key)}, as invoked in line ${invoked.line}`;
  throw new HistoryProblem(ended.line, `${expected}, got ${showValue(ended.key)}`);
}

/** The name that a text or keyword stands for; empty: neither. */
function nameOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  return ednTextOf(value ?? null)?.replace(/^:/, '') ?? '';
}

function isType(name: string): name is EventType {
  return TYPES.includes(name);
}
