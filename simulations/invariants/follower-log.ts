// A follower removes entries only where they differ from the leader's (Raft §5.3): an older message that comes late must not
// take away what came after it. And it acknowledges no more than this leader's messages of this term have named or
// brought, since of what lies beyond nobody has compared anything; what it has compacted is committed, so that it may say so.

import type { NodeId } from '../../src/raft/types.js';
import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

interface Proven {
  readonly term: number;
  readonly index: number;
}

export function followerLog(world: World): Invariant {
  /** By leader and follower: the highest entry that messages of the leader's newest term name. */
  const proven = new Map<Machine, Map<NodeId, Proven>>();

  const prove = (from: Machine, to: NodeId, term: number, index: number): void => {
    let byFollower = proven.get(from);
    if (byFollower === undefined) proven.set(from, (byFollower = new Map<NodeId, Proven>()));
    const known = byFollower.get(to);
    const isMore = known?.term !== term || index > known.index;
    if (isMore) byFollower.set(to, { term, index });
  };

  const acknowledge = (from: Machine, to: NodeId, term: number, matchIndex: number): void => {
    const leader = world.machines.get(to);
    const known = leader === undefined ? undefined : proven.get(leader)?.get(from.id);
    // Whom it answers has gone on to a later term, in which nobody counts it.
    if (known !== undefined && known.term > term) return;
    const compacted = from.process?.node.raft?.state.log.compacted.index ?? 0;
    const index = known?.term === term ? known.index : 0;
    hold(matchIndex <= Math.max(index, compacted), 'follower-log', () => {
      return `node ${from.id} acknowledged ${matchIndex} to node ${to}, whose messages of term ${term} prove ${index} at most`;
    });
  };

  return {
    sent(from, to, message) {
      if (message.type === 'appendEntries') {
        prove(from, to, message.term, message.prev.index + message.entries.length);
      } else if (message.type === 'installSnapshot') {
        prove(from, to, message.term, message.meta.last.index);
      } else if (message.type === 'appendEntriesResponse' && message.outcome.type === 'matched') {
        acknowledge(from, to, message.term, message.outcome.matchIndex);
      }
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
