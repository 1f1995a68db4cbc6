// What the functions of Jepsen's histories mean to the models: the model that a history is about, and each call as one of
// its operations. A failed compare-and-set without a reason is one whose comparison did not hold, which must itself be so
// at some instant; any other failed call never happened.

import { counter } from '../models/counter.js';
import { keyValue } from '../models/key-value.js';
import { lock } from '../models/lock.js';
import { queue } from '../models/queue.js';
import { register } from '../models/register.js';
import { sessions } from '../models/sessions.js';
import { set } from '../models/set.js';
import { problemOf } from '../models/shapes.js';
import type { Model } from '../model.js';
import type { Value } from '../value.js';
import { showValue, textOf } from '../value.js';
import type { Call, Event } from './events.js';
import { HistoryProblem } from './problem.js';

/** A call as an operation of a model; null: it never happened. */
export type Translated = {
  readonly input: unknown;
  /** Null: nobody learned it. */
  readonly output: unknown;
} | null;

type Word = (call: Call, key: Value, value: (event: Event) => Value) => Translated;

/** The functions of each model, by the names that Jepsen's tests give them. */
const WORDS = new Map<Model, Readonly<Record<string, Word>>>([
  [register, { read: readRegister, write, cas }],
  [keyValue, { get, put: store, append: store }],
  [set, { add: addElement, remove: addElement, contains, read: readSet }],
  [counter, { add: count, inc: count, dec: count, read: readCounter }],
  [queue, { enqueue, dequeue }],
  [lock, { acquire: useLock, release: useLock }],
  [
    sessions,
    {
      'session-put': useSession,
      'session-get': useSession,
      'session-touch': useSession,
      'session-delete': useSession,
      'session-expire': useSession,
    },
  ],
]);

/** The model whose functions these are. Throws a `HistoryProblem`. */
export function modelOf(calls: readonly Call[]): Model {
  const candidates = [...WORDS].filter(([, words]) =>
    calls.every(({ invoked }) => Object.hasOwn(words, invoked.f)),
  );
  if (candidates.length === 0) {
    const fitting = [...WORDS.values()].filter((words) =>
      Object.hasOwn(words, calls[0]?.invoked.f ?? ''),
    );
    const odd = calls.find(
      ({ invoked }) => !fitting.some((words) => Object.hasOwn(words, invoked.f)),
    );
    const known = [...WORDS].map(
      ([{ name }, words]) => `${name} (${Object.keys(words).join(', ')})`,
    );
    const { line, f } = (odd ?? calls[0])?.invoked ?? { line: 1, f: 'nothing' };
    throw new HistoryProblem(line, `expected functions of one of ${known.join(', ')}; got ${f}`);
  }
  const isCounted = calls.some(({ ended, invoked }) => {
    return invoked.f === 'read' ? typeof ended?.value === 'number' : invoked.f === 'inc';
  });
  const wanted = candidates.length > 1 && isCounted ? counter : candidates[0]?.[0];
  return wanted ?? register;
}

/** Translates the calls. Throws a `HistoryProblem`. */
export function translate(model: Model, calls: readonly Call[]): Translated[] {
  const words = WORDS.get(model);
  const isKeyed = words !== undefined && isOfTuples(calls);
  return calls.map((call) => {
    const { invoked, ended } = call;
    const word =
      words !== undefined && Object.hasOwn(words, invoked.f) ? words[invoked.f] : undefined;
    if (word === undefined) {
      const known = words === undefined ? 'operations' : Object.keys(words).join(', ');
      throw new HistoryProblem(
        invoked.line,
        `expected ${known} of a ${model.name}, got ${invoked.f}`,
      );
    }
    const hasComparison = invoked.f === 'cas' && ended?.hasError === false && isPair(ended.value);
    if (ended?.type === 'fail' && !hasComparison) return null;
    const key = isKeyed ? (pairOf(invoked)[0] ?? null) : invoked.key;
    return word(call, key, (event) => (isKeyed ? (pairOf(event)[1] ?? null) : event.value));
  });
}

/** Whether every value is a tuple of a key and a value, as Jepsen's independent tests write it. */
function isOfTuples(calls: readonly Call[]): boolean {
  const reads = calls.filter(({ invoked }) => invoked.f === 'read');
  const isTuple = ({ invoked }: Call): boolean =>
    isPair(invoked.value) && pairOf(invoked)[1] === null;
  return (
    reads.length > 0 && reads.every(isTuple) && calls.every(({ invoked }) => isPair(invoked.value))
  );
}

function isPair(value: Value): boolean {
  return Array.isArray(value) && value.length === 2;
}

function pairOf({ value, line }: Event): readonly Value[] {
  if (isPair(value)) return value as readonly Value[];
  throw new HistoryProblem(
    line,
    `expected a key and a value, [KEY VALUE], got ${showValue(value)}`,
  );
}

/** What was answered, if it was. */
function answered({ ended }: Call): Event | null {
  return ended?.type === 'ok' ? ended : null;
}

