// The state of everything that a watcher asked for, at one revision, as if each thing had just been written. It is read from
// frozen facts, so that it may take as long as the watcher needs.

import { jobOutline } from '../state-machine/changes.js';
import type { Change } from '../state-machine/changes.js';
import type { FrozenFacts } from '../state-machine/frozen-state.js';
import { policyNow } from '../state-machine/policy-types.js';
import { runningReign } from '../state-machine/primary.js';
import { keyOf } from '../state-machine/services.js';
import { isWanted } from './filter.js';
import type { WatchFilter } from './filter.js';

/** What there is of it, fact by fact, in the order of the filters and there of the keys; nothing twice. */
export function* walkState(
  facts: FrozenFacts,
  filters: readonly WatchFilter[],
): Generator<Change, void> {
  for (const [at, filter] of filters.entries()) {
    const earlier = filters.slice(0, at);
    for (const change of ofFilter(facts, filter)) {
      if (!isWanted(earlier, change)) yield change;
    }
  }
}

function* ofFilter(facts: FrozenFacts, filter: WatchFilter): Generator<Change, void> {
  switch (filter.fact) {
    case 'session':
      for (const value of inRange(facts.sessions, filter, ({ id }) => id)) {
        yield { fact: 'session', key: value.id, value, hasExpired: false };
      }
      return;
    case 'store':
      for (const value of inRange(facts.store, filter, ({ key }) => key)) {
        yield { fact: 'store', key: value.key, value };
      }
      return;
    case 'lock':
      for (const value of inRange(facts.locks, filter, ({ name }) => name)) {
        yield { fact: 'lock', key: value.name, value };
      }
      return;
    case 'job':
      for (const value of inRange(facts.jobs, filter, ({ id }) => id)) {
        yield { fact: 'job', key: value.id, value: jobOutline(value) };
      }
      return;
    case 'policy':
      for (const policy of inRange(facts.policies.byName, filter, ({ name }) => name)) {
        const value = policyNow(policy);
        if (value !== null) yield { fact: 'policy', key: policy.name, value };
      }
      return;
    case 'service':
      for (const value of inRange(facts.services, filter, keyOf)) {
        yield { fact: 'service', key: keyOf(value), value };
      }
      return;
    default:
      for (const change of fewOf(facts)) if (isWanted([filter], change)) yield change;
  }
}

/** The facts of which there are so few that all may be looked at. */
function* fewOf({ members, primary, events }: FrozenFacts): Generator<Change, void> {
  for (const value of members.current) yield { fact: 'member', key: value.name, value };
  const value = runningReign(primary);
  if (value !== null) yield { fact: 'primary', key: '', value };
  for (const event of events) yield { fact: 'event', key: event.kind, value: event };
}

function* inRange<V>(
  map: { get(key: string): V | null; values(from: string | null): IterableIterator<V> },
  { by, key }: WatchFilter,
  keyOf: (value: V) => string,
): Generator<V, void> {
  if (by === 'key') {
    const value = map.get(key);
    if (value !== null) yield value;
    return;
  }
  for (const value of map.values(key)) {
    if (!keyOf(value).startsWith(key)) return;
    yield value;
  }
}
