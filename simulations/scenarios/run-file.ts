// A run as a file: its seed, its parameters and the faults that happened in it, as `simulate minimise` writes it. It is
// replayed bit for bit, and kept as a test: what failed in it once must hold from then on. As in scenarios, every field is
// checked, with its line.

import type { FaultAction, Link, Schedule } from '../fault-action.js';
import type { Candidate } from '../minimise/minimise.js';
import { drawParameters } from '../parameters.js';
import type { Parameters } from '../parameters.js';
import { parseSeed, Streams } from '../random.js';
import { JsonProblem, readLocated } from './located-json.js';
import type { Located } from './located-json.js';
import { actionIn, textIn } from './read.js';

/** Machines that a run may have, whoever comes and goes. */
const MACHINES_MAX = 40;
const TIME_MAX_US = 86_400_000_000;

export interface RunFile extends Candidate {
  readonly name: string;
  readonly story: string;
}

/** Reads a run. Throws a `JsonProblem` that says where it is wrong. */
export function readRunFile(text: string): RunFile {
  const whole = readLocated(text);
  const { value, line } = whole;
  if (!(value instanceof Map)) throw new JsonProblem(line, 'expected an object');
  const fields = value as ReadonlyMap<string, Located>;
  const known = ['name', 'story', 'seed', 'timeMs', 'parameters', 'schedule'];
  const fieldOf = (name: string): Located => {
    const found = fields.get(name);
    if (found === undefined) throw new JsonProblem(line, `expected ${name}, found none`);
    return found;
  };
  for (const [name, each] of fields) {
    if (!known.includes(name))
      throw new JsonProblem(each.line, `expected one of ${known.join(', ')}, got ${name}`);
  }
  const seed = parseSeed(textIn(fieldOf('seed')));
  if (seed === null)
    throw new JsonProblem(fieldOf('seed').line, 'expected a seed of 64 bits, as text');
  const pattern = drawParameters(new Streams(seed), {});
  const parameters = like(pattern, fieldOf('parameters'), 'parameters') as Parameters;
  return {
    name: textIn(fieldOf('name')),
    story: textIn(fieldOf('story')),
    seed,
    timeMs: numberIn(fieldOf('timeMs'), TIME_MAX_US / 1000),
    parameters,
    schedule: scheduleIn(fieldOf('schedule')),
  };
}

/** The file as text, one fault on a line. */
export function showRunFile({ name, story, seed, timeMs, parameters, schedule }: RunFile): string {
  const head = { name, story, seed: seed.toString(), timeMs, parameters };
  const faults = schedule.map(
    ({ atUs, action }) => `    ${JSON.stringify({ atUs, action: worded(action) })}`,
  );
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "schedule": [\n${faults.join(',\n')}\n  ]\n}\n`;
}

function worded(action: FaultAction): object {
  const words = (links: readonly Link[]): string =>
    links.map(([from, to]) => `${from}>${to}`).join(' ');
  if ('links' in action) return { ...action, links: words(action.links) };
  if (action.type === 'links')
    return { ...action, whole: action.whole === null ? null : words(action.whole) };
  return action;
}

function scheduleIn({ value, line }: Located): Schedule {
  if (!Array.isArray(value)) throw new JsonProblem(line, 'expected a list of faults');
  let lastUs = 0;
  return (value as readonly Located[]).map((each) => {
    const fields = each.value instanceof Map ? (each.value as ReadonlyMap<string, Located>) : null;
    const [at, action] = [fields?.get('atUs'), fields?.get('action')];
    if (at === undefined || action === undefined || fields?.size !== 2) {
      throw new JsonProblem(each.line, 'expected an object of atUs and action');
    }
    const atUs = numberIn(at, TIME_MAX_US);
    if (atUs < lastUs)
      throw new JsonProblem(at.line, `expected times in order, got ${atUs} after ${lastUs}`);
    lastUs = atUs;
    return { atUs, action: actionIn(action, MACHINES_MAX) };
  });
}

/** The value, if it has the shape of the pattern: the same names, and numbers and texts where it has them. */
function like(pattern: unknown, { value, line }: Located, name: string): unknown {
  if (typeof pattern === 'object' && pattern !== null) {
    if (!(value instanceof Map)) throw new JsonProblem(line, `expected ${name} to be an object`);
    const fields = value as ReadonlyMap<string, Located>;
    for (const [field, each] of fields) {
      if (!Object.hasOwn(pattern, field))
        throw new JsonProblem(each.line, `expected no ${field} in ${name}`);
    }
    return Object.fromEntries(
      Object.entries(pattern).map(([field, each]) => {
        const found = fields.get(field);
        if (found === undefined) throw new JsonProblem(line, `expected ${field} in ${name}`);
        return [field, like(each, found, `${name}.${field}`)];
      }),
    );
  }
  const isNumber = typeof value === 'number' && value >= 0 && Number.isFinite(value);
  const isFine =
    (name.endsWith('EveryUs') && (value === null || isNumber)) ||
    (typeof pattern === 'number' ? isNumber : typeof value === typeof pattern);
  if (!isFine) throw new JsonProblem(line, `expected ${name} as a ${typeof pattern}`);
  return value;
}

function numberIn({ value, line }: Located, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max)
    return value;
  throw new JsonProblem(line, `expected a whole number up to ${max}`);
}
