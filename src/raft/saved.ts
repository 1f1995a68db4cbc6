// All of a core as plain data, and a core that goes on from it: what a record of its inputs begins with. A core is changed
// in place, so this is a copy; what never changes (entries, configurations, settings) is shared. The classes of the state
// save themselves, and the compiler asks for every field of the rest.

import { CatchUp } from './catch-up.js';
import type { SavedCatchUp } from './catch-up.js';
import { Log } from './log.js';
import { Persistence } from './persistence.js';
import type { SavedPersistence } from './persistence.js';
import { Progress } from './progress.js';
import type { SavedProgress } from './progress.js';
import { Random } from './random.js';
import { Silences } from './removal.js';
import type { SavedSilences } from './removal.js';
import { emptyOutbox } from './state.js';
import type { Leader, RaftState, RoleState } from './state.js';
import type { Entry, EntryId, NodeId } from './types.js';

type SavedLeader = Omit<Leader, 'progress' | 'catchUps' | 'silences'> & {
  readonly progress: ReadonlyMap<NodeId, SavedProgress>;
  readonly catchUps: ReadonlyMap<NodeId, SavedCatchUp>;
  readonly silences: SavedSilences;
};

type SavedRole = Exclude<RoleState, Leader> | SavedLeader;

/** Numbers, strings, booleans and null, in arrays, maps and plain objects; entries are shared with the core. */
export type SavedRaft = Omit<
  RaftState,
  'random' | 'role' | 'log' | 'persistence' | 'outbox' | 'options'
> & {
  readonly options: RaftState['options'];
  readonly random: number;
  readonly role: SavedRole;
  readonly log: { readonly compacted: EntryId; readonly entries: readonly Entry[] };
  readonly persistence: SavedPersistence;
};

/** A copy of the state, while its outbox is empty. */
export function savedState(state: RaftState): SavedRaft {
  const { outbox: _empty, random, role, log, persistence, ...plain } = state;
  return {
    ...copied(plain),
    random: random.save(),
    role: savedRole(role),
    log: { compacted: log.compacted, entries: log.entries() },
    persistence: persistence.save(),
  };
}

/** The state that was saved; it shares nothing that changes with what it is made from. */
export function restoredState(saved: SavedRaft): RaftState {
  const { random, role, log, persistence, ...plain } = saved;
  return {
    ...copied(plain),
    random: new Random(random),
    role: restoredRole(role),
    log: new Log(log.compacted, log.entries),
    persistence: Persistence.restored(persistence),
    outbox: emptyOutbox(),
  };
}

function savedRole(role: RoleState): SavedRole {
  if (role.type !== 'leader') return copied(role);
  const { progress, catchUps, silences, ...plain } = role;
  return {
    ...copied(plain),
    progress: mapped(progress, (one) => one.save()),
    catchUps: mapped(catchUps, (one) => one.save()),
    silences: silences.save(),
  };
}

function restoredRole(role: SavedRole): RoleState {
  if (role.type !== 'leader') return copied(role);
  const { progress, catchUps, silences, ...plain } = role;
  return {
    ...copied(plain),
    progress: mapped(progress, (one) => Progress.restored(one)),
    catchUps: mapped(catchUps, (one) => CatchUp.restored(one)),
    silences: Silences.restored(silences),
  };
}

function mapped<Key, From, To>(map: ReadonlyMap<Key, From>, to: (value: From) => To): Map<Key, To> {
  return new Map([...map].map(([key, value]) => [key, to(value)]));
}

/** A copy of plain data of any depth. */
function copied<T>(value: T): T {
  return copyOf(value) as T;
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  if (value instanceof Map) return mapped(value, copyOf);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]));
}
