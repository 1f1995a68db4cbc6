// Short ways to say the core's data in tests: members, configurations, entries, options, what a disk holds.
// Nothing here behaves; raft-bench.ts drives one node, raft-cluster.ts several.

import type { Loaded } from '../../src/raft/initial.js';
import type { AppendEntries, RequestVote, Sender } from '../../src/raft/message.js';
import { LIMITS, timersFor } from '../../src/raft/options.js';
import type { Limits, RaftOptions } from '../../src/raft/options.js';
import type {
  ConfigChange,
  Configuration,
  Entry,
  EntryId,
  EntryPayload,
  HardState,
  InstallId,
  LogIndex,
  Member,
  MemberUpdate,
  NodeId,
  ReignRules,
  Settings,
  SnapshotMeta,
  Term,
} from '../../src/raft/types.js';
import { REIGN_NONE, REIGNS_AUTOMATIC } from '../../src/raft/types.js';

export const T = (value: number): Term => value as Term;
export const I = (value: number): LogIndex => value as LogIndex;
export const N = (value: number): NodeId => value as NodeId;

/** `id(index, term)`, in the order in which entries are read: position first. */
export const id = (index: number, term: number): EntryId => ({ index: I(index), term: T(term) });

export function install(node: number, incarnation = 1): InstallId {
  return `${incarnation}`.padStart(4, '0').concat(`${node}`.padStart(12, '0')) as InstallId;
}

export function sender(node: number, incarnation = 1): Sender {
  return { id: N(node), installId: install(node, incarnation) };
}

export function member(node: number, extra: Partial<Member> = {}): Member {
  return {
    id: N(node),
    installId: install(node),
    name: `node${node}`,
    address: `10.0.0.${node}:6000`,
    api: `10.0.0.${node}:6001`,
    version: '0.1.0',
    featureMin: 1,
    featureMax: 1,
    autoPromote: false,
    replaces: null,
    patientUntilMs: 0,
    witness: false,
    priority: 50,
    ...extra,
  };
}

/** A final configuration, or with `outgoing` a joint one. */
export function configuration(
  voters: readonly number[],
  {
    learners = [],
    outgoing = null,
    leaving = [],
    extras = {},
    autoRemoveAfterMs = null,
    reigns = REIGNS_AUTOMATIC,
  }: ConfigurationParts = {},
): Configuration {
  const ids = [...new Set([...voters, ...learners, ...(outgoing ?? []), ...leaving])].sort(
    (a, b) => a - b,
  );
  return {
    members: ids.map((node) => member(node, extras[node])),
    voters: voters.map(N),
    outgoing: outgoing === null ? null : outgoing.map(N),
    leaving: leaving.map(N),
    autoRemoveAfterMs,
    reigns,
  };
}

interface ConfigurationParts {
  readonly learners?: readonly number[];
  readonly outgoing?: readonly number[] | null;
  readonly leaving?: readonly number[];
  readonly extras?: MemberExtras;
  readonly autoRemoveAfterMs?: number | null;
  readonly reigns?: ReignRules;
}

/** What is special about some members, by id. */
export type MemberExtras = Readonly<Record<number, Partial<Member>>>;

export function change(parts: {
  readonly add?: readonly (number | Member)[];
  readonly promote?: readonly number[];
  readonly demote?: readonly number[];
  readonly remove?: readonly number[];
  readonly update?: readonly MemberUpdate[];
  readonly autoRemove?: number | null;
  readonly reigns?: ReignRules;
}): ConfigChange {
  return {
    add: (parts.add ?? []).map((it) => (typeof it === 'number' ? member(it) : it)),
    promote: (parts.promote ?? []).map(N),
    demote: (parts.demote ?? []).map(N),
    remove: (parts.remove ?? []).map(N),
    update: parts.update ?? [],
    ...(parts.autoRemove === undefined ? {} : { autoRemove: { afterMs: parts.autoRemove } }),
    ...(parts.reigns === undefined ? {} : { reigns: parts.reigns }),
  };
}

const SETTINGS: Settings = {
  clusterId: '0123456789abcdef0123456789abcdef',
  clusterName: 'quorate',
  electionTimeoutMs: 1000,
};

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** One entry; `payload` defaults to a command that names its own place. */
export function entry(index: number, term: number, payload?: EntryPayload, stampMs = 0): Entry {
  const given: EntryPayload = payload ?? { kind: 'command', data: bytes(`${index}@${term}`) };
  return { index: I(index), term: T(term), stampMs, ...given };
}

/** Entries 1, 2, … of the terms given; the first is the settings, the second the configuration. */
export function logOf(
  terms: readonly number[],
  voters: readonly number[] = [1, 2, 3],
  extras: MemberExtras = {},
): Entry[] {
  const started = configuration(voters, { extras });
  const foundation = [
    { kind: 'settings' as const, settings: SETTINGS },
    { kind: 'configuration' as const, configuration: started, cause: 'start' },
  ];
  return terms.map((term, at) => entry(at + 1, term, foundation[at]));
}

export function snapshotOf(
  index: number,
  term: number,
  extra: Partial<SnapshotMeta> = {},
): SnapshotMeta {
  return {
    last: id(index, term),
    stampMs: 0,
    configuration: configuration([1, 2, 3]),
    configurationIndex: I(2),
    settings: SETTINGS,
    reign: REIGN_NONE,
    featureLevel: 1,
    ...extra,
  };
}

export function loaded(entries: readonly Entry[], hardState: Partial<HardState> = {}): Loaded {
  const lastTerm = entries.at(-1)?.term ?? T(0);
  return {
    hardState: { term: lastTerm, votedFor: null, ...hardState },
    snapshot: null,
    compacted: id(0, 0),
    entries,
  };
}

/** A disk that holds a snapshot and the entries after `compacted`, by default after the snapshot. */
export function loadedSnapshot(
  meta: SnapshotMeta,
  entries: readonly Entry[],
  compacted: EntryId = meta.last,
): Loaded {
  const term = entries.at(-1)?.term ?? meta.last.term;
  return { hardState: { term, votedFor: null }, snapshot: meta, compacted, entries };
}

/** What every member runs unless a test says otherwise. */
const SOFTWARE = { version: '0.1.0', featureMin: 1, featureMax: 1 };

export function options(
  node: number,
  limits: Partial<Limits> = {},
  electionTimeoutMs = 1000,
  isWitness = false,
): RaftOptions {
  return {
    id: N(node),
    installId: install(node),
    software: SOFTWARE,
    timers: timersFor(electionTimeoutMs),
    limits: { ...LIMITS, ...limits },
    randomSeed: node,
    isWitness,
  };
}

export function appendEntries(
  term: number,
  prev: EntryId,
  entries: readonly Entry[],
  extra: Partial<AppendEntries> = {},
): AppendEntries {
  return {
    type: 'appendEntries',
    term: T(term),
    round: 1,
    leaseMs: 750,
    clusterTimeMs: 0,
    prev,
    entries,
    commitIndex: I(0),
    ...extra,
  };
}

export function requestVote(
  term: number,
  last: EntryId,
  extra: Partial<RequestVote> = {},
): RequestVote {
  return { type: 'requestVote', term: T(term), preVote: false, transfer: false, last, ...extra };
}
