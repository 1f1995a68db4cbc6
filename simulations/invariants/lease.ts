// Who may act as primary until some time was answered by a quorum in rounds that began no longer before it than the used
// part of the lease: 95 % of it, for clocks that differ by less than 5 % (Thesis §6.4.1). Never again in an epoch
// whose end it has told, since another may be elected at once when an order to campaign has left (Thesis §3.10).

import { configurationInForce } from '../../src/raft/state.js';
import type { NodeId } from '../../src/raft/types.js';
import type { LeaderRounds } from '../leader-rounds.js';
import type { Machine, Process } from '../machine.js';
import { isMajority } from '../majority.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

/** The part of a lease that its holder uses. */
export const LEASE_USED = 0.95;

export function lease(rounds: LeaderRounds): Invariant {
  /** What was checked last for each machine: nothing is asked twice. */
  const checked = new Map<Machine, number>();
  /** The epoch in which each process has sent an order to campaign. */
  const over = new Map<Machine, { readonly process: Process; readonly epoch: number }>();

  return {
    sent(from, _to, { type }) {
      const { process } = from;
      const epoch = process?.node.raft?.state.applied.reign.epoch;
      if (type !== 'timeoutNow' || process === null || epoch === undefined) return;
      over.set(from, { process, epoch });
    },
    happened(machine, process) {
      const { raft } = process.node;
      const untilMs = raft?.primaryUntilMs ?? null;
      if (raft === null || untilMs === null) return;
      const { state } = raft;
      const { leaseMs, epoch } = state.applied.reign;
      const told = over.get(machine);
      hold(told?.process !== process || told.epoch !== epoch, 'lease', () => {
        return `node ${machine.id} goes on as primary of epoch ${epoch}, in which it has ordered another to campaign`;
      });
      if (checked.get(machine) === untilMs) return;
      checked.set(machine, untilMs);
      const fromMs = untilMs - Math.floor(leaseMs * LEASE_USED);
      const reign = rounds.reign(machine, state.term);
      const hasAnswered = (id: NodeId): boolean =>
        id === machine.id || (reign?.answered.get(id)?.readingMs ?? -Infinity) >= fromMs;
      hold(isMajority(configurationInForce(state), hasAnswered), 'lease', () => {
        return `node ${machine.id} is primary until ${untilMs} by its clock, but no quorum has answered a round that began at ${fromMs} or later`;
      });
    },
  };
}
