// A node votes once in a term, through all restarts, and what it says about its vote is on its disk before it says it
// (Raft Fig. 2, §5.2). A candidate's request is its vote for itself. The disk's own term and vote never go back either,
// and who leads was elected by the votes of a quorum in that very term.

import type { Machine } from '../machine.js';
import { allVoters } from '../../src/raft/quorum.js';
import { configurationInForce } from '../../src/raft/state.js';
import type { HardState, NodeId } from '../../src/raft/types.js';
import { isMajority } from '../majority.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function votes(): Invariant {
  const given = new Map<string, NodeId>();
  const stored = new Map<Machine, HardState>();
  const vote = (voter: Machine, term: number, candidate: NodeId): void => {
    const key = `${voter.id}/${term}`;
    const earlier = given.get(key);
    hold(earlier === undefined || earlier === candidate, 'votes', () => {
      return `node ${voter.id} voted in term ${term} for node ${earlier} and for node ${candidate}`;
    });
    given.set(key, candidate);
    const { hardState } = voter.disk;
    const isStored =
      hardState.term > term || (hardState.term === term && hardState.votedFor === candidate);
    hold(isStored, 'votes', () => {
      return `node ${voter.id} told of its vote for node ${candidate} in term ${term}, but its disk holds term ${hardState.term}, vote ${hardState.votedFor}`;
    });
  };
  /** Whether this voter gave its vote; a candidate's own is on its disk. */
  const hasGiven = (voter: NodeId, term: number, leader: Machine): boolean => {
    const { hardState } = leader.disk;
    return voter === leader.id
      ? hardState.term >= term && (hardState.term > term || hardState.votedFor === leader.id)
      : given.get(`${voter}/${term}`) === leader.id;
  };
  return {
    changed({ machine, state, before, isFirst }) {
      if (state.role.type !== 'leader') return;
      if (!isFirst && before.isLeader && before.term === state.term) return;
      const configuration = configurationInForce(state);
      const isElected = isMajority(configuration, (id) => hasGiven(id, state.term, machine));
      hold(isElected, 'votes', () => {
        const voters = allVoters(configuration).filter((id) => hasGiven(id, state.term, machine));
        return `node ${machine.id} leads term ${state.term}, but only nodes ${voters.join(', ')} gave it their votes`;
      });
    },
    sent(from, to, message) {
      if (message.type === 'requestVoteResponse' && message.granted && !message.preVote) {
        vote(from, message.term, to);
      } else if (message.type === 'requestVote' && !message.preVote) {
        vote(from, message.term, from.id);
      }
    },
    durable(machine) {
      const { hardState } = machine.disk;
      const old = stored.get(machine);
      if (old === hardState) return;
      stored.set(machine, hardState);
      if (old === undefined) return;
      hold(hardState.term >= old.term, 'votes', () => {
        return `the disk of node ${machine.id} went from term ${old.term} to ${hardState.term}`;
      });
      if (hardState.term > old.term || old.votedFor === null) return;
      hold(hardState.votedFor === old.votedFor, 'votes', () => {
        return `the disk of node ${machine.id} changed its vote in term ${old.term} from ${old.votedFor} to ${hardState.votedFor}`;
      });
    },
  };
}
