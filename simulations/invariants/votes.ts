// A node votes once in a term, through all restarts, and what it says about its vote is on its disk before it says it
// (Raft Fig. 2, §5.2). A candidate's request is its vote for itself; it gets votes only of those whose log is no newer
// (§5.4.1), and counts only those that were given. The disk's own term and vote never go back either, and who leads was
// elected by the votes of a quorum in that very term.

import type { Machine, Process } from '../machine.js';
import { allVoters } from '../../src/raft/quorum.js';
import { configurationInForce } from '../../src/raft/state.js';
import type { EntryId, HardState, NodeId } from '../../src/raft/types.js';
import { isMajority } from '../majority.js';
import type { Sight } from '../sight.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function votes(): Invariant {
  const ballots = new Ballots();
  const stored = new Map<Machine, HardState>();
  return {
    changed(sight) {
      ballots.checkLog(sight);
      ballots.checkElected(sight);
    },
    happened: (machine, process) => ballots.checkCounted(machine, process),
    sent(from, to, message) {
      if (message.type === 'requestVoteResponse' && message.granted) {
        if (message.preVote) ballots.promised(from, message.term, to);
        else ballots.gave(from, message.term, to);
      } else if (message.type === 'requestVote' && !message.preVote) {
        ballots.asked(from, message.term, message.last);
        ballots.gave(from, message.term, from.id);
      }
    },
    durable(machine) {
      const { hardState } = machine.disk;
      const old = stored.get(machine);
      if (old === hardState) return;
      stored.set(machine, hardState);
      if (old !== undefined) checkStored(machine, old, hardState);
    },
  };
}

/** Who gave whom a vote in which term, of all that was ever told. */
class Ballots {
  readonly #given = new Map<string, NodeId>();
  /** Pre-votes, by voter, term asked for and candidate. */
  readonly #promised = new Set<string>();
  /** The end of a candidate's log, by candidate and term. */
  readonly #asked = new Map<string, EntryId>();

  asked(candidate: Machine, term: number, last: EntryId): void {
    this.#asked.set(`${candidate.id}/${term}`, last);
  }

  promised(voter: Machine, term: number, candidate: NodeId): void {
    this.#promised.add(`${voter.id}/${term}/${candidate}`);
  }

  gave(voter: Machine, term: number, candidate: NodeId): void {
    const key = `${voter.id}/${term}`;
    const earlier = this.#given.get(key);
    hold(earlier === undefined || earlier === candidate, 'votes', () => {
      return `node ${voter.id} voted in term ${term} for node ${earlier} and for node ${candidate}`;
    });
    this.#given.set(key, candidate);
    const { hardState } = voter.disk;
    const isStored =
      hardState.term > term || (hardState.term === term && hardState.votedFor === candidate);
    hold(isStored, 'votes', () => {
      return `node ${voter.id} told of its vote for node ${candidate} in term ${term}, but its disk holds term ${hardState.term}, vote ${hardState.votedFor}`;
    });
  }

  /** Judged when the vote is given: until it is told, the log may grow by the word of the one who was elected. */
  checkLog({ machine, state, before, isFirst, isLogSame }: Sight): void {
    const { term, votedFor } = state;
    const isNew = before.votedFor !== votedFor || before.term !== term;
    if (isFirst || !isNew || votedFor === null || votedFor === machine.id) return;
    const asked = this.#asked.get(`${votedFor}/${term}`);
    if (asked === undefined || !isLogSame) return;
    const { last } = state.log;
    const isBehind = asked.term === last.term ? asked.index < last.index : asked.term < last.term;
    hold(!isBehind, 'votes', () => {
      return `node ${machine.id}, whose log ends with ${last.index} of term ${last.term}, voted in term ${term} for node ${votedFor}, whose log ends with ${asked.index} of term ${asked.term}`;
    });
  }

  checkElected({ machine, state, before, isFirst }: Sight): void {
    if (state.role.type !== 'leader') return;
    if (!isFirst && before.isLeader && before.term === state.term) return;
    const configuration = configurationInForce(state);
    const hasGiven = (id: NodeId): boolean => this.#hasGiven(id, state.term, machine);
    hold(isMajority(configuration, hasGiven), 'votes', () => {
      const voters = allVoters(configuration).filter(hasGiven);
      return `node ${machine.id} leads term ${state.term}, but only nodes ${voters.join(', ')} gave it their votes`;
    });
  }

  /** What a candidate counts was given to it, in this very term. */
  checkCounted(machine: Machine, process: Process): void {
    const state = process.node.raft?.state;
    const role = state?.role;
    if (state === undefined || (role?.type !== 'candidate' && role?.type !== 'preCandidate'))
      return;
    for (const [voter, isGranted] of role.votes) {
      const isGiven =
        role.type === 'candidate'
          ? this.#hasGiven(voter, state.term, machine)
          : voter === machine.id || this.#promised.has(`${voter}/${state.term + 1}/${machine.id}`);
      hold(!isGranted || isGiven, 'votes', () => {
        return `node ${machine.id}, a ${role.type} of term ${state.term}, counts a vote of node ${voter}, which gave it none`;
      });
    }
  }

  /** Whether this voter gave its vote; a candidate's own is on its disk. */
  #hasGiven(voter: NodeId, term: number, candidate: Machine): boolean {
    const { hardState } = candidate.disk;
    return voter === candidate.id
      ? hardState.term >= term && (hardState.term > term || hardState.votedFor === candidate.id)
      : this.#given.get(`${voter}/${term}`) === candidate.id;
  }
}

/** The disk itself keeps to the rule. */
function checkStored(machine: Machine, old: HardState, hardState: HardState): void {
  hold(hardState.term >= old.term, 'votes', () => {
    return `the disk of node ${machine.id} went from term ${old.term} to ${hardState.term}`;
  });
  if (hardState.term > old.term || old.votedFor === null) return;
  hold(hardState.votedFor === old.votedFor, 'votes', () => {
    return `the disk of node ${machine.id} changed its vote in term ${old.term} from ${old.votedFor} to ${hardState.votedFor}`;
  });
}
