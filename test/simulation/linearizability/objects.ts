// Small objects that do what the models say, written apart from them, and histories of clients that use one at a time
// they choose. What such an object answers is linearizable by the way it came about.

import fc from 'fast-check';

import type { Model } from '../../../simulations/linearizability/model.js';
import { counter } from '../../../simulations/linearizability/models/counter.js';
import { keyValue } from '../../../simulations/linearizability/models/key-value.js';
import { lock } from '../../../simulations/linearizability/models/lock.js';
import { queue } from '../../../simulations/linearizability/models/queue.js';
import { register } from '../../../simulations/linearizability/models/register.js';
import { sessions } from '../../../simulations/linearizability/models/sessions.js';
import { set } from '../../../simulations/linearizability/models/set.js';
import type { Operation } from '../../../simulations/linearizability/operation.js';

type Input = Readonly<Record<string, unknown>> & { readonly f: string };

/** A model, what clients may ask of it, answers that may be given instead of the true one, and a true object. */
export interface Subject {
  readonly model: Model;
  readonly inputs: fc.Arbitrary<Input>;
  readonly outputs: fc.Arbitrary<unknown>;
  /** Makes an object; it takes effect at once and answers. */
  readonly object: () => (input: Input) => unknown;
}

const value = fc.integer({ min: 0, max: 2 });
const key = fc.constantFrom('x', 'y');
const revision = fc.integer({ min: 0, max: 4 });

const registers: Subject = {
  model: register,
  inputs: fc.oneof(
    fc.record({ f: fc.constant('read'), key }),
    fc.record({ f: fc.constant('write'), key, value }),
    fc.record({ f: fc.constant('cas'), key, from: value, to: value }),
  ),
  outputs: fc.record({ value: fc.option(value), done: fc.boolean() }),
  object() {
    const held = new Map<unknown, unknown>();
    return ({ f, key: at, value: written, from, to }) => {
      if (f === 'read') return { value: held.get(at) ?? null };
      if (f === 'write') {
        held.set(at, written);
        return {};
      }
      const done = held.get(at) === from;
      if (done) held.set(at, to);
      return { done };
    };
  },
};

const strings: Subject = {
  model: keyValue,
  inputs: fc.oneof(
    fc.record({ f: fc.constant('get'), key }),
    fc.record({ f: fc.constantFrom('put', 'append'), key, value: fc.constantFrom('a', 'b', 'ab') }),
  ),
  outputs: fc.record({ value: fc.constantFrom('', 'a', 'b', 'ab', 'aab', 'ba') }),
  object() {
    const held = new Map<unknown, string>();
    return ({ f, key: at, value: text }) => {
      const before = held.get(at) ?? '';
      if (f === 'get') return { value: before };
      held.set(at, f === 'put' ? String(text) : before + String(text));
      return {};
    };
  },
};

const sets: Subject = {
  model: set,
  inputs: fc.oneof(
    fc.record({ f: fc.constantFrom('add', 'remove', 'contains'), element: value }),
    fc.record({ f: fc.constant('read') }),
  ),
  outputs: fc.record({ found: fc.boolean(), elements: fc.uniqueArray(value) }),
  object() {
    const held = new Set<unknown>();
    return ({ f, element }) => {
      if (f === 'add') held.add(element);
      if (f === 'remove') held.delete(element);
      return { found: held.has(element), elements: [...held] };
    };
  },
};

const queues: Subject = {
  model: queue,
  inputs: fc.oneof(
    fc.record({ f: fc.constant('enqueue'), value }),
    fc.record({ f: fc.constant('dequeue') }),
  ),
  outputs: fc.record({ value: fc.option(value) }),
  object() {
    const waiting: unknown[] = [];
    return ({ f, value: added }) => {
      if (f === 'dequeue') return { value: waiting.shift() ?? null };
      waiting.push(added);
      return {};
    };
  },
};

const counters: Subject = {
  model: counter,
  inputs: fc.oneof(
    fc.record({ f: fc.constant('add'), value: fc.constantFrom(-1, 1, 2) }),
    fc.record({ f: fc.constant('read') }),
  ),
  outputs: fc.record({ value: fc.integer({ min: -2, max: 4 }) }),
  object() {
    let sum = 0;
    return ({ f, value: added }) => {
      if (f === 'read') return { value: sum };
      sum += Number(added);
      return {};
    };
  },
};

const locks: Subject = {
  model: lock,
  inputs: fc.record({
    f: fc.constantFrom('acquire', 'release'),
    client: fc.constantFrom('p', 'q', 'r'),
  }),
  outputs: fc.oneof(
    fc.record({ done: fc.boolean() }),
    fc.record({ done: fc.constant(true), token: revision }),
  ),
  object() {
    let [holder, token]: [unknown, number] = [null, 0];
    return ({ f, client }) => {
      const done = f === 'acquire' ? holder === null : holder === client;
      if (!done) return { done };
      holder = f === 'acquire' ? client : null;
      token += 1;
      return f === 'acquire' ? { done, token } : { done };
    };
  },
};

