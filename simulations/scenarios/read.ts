// Reads a scenario file: JSON whose every field is checked, with the line of whatever is wrong. Links are written as words:
// `1-2` in both directions, `1>2` in one.

import { ELECTION_TIMEOUT_MAX_MS, ELECTION_TIMEOUT_MIN_MS } from '../../src/raft/options.js';
import type { NodeId } from '../../src/raft/types.js';
import type { FaultAction, Link } from '../fault-action.js';
import { parseSeed } from '../random.js';
import { JsonProblem, readLocated } from './located-json.js';
import type { Located } from './located-json.js';
import type { Expectation, Scenario, ScenarioParameters, Step } from './scenario.js';

const NODES_MAX = 7;
const DURATION_MAX_MS = 3_600_000;

type Fields = ReadonlyMap<string, Located>;
type Reader<Value> = (located: Located) => Value;

const FIELDS =
  'name source story published seed nodes electionTimeoutMs leader forMs parameters steps expect'.split(
    ' ',
  );

/** Reads a scenario. Throws a `JsonProblem` that says where it is wrong. */
export function readScenario(text: string): Scenario {
  const whole = readLocated(text);
  const fields = objectIn(whole, FIELDS);
  const nodes = need(whole, fields, 'nodes', whole1(NODES_MAX));
  const steps = need(
    whole,
    fields,
    'steps',
    listOf((each) => stepIn(each, nodes)),
  );
  return {
    name: need(whole, fields, 'name', nameIn),
    source: maybe(fields, 'source', textIn) ?? '',
    story: maybe(fields, 'story', textIn) ?? '',
    published: maybe(fields, 'published', textIn) ?? '',
    seed: maybe(fields, 'seed', seedIn) ?? 1n,
    nodes,
    electionTimeoutMs: maybe(fields, 'electionTimeoutMs', timeoutIn) ?? 1000,
    leader: maybe(fields, 'leader', whole1(nodes)) ?? null,
    forMs: need(whole, fields, 'forMs', whole1(DURATION_MAX_MS)),
    parameters: maybe(fields, 'parameters', parametersIn) ?? {},
    steps,
    expect: need(whole, fields, 'expect', (each) => expectationIn(each, nodes)),
  };
}

function stepIn(located: Located, nodes: number): Step {
  const { line } = located;
  const fields = objectIn(located, ['atMs', 'whenLeads', 'afterMs', 'action']);
  const atMs = maybe(fields, 'atMs', whole0(DURATION_MAX_MS));
  const leads = maybe(fields, 'whenLeads', whole0(nodes));
  if ((atMs === undefined) === (leads === undefined)) {
    throw new JsonProblem(line, 'expected either atMs or whenLeads in a step');
  }
  return {
    when: atMs === undefined ? { leads: leads ?? 0 } : { atMs },
    afterMs: maybe(fields, 'afterMs', whole0(DURATION_MAX_MS)) ?? 0,
    action: need(located, fields, 'action', (each) => actionIn(each, nodes)),
  };
}

/** The fields of each action, beside its type. */
const ACTIONS: Readonly<
  Record<string, Readonly<Record<string, (nodes: number) => Reader<unknown>>>>
> = {
  cut: { links: linksIn },
  mend: { links: linksIn },
  links: { whole: orNull(linksIn) },
  clog: { links: linksIn },
  unclog: { links: linksIn },
  crash: {
    node: whole1,
    isMachine: () => booleanIn,
    keptBatches: () => whole0(1000),
    isTorn: () => booleanIn,
  },
  boot: { node: whole1 },
  pause: { node: whole1 },
  resume: { node: whole1, lossPpm: () => whole0(1_000_000) },
  suspend: { node: whole1 },
  slow: { node: whole1, stepUs: () => whole0(10_000_000) },
  clockRate: { node: whole1, ratePpm: () => numberIn },
  diskHangs: { node: whole1, forUs: () => whole1(DURATION_MAX_MS * 1000) },
  diskFails: { node: whole1, how: () => oneOf('error', 'full') },
  setBack: { node: whole1, entries: () => whole1(1_000_000) },
  rot: { node: whole1 },
  wipe: { node: whole1 },
  handOver: { to: whole1 },
  change: {
    remove: (nodes) => listOf(whole1(nodes)),
    promote: (nodes) => listOf(whole1(nodes)),
    demote: (nodes) => listOf(whole1(nodes)),
  },
  heal: {
    core: orNull((nodes) => listOf(whole1(nodes))),
    outside: () => oneOf('cut', 'down', 'deaf', 'spamming', 'flapping'),
  },
};
/** Fields of actions that may be left out. */
const OPTIONAL: ReadonlySet<string> = new Set(['remove', 'promote', 'demote']);

