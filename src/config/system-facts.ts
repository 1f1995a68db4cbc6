// The system definition as facts of the cluster: which keys of the store hold it, and which changes lead from what the cluster
// holds to what a file says. Services read and watch `quorate/system/items/NAME` like any key; an encrypted item stands
// there in its encrypted form. Pure.

import { formatAddress } from '../address.js';
import type { SystemDefinition } from './config.js';

/** Every key of it begins so. */
export const SYSTEM_PREFIX = 'quorate/system/';
/** Name and hosts, one JSON document; each item has a key of its own below. */
export const DEFINITION_KEY = `${SYSTEM_PREFIX}definition`;
export const ITEMS_PREFIX = `${SYSTEM_PREFIX}items/`;

/** Operations of one transaction. Source: design, defaults. */
export const CHANGES_MAX = 128;

/** One change of the cluster's facts; `value` null: the key goes. */
export interface FactChange {
  readonly key: string;
  readonly value: string | null;
  /** What it is, for people; no value of an item is ever shown. */
  readonly text: string;
}

/** The facts that a definition stands for. A file that defines no system stands for none. */
function factsOf({ name, hosts, items }: SystemDefinition): Map<string, string> {
  const facts = new Map<string, string>();
  if (name === null && hosts.length === 0 && items.length === 0) return facts;
  const listed = hosts.map((host) => {
    return { name: host.name, address: host.address === null ? null : formatAddress(host.address) };
  });
  facts.set(DEFINITION_KEY, JSON.stringify({ name, hosts: listed }));
  for (const item of items) facts.set(`${ITEMS_PREFIX}${item.name}`, item.value);
  return facts;
}

/** What must change in the cluster, in the order of the keys, so that it holds what the file says; none: it does. */
export function factChanges(
  definition: SystemDefinition,
  held: ReadonlyMap<string, string>,
): FactChange[] {
  const wanted = factsOf(definition);
  // A file without a system says nothing about the cluster's.
  if (wanted.size === 0) return [];
  const keys = [...new Set([...wanted.keys(), ...held.keys()])].toSorted();
  return keys.flatMap((key) => {
    const value = wanted.get(key) ?? null;
    const before = held.get(key) ?? null;
    if (value === before) return [];
    return [{ key, value, text: `${verb(before, value)} ${subject(key, before, value)}` }];
  });
}

function verb(before: string | null, after: string | null): string {
  if (before === null) return 'adds';
  return after === null ? 'removes' : 'changes';
}

function subject(key: string, before: string | null, after: string | null): string {
  if (key !== DEFINITION_KEY) return `item ${key.slice(ITEMS_PREFIX.length)}`;
  const names = (text: string | null): string =>
    text === null ? 'none' : shownDefinition(text).replace(/^$/, 'no hosts');
  return `the system: ${names(before)} becomes ${names(after)}`;
}

/** Name and hosts of a definition in words; text that is none is told as such. */
export function shownDefinition(text: string): string {
  const { name, hosts } = definitionIn(text);
  const told = hosts.map((host) =>
    host.address === null ? host.name : `${host.name} at ${host.address}`,
  );
  return [...(name === null ? [] : [name]), ...told].join(', ');
}

/** The definition that a key of the store holds; others may have written there, so that nothing is taken for granted. */
export function definitionIn(text: string): {
  readonly name: string | null;
  readonly hosts: readonly { readonly name: string; readonly address: string | null }[];
} {
  try {
    const found = JSON.parse(text) as { name?: unknown; hosts?: unknown };
    const hosts = Array.isArray(found.hosts)
      ? (found.hosts as { name?: unknown; address?: unknown }[])
      : [];
    return {
      name: typeof found.name === 'string' ? found.name : null,
      hosts: hosts.map(({ name, address }) => {
        return { name: String(name), address: typeof address === 'string' ? address : null };
      }),
    };
  } catch {
    return { name: null, hosts: [] };
  }
}
