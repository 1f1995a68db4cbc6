// When a leader commits, the entry is on the disks of a quorum at that moment, and of its own term or covered by such a
// one (Raft §5.3, §5.4.2; a quorum of both halves when joint, §6). The disks themselves are asked, not what nodes say.

import type { Configuration } from '../../src/raft/types.js';
import { isMajority } from '../majority.js';
import type { Sight } from '../sight.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

export function commitOnQuorum(world: World): Invariant {
  const isStored = (configuration: Configuration, id: { term: number; index: number }): boolean =>
    isMajority(configuration, (voter) => world.machines.get(voter)?.disk.covers(id) === true);
  return {
    changed(sight) {
      const { machine, state, before } = sight;
      const isLeader = state.role.type === 'leader' && before.isLeader;
      if (!isLeader || state.term !== before.term || state.commitIndex <= before.commitIndex)
        return;
      const term = state.log.termAt(state.commitIndex);
      if (term === null) return;
      const id = { term, index: state.commitIndex };
      hold(term === state.term, 'commit-on-quorum', () => {
        return `node ${machine.id} leads term ${state.term} and committed ${id.index} of term ${term} by counting`;
      });
      // One event may commit and append the next configuration: the entry needs a quorum of the one it was counted in.
      hold(
        configurations(sight).some((each) => isStored(each, id)),
        'commit-on-quorum',
        () => {
          const on = [...world.machines.values()].filter(({ disk }) => disk.covers(id));
          return `node ${machine.id} committed ${id.index} of term ${id.term}, which only the disks of nodes ${on.map((each) => each.id).join(', ')} hold`;
        },
      );
    },
  };
}

function configurations({ before, appended }: Sight): Configuration[] {
  return [
    before.configuration,
    ...appended.flatMap((entry) => (entry.kind === 'configuration' ? [entry.configuration] : [])),
  ];
}