/** One action, about nodes up to `nodes`. Throws a `JsonProblem`. */
export function actionIn(located: Located, nodes: number): FaultAction {
  const { value, line } = located;
  const type = value instanceof Map ? (value as Fields).get('type')?.value : undefined;
  const shape =
    typeof type === 'string' && Object.hasOwn(ACTIONS, type) ? ACTIONS[type] : undefined;
  if (shape === undefined) {
    const known = Object.keys(ACTIONS).join(', ');
    throw new JsonProblem(line, `expected an action whose type is one of ${known}`);
  }
  const fields = objectIn(located, ['type', ...Object.keys(shape)]);
  const read = Object.entries(shape).flatMap(([name, reader]): [string, unknown][] => {
    if (OPTIONAL.has(name) && !fields.has(name)) return [];
    return [[name, need(located, fields, name, reader(nodes))]];
  });
  return { type, ...Object.fromEntries(read) } as FaultAction;
}

function linksIn(nodes: number): Reader<Link[]> {
  return (located) => {
    const text = textIn(located);
    return text.split(/\s+/).flatMap((word): Link[] => {
      const [, one, sign, other] = /^(\d+)([->])(\d+)$/.exec(word) ?? [];
      const [a, b] = [Number(one) as NodeId, Number(other) as NodeId];
      const isLink = [a, b].every((id) => id >= 1 && id <= nodes) && a !== b;
      if (!isLink) {
        const expected = `expected links such as "1-2 2>3" of nodes 1 to ${nodes}`;
        throw new JsonProblem(located.line, `${expected}, got ${word}`);
      }
      const there: Link = [a, b];
      return sign === '>' ? [there] : [there, [b, a]];
    });
  };
}

const EXPECTATIONS = [
  ...(['downtimeAtMostMs', 'downtimeAtLeastMs', 'electionsAtMost', 'electionsAtLeast'] as const),
  ...(['leaderFromMs', 'recoversWithinMs'] as const),
];

function expectationIn(located: Located, nodes: number): Expectation {
  const fields = objectIn(located, [...EXPECTATIONS, 'leader']);
  const numbers = EXPECTATIONS.flatMap((name): [string, number][] => {
    const value = maybe(fields, name, whole0(DURATION_MAX_MS));
    return value === undefined ? [] : [[name, value]];
  });
  const leader = maybe(fields, 'leader', whole1(nodes));
  return { ...Object.fromEntries(numbers), ...(leader === undefined ? {} : { leader }) };
}