const attributes = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'), {
  maxKeys: 2,
});
const ifRevision = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  fc.record({ ifRevision: revision }),
);

const kept: Subject = {
  model: sessions,
  inputs: fc.oneof(
    fc
      .tuple(fc.record({ f: fc.constant('put'), id: key, attributes }), ifRevision)
      .map(([put, condition]) => ({ ...put, ...condition })),
    fc.record({ f: fc.constantFrom('get', 'touch'), id: key }),
    fc
      .tuple(fc.record({ f: fc.constant('delete'), id: key }), ifRevision)
      .map(([remove, condition]) => ({ ...remove, ...condition })),
  ),
  outputs: fc.oneof(
    fc.record({ type: fc.constant('session'), revision, attributes }),
    fc.constant({ type: 'notFound' }),
    fc.record({ type: fc.constant('deleted'), existed: fc.boolean() }),
    fc.record({ type: fc.constant('mismatch'), actual: revision }),
  ),
  object() {
    const held = new Map<unknown, { type: 'session'; revision: number; attributes: object }>();
    let last = 0;
    return ({ f, id, attributes: added, ifRevision: wanted }) => {
      const found = held.get(id);
      if (f === 'get' || f === 'touch') return found ?? { type: 'notFound' };
      const actual = found?.revision ?? 0;
      if (wanted !== undefined && wanted !== actual) return { type: 'mismatch', actual };
      last += 1;
      if (f === 'delete') return { type: 'deleted', existed: held.delete(id) };
      const merged = { ...found?.attributes, ...(added as object) };
      const session = { type: 'session', revision: last, attributes: merged } as const;
      held.set(id, session);
      return session;
    };
  },
};

export const SUBJECTS: readonly Subject[] = [
  registers,
  strings,
  sets,
  queues,
  counters,
  locks,
  kept,
];

/** A history of a true object: clients call, it takes effect later, the answer comes later still, or never. */
export function trueHistories(
  { inputs, object }: Subject,
  sizeMax: number,
): fc.Arbitrary<Operation[]> {
  const drawn = fc.record({
    input: inputs,
    call: fc.integer({ min: 0, max: 30 }),
    effectAfter: fc.integer({ min: 0, max: 8 }),
    answerAfter: fc.integer({ min: 0, max: 8 }),
    fate: fc.integer({ min: 0, max: 9 }),
  });
  return fc.array(drawn, { maxLength: sizeMax }).map((all) => {
    const ask = object();
    const ordered = all
      .filter(({ fate }) => fate !== 9)
      .sort((a, b) => a.call + a.effectAfter - b.call - b.effectAfter);
    const operations = ordered.map(({ input, call, effectAfter, answerAfter, fate }, at) => {
      const output = ask(input);
      const answer = fate === 8 ? null : { output, at: call + effectAfter + answerAfter };
      return { client: `c${at}`, input, call, answer };
    });
    // Lost before they took effect.
    const lost = all.filter(({ fate }) => fate === 9);
    return [
      ...operations,
      ...lost.map(({ input, call }) => ({ client: 'lost', input, call, answer: null })),
    ];
  });
}

/** The same with one answer that may be another than the true one. */
export function mutatedHistories(subject: Subject, sizeMax: number): fc.Arbitrary<Operation[]> {
  return fc
    .tuple(trueHistories(subject, sizeMax), fc.nat(), subject.outputs)
    .map(([operations, which, output]) => {
      const at = operations.length === 0 ? 0 : which % operations.length;
      return operations.map((operation, place) =>
        place === at && operation.answer !== null
          ? { ...operation, answer: { ...operation.answer, output } }
          : operation,
      );
    });
}

/** The verdict by trying every order. */
export function verdictByForce(model: Model, operations: readonly Operation[]): boolean {
  const isWhole = operations.some(({ input }) => model.part(input) === null);
  const partOf = ({ input }: Operation): string => (isWhole ? '' : (model.part(input) ?? ''));
  const search = (left: readonly Operation[], states: ReadonlyMap<string, unknown>): boolean => {
    if (left.every(({ answer }) => answer === null)) return true;
    return left.some((each) => {
      const isTooEarly = left.some(
        (other) => other !== each && other.answer !== null && other.answer.at < each.call,
      );
      if (isTooEarly) return false;
      const part = partOf(each);
      const state = states.get(part) ?? model.initial();
      const next = model.step(state, each.input, each.answer?.output ?? null);
      const rest = left.filter((other) => other !== each);
      return next !== null && search(rest, new Map(states).set(part, next));
    });
  };
  return search(operations, new Map());
}
