// What plain data from outside must look like to be inputs and outputs of a model. A history that is written wrongly is
// refused, since it would be judged wrongly.

import type { Model } from '../model.js';

/** What a field must be; with `?` it may be left out; with `=` exactly this text. */
type FieldType = 'text' | 'number' | 'boolean' | 'texts' | 'strings' | 'list' | 'any';
type Shape = Readonly<Record<string, FieldType | `${FieldType}?` | `=${string}`>>;

/** Of a function: its fields beside `f`, and what it may answer. */
interface Shapes {
  readonly input: Shape;
  readonly outputs: readonly Shape[];
}

const KEY: Shape = { key: 'text?' };
const CONDITION: Shape = { id: 'text', ifRevision: 'number?' };
const NOTHING: readonly Shape[] = [{}];
const SESSION: Shape = {
  type: '=session',
  revision: 'number',
  attributes: 'texts',
  owner: 'text?',
};
const NOT_FOUND: Shape = { type: '=notFound' };
const MISMATCH: Shape = { type: '=mismatch', actual: 'number?' };
const REFUSED: Shape = { done: 'boolean' };

const SHAPES: Readonly<Record<string, Readonly<Record<string, Shapes>>>> = {
  register: {
    read: { input: KEY, outputs: [{ value: 'any' }] },
    write: { input: { ...KEY, value: 'any' }, outputs: NOTHING },
    cas: { input: { ...KEY, from: 'any', to: 'any' }, outputs: [{ done: 'boolean' }] },
  },
  'key-value': {
    get: { input: { key: 'text' }, outputs: [{ value: 'text' }] },
    put: { input: { key: 'text', value: 'text' }, outputs: NOTHING },
    append: { input: { key: 'text', value: 'text' }, outputs: NOTHING },
  },
  set: {
    add: { input: { element: 'any' }, outputs: NOTHING },
    remove: { input: { element: 'any' }, outputs: NOTHING },
    contains: { input: { element: 'any' }, outputs: [{ found: 'boolean' }] },
    read: { input: {}, outputs: [{ elements: 'list' }] },
  },
  queue: {
    enqueue: { input: { value: 'any' }, outputs: NOTHING },
    dequeue: { input: {}, outputs: [{ value: 'any' }] },
  },
  counter: {
    add: { input: { ...KEY, value: 'number' }, outputs: [{ value: 'number?' }] },
    read: { input: KEY, outputs: [{ value: 'number' }] },
  },
  lock: {
    acquire: {
      input: { lock: 'text?', client: 'text' },
      outputs: [{ ...REFUSED, token: 'number?' }],
    },
    release: { input: { lock: 'text?', client: 'text' }, outputs: [REFUSED] },
  },
  sessions: {
    put: {
      input: { ...CONDITION, attributes: 'texts?', removed: 'strings?', owner: 'text?' },
      outputs: [SESSION, MISMATCH],
    },
    get: { input: { id: 'text' }, outputs: [SESSION, NOT_FOUND] },
    touch: { input: { id: 'text' }, outputs: [SESSION, NOT_FOUND] },
    delete: { input: CONDITION, outputs: [{ type: '=deleted', existed: 'boolean' }, MISMATCH] },
    expire: { input: { id: 'text', revision: 'number' }, outputs: [] },
  },
};

/** What was expected instead; null: the data is as the model wants it. `output` null: unknown. */
export function problemOf(model: Model, input: unknown, output: unknown): string | null {
  const functions = SHAPES[model.name] ?? {};
  if (!isObject(input)) return 'input, an object';
  const { f, ...rest } = input;
  const shapes = typeof f === 'string' && Object.hasOwn(functions, f) ? functions[f] : undefined;
  if (shapes === undefined) return `input.f, one of ${Object.keys(functions).join(', ')}`;
  const problem = problemIn('input', rest, shapes.input);
  if (problem !== null || output === null) return problem;
  if (!isObject(output)) return 'answer.output, an object';
  if (shapes.outputs.length === 0) return 'answer null, since nobody asked for it';
  const problems = shapes.outputs.map((shape) => problemIn('answer.output', output, shape));
  if (problems.includes(null)) return null;
  // What is wrong with the kind of answer that was meant tells more than that it is not another.
  const meant = shapes.outputs.findIndex(({ type }) => type === `=${String(output['type'])}`);
  return problems[meant] ?? problems.join(', or ');
}

function problemIn(
  where: string,
  data: Readonly<Record<string, unknown>>,
  shape: Shape,
): string | null {
  for (const [name, type] of Object.entries(shape)) {
    const isOther = type.startsWith('=') && data[name] !== type.slice(1);
    if (isOther) return `${where}.${name} ${type.slice(1)}`;
  }
  const odd = Object.keys(data).find((name) => !Object.hasOwn(shape, name));
  if (odd !== undefined) return `${where} without ${odd}`;
  for (const [name, type] of Object.entries(shape)) {
    const value = data[name];
    if (type.startsWith('=') || (value === undefined && type.endsWith('?'))) continue;
    const wanted = type.replace('?', '');
    if (!isOf(wanted, value)) return `${where}.${name}, ${NAMES[wanted] ?? wanted}`;
  }
  return null;
}

const NAMES: Readonly<Record<string, string>> = {
  text: 'a text',
  number: 'a whole number',
  boolean: 'true or false',
  texts: 'an object of texts',
  strings: 'a list of texts',
  list: 'a list',
  any: 'a value',
};

function isOf(type: string, value: unknown): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return Number.isSafeInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'texts':
      return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
    case 'strings':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
    case 'list':
      return Array.isArray(value);
    default:
      return value !== undefined && !hasUnsafeNumber(value);
  }
}

/** JSON's numbers beyond 53 bits lose their last digits, so that different ones look alike. */
function hasUnsafeNumber(value: unknown): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasUnsafeNumber);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
