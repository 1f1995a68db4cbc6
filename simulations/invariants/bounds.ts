// Every bound has a name and is kept. Watched are entries and bytes of one message, entries that wait for commitment, and what is in
// memory of a log whose snapshots are taken on time.

import { entryBytes } from '../../src/raft/log.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

/** Entries of the core's own that may stand in the log above the proposals: no-op, activation, proof, two configurations. */
const CORE_ENTRIES = 8;

export function bounds(world: World): Invariant {
  const { limits } = world.parameters;
  return {
    sent(from, to, message) {
      if (message.type !== 'appendEntries') return;
      const { entries } = message;
      hold(entries.length <= limits.messageEntriesMax, 'bounds', () => {
        return `node ${from.id} sent ${entries.length} entries at once to node ${to}`;
      });
      const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
      hold(entries.length <= 1 || bytes <= limits.messageBytesMax, 'bounds', () => {
        return `node ${from.id} sent ${bytes} bytes of entries at once to node ${to}`;
      });
    },
    changed({ machine, state, before }) {
      if (state.role.type !== 'leader' || !before.isLeader || before.term !== state.term) return;
      const waiting = state.log.lastIndex - Math.max(state.commitIndex, state.role.noopIndex);
      hold(waiting <= limits.uncommittedEntriesMax + CORE_ENTRIES, 'bounds', () => {
        return `node ${machine.id} leads with ${waiting} entries that wait for commitment`;
      });
    },
  };
}