/** Parts of the parameters of a run that a scenario may fix; all are numbers. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  network: [
    'delayMinUs',
    'delayMeanUs',
    'lossPpm',
    'duplicatePpm',
    'stragglerPpm',
    'stragglerMaxUs',
  ],
  disk: ['syncMeanUs', 'slowSyncPpm', 'slowSyncMaxUs'],
  workload: ['clients', 'thinkMeanUs', 'sessions', 'valueBytesMax'],
  limits: ['messageEntriesMax', 'inflightMessagesMax', 'uncommittedEntriesMax', 'keptEntriesMax'],
};

function parametersIn(located: Located): ScenarioParameters {
  const groups = objectIn(located, Object.keys(PARAMETERS));
  const read = [...groups].map(([name, group]): [string, object] => {
    const numbers = [...objectIn(group, PARAMETERS[name] ?? [])].map(([field, each]) => {
      return [field, whole0(1_000_000_000)(each)] as const;
    });
    return [name, Object.fromEntries(numbers)];
  });
  return Object.fromEntries(read);
}

function objectIn({ value, line }: Located, known: readonly string[]): Fields {
  if (!(value instanceof Map))
    throw new JsonProblem(line, `expected an object of ${known.join(', ')}`);
  const fields = value as Fields;
  for (const [name, each] of fields) {
    if (!known.includes(name)) {
      throw new JsonProblem(each.line, `expected one of ${known.join(', ')}, got ${name}`);
    }
  }
  return fields;
}

function need<Value>(whole: Located, fields: Fields, name: string, read: Reader<Value>): Value {
  const found = fields.get(name);
  if (found === undefined) throw new JsonProblem(whole.line, `expected ${name}, found none`);
  return at(name, found, read);
}

function maybe<Value>(fields: Fields, name: string, read: Reader<Value>): Value | undefined {
  const found = fields.get(name);
  return found === undefined ? undefined : at(name, found, read);
}

/** Says which field it is about, unless a part of it is wrong. */
function at<Value>(name: string, located: Located, read: Reader<Value>): Value {
  try {
    return read(located);
  } catch (error) {
    const isOwn = error instanceof JsonProblem && error.line === located.line;
    if (!isOwn || error.message.includes(`: `)) throw error;
    throw new JsonProblem(located.line, `${name}: ${error.message}`);
  }
}

/** Throws a `JsonProblem`. */
export function textIn({ value, line }: Located): string {
  if (typeof value === 'string') return value;
  throw new JsonProblem(line, 'expected a text in quotes');
}

function nameIn(located: Located): string {
  const name = textIn(located);
  if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return name;
  throw new JsonProblem(located.line, `expected a name such as hung-disk, got ${name}`);
}

function seedIn(located: Located): bigint {
  const seed = parseSeed(textIn(located));
  if (seed !== null) return seed;
  throw new JsonProblem(located.line, 'expected a seed of 64 bits, as text');
}

function timeoutIn(located: Located): number {
  const ms = numberIn(located);
  if (ms >= ELECTION_TIMEOUT_MIN_MS && ms <= ELECTION_TIMEOUT_MAX_MS) return ms;
  const range = `${ELECTION_TIMEOUT_MIN_MS} to ${ELECTION_TIMEOUT_MAX_MS}`;
  throw new JsonProblem(located.line, `expected ${range}, got ${ms}`);
}

function numberIn({ value, line }: Located): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new JsonProblem(line, 'expected a whole number');
}

function booleanIn({ value, line }: Located): boolean {
  if (typeof value === 'boolean') return value;
  throw new JsonProblem(line, 'expected true or false');
}

function whole0(max: number): Reader<number> {
  return between(0, max);
}

function whole1(max: number): Reader<number> {
  return between(1, max);
}

function between(min: number, max: number): Reader<number> {
  return (located) => {
    const value = numberIn(located);
    if (value >= min && value <= max) return value;
    throw new JsonProblem(located.line, `expected ${min} to ${max}, got ${value}`);
  };
}

function oneOf(...names: readonly string[]): Reader<string> {
  return (located) => {
    const name = textIn(located);
    if (names.includes(name)) return name;
    throw new JsonProblem(located.line, `expected ${names.join(', ')}, got ${name}`);
  };
}

function orNull<Value>(
  reader: (nodes: number) => Reader<Value>,
): (nodes: number) => Reader<Value | null> {
  return (nodes) => (located) => (located.value === null ? null : reader(nodes)(located));
}

function listOf<Value>(read: Reader<Value>): Reader<Value[]> {
  return ({ value, line }) => {
    if (!Array.isArray(value)) throw new JsonProblem(line, 'expected a list');
    return (value as readonly Located[]).map(read);
  };
}
