// Who makes itself primary waits until every lease has ended that its log leaves unproven, counted from its own election
// (src/raft/lease.ts, argument 3). That argument does without withheld votes, so it is held by itself: with them no two
// primaries would show that it is broken. What is due is counted from the entries below the leader's no-op, applied or not.

import type { Log } from '../../src/raft/log.js';
import type { Leader, RaftState } from '../../src/raft/state.js';
import type { LogIndex, Reign } from '../../src/raft/types.js';
import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function reignBound(): Invariant {
  /** By the clock of a machine that leads: when all those leases have ended. */
  const due = new Map<Machine, number>();
  const applied = new Map<Machine, Fold>();
  return {
    changed({ machine, state, before, appended }) {
      const { role, term, lastApplied } = state;
      const earlier = applied.get(machine) ?? null;
      if (earlier?.lastApplied !== lastApplied) {
        applied.set(machine, { reign: state.applied.reign, lastApplied });
      }
      if (role.type !== 'leader') {
        due.delete(machine);
        return;
      }
      const isElected = !due.has(machine) || !before.isLeader || before.term !== term;
      if (isElected) {
        // Who applies its own activation in the very step of its election, which it must not, is judged by what was before.
        const hasOwn = lastApplied >= role.noopIndex;
        const fold = hasOwn ? earlier : { reign: state.applied.reign, lastApplied };
        due.set(machine, fold === null ? 0 : state.nowMs + unprovenMs(fold, state.log, role));
      }
      const dueMs = due.get(machine) ?? 0;
      const own = appended.find((entry) => entry.kind === 'activation' && entry.term === term);
      hold(own === undefined || (role.boundUntilMs ?? 0) >= dueMs, 'reign-bound', () => {
        return `node ${machine.id} makes itself primary at ${own?.index} from ${role.boundUntilMs} on, but leases in its log end at ${dueMs}`;
      });
    },
  };
}

/** What the entries up to one make of reigns. */
interface Fold extends Pick<RaftState, 'lastApplied'> {
  readonly reign: Reign;
}

/** The longest lease since the newest proof below the leader's no-op. */
function unprovenMs({ reign, lastApplied }: Fold, log: Log, { noopIndex }: Leader): number {
  let { epoch, unprovenLeaseMs } = reign;
  for (let index = lastApplied + 1; index < noopIndex; index += 1) {
    const entry = log.entryAt(index as LogIndex);
    if (entry?.kind === 'activation') {
      epoch = entry.index;
      unprovenLeaseMs = Math.max(unprovenLeaseMs, entry.leaseMs);
    }
    if (entry?.kind === 'proof' && entry.epoch === epoch) unprovenLeaseMs = 0;
  }
  return unprovenLeaseMs;
}
