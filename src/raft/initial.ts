// How a node begins: from what its disk holds, and how a new cluster comes into being on one node.
// A restarted node knows nothing committed beyond its snapshot, withholds votes at first (Thesis §4.2.3), and counts the
// time it was down as zero for cluster time.

import { resetElectionTimer } from './election-timer.js';
import { Log } from './log.js';
import { isVoter } from './quorum.js';
import { Persistence } from './persistence.js';
import { Random } from './random.js';
import type { RaftOptions } from './options.js';
import type { PersistBatch } from './ready.js';
import { emptyOutbox } from './state.js';
import type { RaftState } from './state.js';
import {
  EMPTY_CONFIGURATION,
  ENTRY_ID_ZERO,
  FEATURE_LEVEL_FIRST,
  INDEX_ZERO,
  REIGNS_AUTOMATIC,
  REIGN_NONE,
  indexPlus,
} from './types.js';
import type { Entry, EntryId, HardState, Member, Settings, SnapshotMeta, Term } from './types.js';

/** What is durable when a node begins. */
export interface Loaded {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta | null;
  /** The entry just before the first of `entries`; at or below the snapshot's last. */
  readonly compacted: EntryId;
  readonly entries: readonly Entry[];
}

export const NOTHING_LOADED: Loaded = {
  hardState: { term: 0 as Term, votedFor: null },
  snapshot: null,
  compacted: ENTRY_ID_ZERO,
  entries: [],
};

/** The state of a node that begins at `nowMs` with what was loaded. */
export function initialState(options: RaftOptions, loaded: Loaded, nowMs: number): RaftState {
  const { snapshot } = loaded;
  const random = new Random(options.randomSeed);
  const { electionTimeoutMinMs, leaseMs } = options.timers;
  const log = new Log(loaded.compacted, loaded.entries);
  const applied = {
    configuration: snapshot?.configuration ?? EMPTY_CONFIGURATION,
    configurationIndex: snapshot?.configurationIndex ?? INDEX_ZERO,
    stampMs: snapshot?.stampMs ?? 0,
    settings: snapshot?.settings ?? null,
    reign: snapshot?.reign ?? REIGN_NONE,
    featureLevel: snapshot?.featureLevel ?? FEATURE_LEVEL_FIRST,
  };
  const configurations: RaftState['configurations'] = [
    { index: applied.configurationIndex, configuration: applied.configuration },
  ];
  for (const entry of loaded.entries) {
    if (entry.kind !== 'configuration' || entry.index <= applied.configurationIndex) continue;
    configurations.push({
      index: entry.index,
      configuration: entry.configuration,
    });
  }
  const inForce = configurations.at(-1)?.configuration ?? EMPTY_CONFIGURATION;
  const isAlone = isVoter(inForce, options.id) && inForce.members.length === 1;
  const startIndex = snapshot?.last.index ?? INDEX_ZERO;
  const state: RaftState = {
    options,
    random,
    nowMs,
    term: loaded.hardState.term,
    votedFor: loaded.hardState.votedFor,
    role: { type: 'follower' },
    leaderId: null,
    log,
    commitIndex: startIndex,
    lastApplied: startIndex,
    configurations,
    applied,
    snapshot,
    electionDeadlineMs: nowMs,
    hasListenedLate: false,
    heard: null,
    reignSeenMs: null,
    greeted: new Map(),
    withholdUntilMs: nowMs + Math.max(electionTimeoutMinMs, leaseMs),
    clusterClock: {
      stampMs: Math.max(log.lastStampMs ?? 0, applied.stampMs),
      atMs: nowMs,
    },
    persistence: new Persistence(log.lastIndex, loaded.hardState),
    followerReads: {
      requestId: random.between(0, 2 ** 32) * 2 ** 16,
      asked: [],
      waiting: [],
      sentAtMs: nowMs,
    },
    outbox: emptyOutbox(),
    health: null,
    stopLimitMs: options.stopLimitMs ?? 0,
    refused: null,
    resumesTerm: null,
  };
  // Nobody else could lead a cluster of one: it need not wait.
  if (!isAlone) resetElectionTimer(state);
  return state;
}

/**
 * The log of a new cluster whose founders are its voters: settings, the first configuration and, unless it is the first, the
 * lowest feature level that all of them speak, all in term 1. Equal arguments make equal logs, so that each founder may write
 * it by itself. `founders` are sorted by id.
 * To be persisted as batch 0, before the core begins with the same `Loaded`.
 */
export function bootstrap(
  settings: Settings,
  founders: readonly Member[],
  cause: string,
  reigns = REIGNS_AUTOMATIC,
): { loaded: Loaded; batch: PersistBatch } {
  const term = 1 as Term;
  const first = indexPlus(INDEX_ZERO, 1);
  const entries: Entry[] = [
    { term, index: first, stampMs: 0, kind: 'settings', settings },
    {
      term,
      index: indexPlus(first, 1),
      stampMs: 0,
      kind: 'configuration',
      configuration: {
        members: founders,
        voters: founders.map(({ id }) => id),
        outgoing: null,
        leaving: [],
        autoRemoveAfterMs: null,
        reigns,
      },
      cause,
    },
  ];
  // What software has unlearned it cannot begin with; higher levels than its lowest come by themselves.
  const level = Math.max(...founders.map(({ featureMin }) => featureMin));
  if (level > FEATURE_LEVEL_FIRST) {
    entries.push({ term, index: indexPlus(first, 2), stampMs: 0, kind: 'featureLevel', level });
  }
  const hardState: HardState = { term, votedFor: null };
  const loaded: Loaded = {
    hardState,
    snapshot: null,
    compacted: ENTRY_ID_ZERO,
    entries,
  };
  const batch: PersistBatch = {
    persistId: 0,
    hardState,
    truncateFrom: null,
    entries,
    install: null,
    compactTo: null,
  };
  return { loaded, batch };
}
