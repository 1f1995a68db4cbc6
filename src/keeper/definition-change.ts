// How the processes that a node is told of anew differ from those that it was told of before: which begin, which end, which have to be
// started again because what is started differs, and which only get other limits. Pure: whoever tells people of it and whoever has
// it done ask here. The values of a process are never told, since some are secret.

import type { ProcessDefinition } from './process-definition.js';

/** What becomes of one process. */
export type DefinitionChange =
  | { readonly type: 'added'; readonly name: string; readonly primaryOnly: boolean }
  | { readonly type: 'removed'; readonly name: string }
  /** `fields`: as in the file, what of it is another. */
  | { readonly type: 'changed'; readonly name: string; readonly fields: readonly string[] };

/** What is passed to a process when it starts: a process that runs cannot take another. */
const OF_A_START: readonly (keyof ProcessDefinition)[] = [
  'command',
  'primaryOnly',
  'environment',
  'workingDirectory',
  'user',
  'output',
];

/** Every other field takes effect on a process that runs; the name as it stands in the file. */
const FIELD_NAMES: Readonly<Partial<Record<keyof ProcessDefinition, string>>> = {
  stopGraceMs: 'stopGrace',
  memoryBytes: 'limits.memory',
};

/** The changes from `before` to `after`, in the order of `after`, then what is removed. */
export function definitionChanges(
  before: readonly ProcessDefinition[],
  after: readonly ProcessDefinition[],
): DefinitionChange[] {
  const known = new Map(before.map((one) => [one.name, one]));
  const names = new Set(after.map(({ name }) => name));
  const present = after.flatMap((one): DefinitionChange[] => {
    const { name, primaryOnly } = one;
    const old = known.get(name);
    if (old === undefined) return [{ type: 'added', name, primaryOnly }];
    const fields = differing(old, one).map((field) => FIELD_NAMES[field] ?? field);
    return fields.length === 0 ? [] : [{ type: 'changed', name, fields }];
  });
  const gone = before.filter(({ name }) => !names.has(name));
  return [...present, ...gone.map(({ name }) => ({ type: 'removed' as const, name }))];
}

/** The names of those that have to end and start again, if they run. */
export function restartedAmong(
  before: readonly ProcessDefinition[],
  after: readonly ProcessDefinition[],
): string[] {
  const known = new Map(before.map((one) => [one.name, one]));
  return after.flatMap((one) => {
    const old = known.get(one.name);
    return old !== undefined && needsRestart(old, one) ? [one.name] : [];
  });
}

/** Whether a process that runs as `before` says has to end and start again to be as `after` says. */
function needsRestart(before: ProcessDefinition, after: ProcessDefinition): boolean {
  return differing(before, after).some((field) => OF_A_START.includes(field));
}

function differing(before: ProcessDefinition, after: ProcessDefinition) {
  const fields = Object.keys(after) as (keyof ProcessDefinition)[];
  return fields.filter((field) => !isSame(before[field], after[field]));
}

/** Plain data; the order of the names of an object says nothing. */
function isSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return one === other;
  }
  const [mine, theirs] = [Object.entries(one), new Map(Object.entries(other))];
  if (mine.length !== theirs.size || Array.isArray(one) !== Array.isArray(other)) return false;
  return mine.every(([name, value]) => theirs.has(name) && isSame(value, theirs.get(name)));
}
