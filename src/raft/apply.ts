// Handing committed entries out for application, and what the core itself learns from them: the reign, the settings,
// the feature level, the configuration that a snapshot will carry. Raft §5.3; Fig. 2, rules for all servers: what is committed and not applied is next.

import { invariant } from './assert.js';
import { adoptLevel } from './feature-level.js';
import { applyToReign } from './reign.js';
import { emit } from './state.js';
import type { RaftState } from './state.js';
import { indexPlus } from './types.js';
import type { Entry, SnapshotMeta } from './types.js';

/** Takes the next committed entries, at most the limit; they count as applied from here on. */
export function takeCommitted(state: RaftState): Entry[] {
  if (state.lastApplied === state.commitIndex) return [];
  const from = indexPlus(state.lastApplied, 1);
  const entries = state.log.slice(
    from,
    indexPlus(state.commitIndex, 1),
    state.options.limits.committedEntriesMax,
    Number.POSITIVE_INFINITY,
  );
  invariant(entries.length > 0, 'a committed entry that is not applied is in the log');
  for (const entry of entries) learn(state, entry);
  return entries;
}

function learn(state: RaftState, entry: Entry): void {
  const { applied } = state;
  invariant(entry.index === state.lastApplied + 1, 'entries are applied in order');
  invariant(entry.stampMs >= applied.stampMs, 'cluster time never falls');
  state.lastApplied = entry.index;
  applied.stampMs = entry.stampMs;
  applied.reign = applyToReign(applied.reign, entry);
  // Of the reign that begins nothing was seen yet: the entry may be old.
  if (entry.kind === 'activation') state.reignSeenMs = null;
  if (entry.kind === 'settings') applied.settings = entry.settings;
  if (entry.kind === 'featureLevel') adoptLevel(state, entry.level);
  if (entry.kind === 'configuration') {
    applied.configuration = entry.configuration;
    applied.configurationIndex = entry.index;
    // Truncation never reaches below commitIndex, so older configurations cannot come back.
    state.configurations = state.configurations.filter(({ index }) => index >= entry.index);
    emit(state, {
      type: 'configurationChanged',
      index: entry.index,
      cause: entry.cause,
    });
  }
  if (
    entry.kind === 'activation' &&
    entry.nodeId === state.options.id &&
    entry.term === state.term
  ) {
    emit(state, { type: 'activated', epoch: entry.index });
  }
}

/** What a snapshot of the state as applied now must say about the log; null before the settings are known. */
export function snapshotMeta(state: RaftState): SnapshotMeta | null {
  const { applied } = state;
  const term = state.log.termAt(state.lastApplied);
  if (applied.settings === null || term === null) return null;
  return {
    last: { term, index: state.lastApplied },
    stampMs: applied.stampMs,
    configuration: applied.configuration,
    configurationIndex: applied.configurationIndex,
    settings: applied.settings,
    reign: applied.reign,
    featureLevel: applied.featureLevel,
  };
}
