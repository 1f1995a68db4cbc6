// A follower acknowledges only what is on its disk and equal to the leader's log (Raft Fig. 2, §5.3), and a leader
// believes of a follower only what is so; what it believes never shrinks within its term. Acknowledging beyond what a
// message proved, or before a sync, shows here before anything is lost. Of a disk that lost what it had synced, others may
// believe what is no more; what its own node tells from then on is judged all the same.

import type { LogIndex, NodeId } from '../../src/raft/types.js';
import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

interface Beliefs {
  readonly process: unknown;
  readonly term: number;
  readonly matches: Map<NodeId, number>;
}

export function acknowledgements(world: World): Invariant {
  const beliefs = new Map<Machine, Beliefs>();
  const beliefsOf = (machine: Machine, process: unknown, term: number): Beliefs => {
    const known = beliefs.get(machine);
    if (known !== undefined && known.process === process && known.term === term) return known;
    const fresh = { process, term, matches: new Map<NodeId, number>() };
    beliefs.set(machine, fresh);
    return fresh;
  };
  return {
    sent(from, to, message) {
      if (message.type !== 'appendEntriesResponse' || message.outcome.type !== 'matched') return;
      const { matchIndex } = message.outcome;
      const { disk } = from;
      // Once the disk is in a later term, what it held in the earlier one may be gone; nobody counts it any more.
      if (disk.hardState.term > message.term) return;
      hold(disk.lastIndex >= matchIndex, 'acknowledgements', () => {
        return `node ${from.id} acknowledged ${matchIndex}, but its disk ends at ${disk.lastIndex}`;
      });
      const leader = world.machines.get(to)?.process?.node.raft?.state;
      if (leader?.role.type !== 'leader' || leader.term !== message.term) return;
      const [theirs, own] = [leader.log.termAt(matchIndex), disk.termAt(matchIndex)];
      if (theirs === null || own === null) return;
      hold(theirs === own, 'acknowledgements', () => {
        return `node ${from.id} acknowledged ${matchIndex} to node ${to}, but holds term ${own} there, not ${theirs}`;
      });
    },
    durable(machine) {
      if (machine.disk.wasSetBack) return;
      // What a leader counts on stays, as long as the disk is in that leader's term.
      for (const [leader, { process, term, matches }] of beliefs) {
        const state = leader.process?.node.raft?.state;
        if (leader.process !== process || state?.role.type !== 'leader') continue;
        const index = matches.get(machine.id) ?? 0;
        const entryTerm = state.log.termAt(index as LogIndex);
        if (term !== machine.disk.hardState.term || entryTerm === null || index === 0) continue;
        hold(machine.disk.covers({ term: entryTerm, index }), 'acknowledgements', () => {
          return `the disk of node ${machine.id} has lost ${index} of term ${entryTerm}, on which node ${leader.id} counts`;
        });
      }
    },
    happened(machine, process) {
      const state = process.node.raft?.state;
      if (state?.role.type !== 'leader') return;
      const { matches } = beliefsOf(machine, process, state.term);
      for (const [id, { matchIndex, nextIndex }] of state.role.progress) {
        const earlier = matches.get(id) ?? 0;
        // The usual case comes first: nothing is made for it.
        if (matchIndex === earlier && nextIndex > matchIndex) continue;
        hold(nextIndex > matchIndex, 'acknowledgements', () => {
          return `node ${machine.id} would send ${nextIndex} next to node ${id}, which matches ${matchIndex}`;
        });
        hold(matchIndex > earlier, 'acknowledgements', () => {
          return `node ${machine.id} believed that node ${id} matches ${earlier}, and then ${matchIndex}`;
        });
        matches.set(id, matchIndex);
        const disk = world.machines.get(id)?.disk;
        const term = state.log.termAt(matchIndex);
        if (disk === undefined || term === null || disk.hardState.term > state.term) continue;
        if (disk.wasSetBack) continue;
        hold(disk.covers({ term, index: matchIndex }), 'acknowledgements', () => {
          return `node ${machine.id} believes that node ${id} has ${matchIndex} of term ${term}, but its disk has not`;
        });
      }
    },
  };
}