function keyed(key: Value): { readonly key?: string } {
  return key === null ? {} : { key: typeof key === 'string' ? key : textOf(key) };
}

function readRegister(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const ok = answered(call);
  return { input: { f: 'read', ...keyed(key) }, output: ok === null ? null : { value: value(ok) } };
}

function write(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const input = { f: 'write', value: value(call.invoked), ...keyed(key) };
  return { input, output: answered(call) === null ? null : {} };
}

function cas(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const both = value(call.invoked);
  if (!isPair(both)) {
    const got = showValue(both);
    throw new HistoryProblem(
      call.invoked.line,
      `expected what to compare with and what to set, [A B], got ${got}`,
    );
  }
  const [from, to] = both as readonly Value[];
  const { ended } = call;
  const isKnown = ended?.type === 'ok' || ended?.type === 'fail';
  const input = { f: 'cas', from, to, ...keyed(key) };
  return { input, output: isKnown ? { done: ended.type === 'ok' } : null };
}

function get(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const ok = answered(call);
  const output = ok === null ? null : { value: textIn(value(ok) ?? '', ok.line) };
  return { input: { f: 'get', key: keyIn(key, call) }, output };
}

function store(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const { f, line } = call.invoked;
  const input = { f, key: keyIn(key, call), value: textIn(value(call.invoked), line) };
  return { input, output: answered(call) === null ? null : {} };
}

function keyIn(key: Value, { invoked }: Call): string {
  if (key === null) throw new HistoryProblem(invoked.line, `expected a key for ${invoked.f}`);
  return keyed(key).key ?? '';
}

function textIn(value: Value, line: number): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new HistoryProblem(line, `expected a text in quotes as value, got ${showValue(value)}`);
}

function addElement(call: Call, _key: Value, value: (event: Event) => Value): Translated {
  const input = { f: call.invoked.f, element: value(call.invoked) };
  return { input, output: answered(call) === null ? null : {} };
}

function contains(call: Call, _key: Value, value: (event: Event) => Value): Translated {
  const ok = answered(call);
  const found = ok === null ? null : value(ok);
  if (ok !== null && typeof found !== 'boolean') {
    throw new HistoryProblem(ok.line, `expected true or false, got ${showValue(found)}`);
  }
  const input = { f: 'contains', element: value(call.invoked) };
  return { input, output: ok === null ? null : { found } };
}

function readSet(call: Call, _key: Value, value: (event: Event) => Value): Translated {
  const ok = answered(call);
  const elements = ok === null ? null : (value(ok) ?? []);
  if (ok !== null && !Array.isArray(elements)) {
    throw new HistoryProblem(
      ok.line,
      `expected a set or list of elements, got ${showValue(elements)}`,
    );
  }
  return { input: { f: 'read' }, output: ok === null ? null : { elements } };
}

function count(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const { invoked } = call;
  const amount = wholeIn(value(invoked) ?? 1, invoked.line);
  const input = { f: 'add', value: invoked.f === 'dec' ? -amount : amount, ...keyed(key) };
  return { input, output: answered(call) === null ? null : {} };
}

function readCounter(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const ok = answered(call);
  const output = ok === null ? null : { value: wholeIn(value(ok), ok.line) };
  return { input: { f: 'read', ...keyed(key) }, output };
}

function wholeIn(value: Value, line: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new HistoryProblem(line, `expected a whole number, got ${showValue(value)}`);
}

function enqueue(call: Call, _key: Value, value: (event: Event) => Value): Translated {
  const input = { f: 'enqueue', value: value(call.invoked) };
  return { input, output: answered(call) === null ? null : {} };
}

function dequeue(call: Call, _key: Value, value: (event: Event) => Value): Translated {
  const ok = answered(call);
  return { input: { f: 'dequeue' }, output: ok === null ? null : { value: value(ok) } };
}

function useLock(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const { f, client } = call.invoked;
  const ok = answered(call);
  const token = ok === null ? null : value(ok);
  const { key: name } = keyed(key);
  const input = { f, client: client ?? '', ...(name === undefined ? {} : { lock: name }) };
  if (ok === null) return { input, output: null };
  return { input, output: typeof token === 'number' ? { done: true, token } : { done: true } };
}

/** Inputs and outputs as the model has them, without the function and with the session as key. */
function useSession(call: Call, key: Value, value: (event: Event) => Value): Translated {
  const { invoked } = call;
  const ok = answered(call);
  const more = value(invoked) ?? {};
  const isObject = typeof more === 'object' && !Array.isArray(more);
  const input = {
    ...(isObject ? (more as Readonly<Record<string, Value>>) : {}),
    f: invoked.f.slice('session-'.length),
    id: keyIn(key, call),
  };
  const output = ok === null ? null : value(ok);
  const problem = isObject ? problemOf(sessions, input, output) : 'a map as value, or none';
  if (problem !== null) throw new HistoryProblem(invoked.line, `expected ${problem}`);
  return { input, output };
}
