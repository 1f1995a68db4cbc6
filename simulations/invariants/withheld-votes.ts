// Whoever answered a leader gives no vote to another while that answer still carries the leader's lease (Raft §6, Thesis
// §4.2.3, §6.4.1): not on a timer's word, not after a restart. Only an order of that leader to campaign lifts this, and
// for the term after its own alone. Counted are the rounds and the leader's own clock, not what the voter believes.

import type { NodeId } from '../../src/raft/types.js';
import type { LeaderRounds } from '../leader-rounds.js';
import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';
import { LEASE_USED } from './lease.js';

/** Clocks show whole milliseconds: a time between two readings may seem shorter by one at either end. */
const CLOCK_STEP_MS = 2;

export function withheldVotes(world: World, rounds: LeaderRounds): Invariant {
  // Beyond the bound on clocks nobody promises anything.
  if (world.parameters.clocks === 'beyond') return {};
  /** Orders to campaign, by term and node. */
  const orders = new Set<string>();
  /** Whom each process heard lead, itself included, and the newest term of that; whether it has answered or not. */
  const heard = new Map<Machine, Map<NodeId, number>>();
  const hear = (machine: Machine, leader: NodeId, term: number): void => {
    const known = heard.get(machine) ?? new Map<NodeId, number>();
    heard.set(machine, known.set(leader, Math.max(known.get(leader) ?? 0, term)));
  };

  const check = (voter: Machine, candidate: NodeId, term: number, isLifted: boolean): void => {
    const word = rounds.wordOf(voter);
    if (word === null || isLifted) return;
    const { reign, start, leaseMs } = word;
    // From a later leader that it heard nothing is withheld: that one waits for older leases by itself.
    if ((heard.get(voter)?.get(candidate) ?? 0) > reign.term) return;
    const leader = reign.machine;
    if (leader.id === candidate || term <= reign.term) return;
    const untilMs = start.readingMs + Math.floor(leaseMs * LEASE_USED) - CLOCK_STEP_MS;
    hold(leader.clock.nowMs() >= untilMs, 'withheld-votes', () => {
      const leftMs = untilMs - leader.clock.nowMs();
      return `node ${voter.id} gave node ${candidate} its word for term ${term}, although what it told node ${leader.id}, which led term ${reign.term}, carries a lease for another ${leftMs} ms`;
    });
  };

  return {
    sent(from, to, message) {
      if (message.type === 'timeoutNow') orders.add(`${message.term}/${to}`);
      if (message.type !== 'requestVoteResponse' || !message.granted || !message.preVote) return;
      check(from, to, message.term, false);
    },
    received(machine, _process, from, message) {
      if (message.type !== 'appendEntries' && message.type !== 'installSnapshot') return;
      hear(machine, from, message.term);
    },
    changed({ machine, state, before, isFirst }) {
      const { votedFor, term } = state;
      if (state.role.type === 'leader') hear(machine, machine.id, term);
      const isNew = before.votedFor !== votedFor || before.term !== term;
      if (isFirst || !isNew || votedFor === null || votedFor === machine.id) return;
      // The order of the leader just before counts, if this node heard it lead or was it.
      const isHeard = [...(heard.get(machine)?.values() ?? [])].includes(term - 1);
      check(machine, votedFor, term, isHeard && orders.has(`${term - 1}/${votedFor}`));
    },
    crashed(machine) {
      heard.delete(machine);
    },
  };
}
