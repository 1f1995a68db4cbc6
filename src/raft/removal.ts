// Removing dead voters without being asked, where the cluster's setting allows it: a leader that has not heard some of the
// voters for long removes as few of them as let the cluster lose one more voter than before, and never where nothing is won.
// So a cluster of five shrinks to three, and ends there: two voters can lose no more than three of which one is dead.
// Who is removed may live beyond a partition; it can then decide nothing, since a majority agreed to the removal.
// Source: Thesis §4.3 (any change by one joint configuration); the rule itself is our own and argued in README.md.

import { changeConfiguration, isChangeRunning } from './membership.js';
import { quorumSize } from './quorum.js';
import { configurationInForce, emit } from './state.js';
import type { Leader, RaftState } from './state.js';
import { NO_CHANGE } from './types.js';
import type { Configuration, NodeId } from './types.js';

/** One voter as a leader sees it. */
export interface Contact {
  readonly id: NodeId;
  /** For how long it was not heard, in ms; 0: it is in contact. */
  readonly silentMs: number;
  /** It is not to be removed, because a newcomer is on its way to its place. */
  readonly isKept: boolean;
}

/** All that a leader knows of silences, as plain data. */
export interface SavedSilences {
  readonly sinceMs: ReadonlyMap<NodeId, number>;
  readonly lookedMs: number | null;
}

/** Since when a leader misses voters. */
export class Silences {
  readonly #sinceMs = new Map<NodeId, number>();
  #lookedMs: number | null = null;

  save(): SavedSilences {
    return { sinceMs: new Map(this.#sinceMs), lookedMs: this.#lookedMs };
  }

  static restored({ sinceMs, lookedMs }: SavedSilences): Silences {
    const restored = new Silences();
    for (const [id, atMs] of sinceMs) restored.#sinceMs.set(id, atMs);
    restored.#lookedMs = lookedMs;
    return restored;
  }

  /**
   * Takes who is heard at `nowMs` and answers for how long each was not. Silences begin anew where this process itself
   * looked no more for longer than `gapMs`: what it did not hear meanwhile proves nothing.
   */
  look(isHeard: ReadonlyMap<NodeId, boolean>, nowMs: number, gapMs: number): Map<NodeId, number> {
    if (this.#lookedMs !== null && nowMs - this.#lookedMs > gapMs) this.#sinceMs.clear();
    this.#lookedMs = nowMs;
    for (const id of this.#sinceMs.keys()) if (isHeard.get(id) !== false) this.#sinceMs.delete(id);
    const silent = new Map<NodeId, number>();
    for (const [id, heard] of isHeard) {
      if (!heard && !this.#sinceMs.has(id)) this.#sinceMs.set(id, nowMs);
      // From the first look that missed it, a moment is counted as one.
      silent.set(id, heard ? 0 : Math.max(1, nowMs - (this.#sinceMs.get(id) ?? nowMs)));
    }
    return silent;
  }
}

/**
 * The voters to remove together: of those silent for `afterMs` the longest silent, as few as give the highest failure
 * tolerance, always a minority; none unless that is higher than before, or where the voters in contact are no majority.
 */
export function whomToRemove(voters: readonly Contact[], afterMs: number): NodeId[] {
  const count = voters.length;
  const heardCount = voters.filter(({ silentMs }) => silentMs === 0).length;
  const dead = voters
    .filter(({ silentMs, isKept }) => silentMs >= afterMs && silentMs > 0 && !isKept)
    .sort((a, b) => b.silentMs - a.silentMs || a.id - b.id);
  const toleranceWithout = (removed: number): number => heardCount - quorumSize(count - removed);
  let best = 0;
  if (toleranceWithout(0) < 0) return [];
  for (let removed = 1; removed <= dead.length && 2 * removed < count; removed += 1) {
    if (toleranceWithout(removed) > toleranceWithout(best)) best = removed;
  }
  return dead.slice(0, best).map(({ id }) => id);
}

/** Removes dead voters where the setting asks for it and something is won; answers whether it began to. */
export function maybeRemoveDead(state: RaftState, leader: Leader): boolean {
  const configuration = configurationInForce(state);
  const { autoRemoveAfterMs: afterMs } = configuration;
  if (afterMs === null) return false;
  const voters = contacts(state, leader, configuration);
  const isBusy = isChangeRunning(state) || leader.transfer !== null || state.options.isWitness;
  if (isBusy || state.commitIndex < leader.noopIndex) return false;
  const remove = whomToRemove(voters, afterMs);
  if (remove.length === 0) return false;
  const heardCount = voters.filter(({ silentMs }) => silentMs === 0).length;
  const tolerance = heardCount - quorumSize(voters.length - remove.length);
  const cause = `not heard for ${shown(afterMs)}, so it was removed automatically; the cluster can lose ${tolerance} more`;
  const answer = changeConfiguration(state, { ...NO_CHANGE, remove }, cause);
  if (answer.type !== 'appended') return false;
  const names = configuration.members.filter(({ id }) => remove.includes(id)).map((it) => it.name);
  emit(state, { type: 'deadRemoved', names, afterMs });
  return true;
}

function contacts(state: RaftState, leader: Leader, configuration: Configuration): Contact[] {
  const { electionTimeoutMinMs: gapMs } = state.options.timers;
  const isHeard = new Map(
    configuration.voters.map((id) => {
      const isOwn = id === state.options.id;
      return [id, isOwn || leader.progress.get(id)?.isInContact(state.nowMs, gapMs) === true];
    }),
  );
  const silent = leader.silences.look(isHeard, state.nowMs, gapMs);
  const isKept = (id: NodeId): boolean =>
    configuration.members.some(({ replaces }) => replaces === id);
  return configuration.voters.map((id) => {
    return { id, silentMs: silent.get(id) ?? 0, isKept: isKept(id) };
  });
}

/** A duration as people write it. */
function shown(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
