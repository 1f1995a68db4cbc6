// When a node that hears no leader campaigns: a random wait (Raft §5.2), begun anew with every word of a leader. Members of
// lower priority and witnesses wait in a later band, so that the preferred node usually wins; nobody is ever kept from
// campaigning, since a veto could cost liveness.

import { whyUnfitHere } from './fitness.js';
import { configurationInForce } from './state.js';
import type { RaftState } from './state.js';

/** The band of a witness and of a node that must not be primary now, and the last of all others: so many minimum election timeouts later. */
const BAND_MAX = 2;

/** Draws the time at which this node campaigns unless it hears a leader before. */
export function resetElectionTimer(state: RaftState): void {
  const { electionTimeoutMinMs, electionTimeoutMaxMs } = state.options.timers;
  state.hasListenedLate = false;
  state.electionDeadlineMs =
    state.nowMs +
    Math.floor(bandOf(state) * electionTimeoutMinMs) +
    state.random.between(electionTimeoutMinMs, electionTimeoutMaxMs);
}

/** How many minimum election timeouts this node lets pass for others: half of one for each rank above its own. */
function bandOf(state: RaftState): number {
  const { members, voters } = configurationInForce(state);
  const own = members.find(({ id }) => id === state.options.id);
  if (state.options.isWitness || whyUnfitHere(state) !== null) return BAND_MAX;
  if (own === undefined) return 0;
  const above = members.filter(
    ({ id, witness, priority }) => !witness && voters.includes(id) && priority > own.priority,
  );
  return Math.min(new Set(above.map(({ priority }) => priority)).size / 2, BAND_MAX);
}
