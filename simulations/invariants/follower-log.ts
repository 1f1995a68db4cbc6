// A follower removes entries only where they differ from the leader's (Raft §5.3): an older message that comes late must not
// take away what came after it. And it acknowledges no more than the messages of this leader and term that reached it have named
// or brought, since of what lies beyond nobody has compared anything; what it has compacted is committed, so that it may say so.

import type { NodeId } from '../../src/raft/types.js';
import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

interface Proven {
  readonly term: number;
  readonly index: number;
}

export function followerLog(): Invariant {
  /** By follower and leader: the highest entry that messages of the leader's newest term named when they arrived. */
  const proven = new Map<Machine, Map<NodeId, Proven>>();

  const prove = (machine: Machine, leader: NodeId, term: number, index: number): void => {
    let byLeader = proven.get(machine);
    if (byLeader === undefined) proven.set(machine, (byLeader = new Map<NodeId, Proven>()));
    const known = byLeader.get(leader);
    const isMore =
      known === undefined || term > known.term || (term === known.term && index > known.index);
    if (isMore) byLeader.set(leader, { term, index });
  };

  const acknowledge = (machine: Machine, to: NodeId, term: number, matchIndex: number): void => {
    const known = proven.get(machine)?.get(to);
    // Whom it answers has gone on to a later term, in which nobody counts it.
    if (known !== undefined && known.term > term) return;
    const compacted = machine.process?.node.raft?.state.log.compacted.index ?? 0;
    const index = known?.term === term ? known.index : 0;
    hold(matchIndex <= Math.max(index, compacted), 'follower-log', () => {
      return `node ${machine.id} acknowledged ${matchIndex} to node ${to}, whose messages of term ${term} prove ${index} at most`;
    });
  };

  return {
    received(machine, _process, from, message) {
      if (message.type === 'appendEntries') {
        prove(machine, from, message.term, message.prev.index + message.entries.length);
      } else if (message.type === 'installSnapshot') {
        prove(machine, from, message.term, message.meta.last.index);
      }
    },
    sent(from, to, message) {
      if (message.type !== 'appendEntriesResponse' || message.outcome.type !== 'matched') return;
      acknowledge(from, to, message.term, message.outcome.matchIndex);
    },
    changed({ machine, state, before, appended, truncatedFrom, truncatedTerm }) {
      // Two leaders in one event may put back what the first one removed.
      if (truncatedFrom === null || before.term !== state.term) return;
      const next = appended.find(({ index }) => index === truncatedFrom);
      hold(next === undefined || next.term !== truncatedTerm, 'follower-log', () => {
        return `node ${machine.id} removed its log from ${truncatedFrom} of term ${truncatedTerm} on, although the leader has the same entry there`;
      });
    },
  };
}
