// Which configuration is in force, and who may change it (Raft §6, Thesis §4.1 to §4.3). What was truncated is in force no more.
// The next one is begun only once the one before is known committed, which is how a joint one is left too. Whoever knows
// committed that it is no voter any more leads no longer.

import { configurationInForce, configurationIndex } from '../../src/raft/state.js';
import type { Sight } from '../sight.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function configurationRules(): Invariant {
  return {
    changed(sight) {
      if (sight.truncatedFrom !== null) checkTruncated(sight, sight.truncatedFrom);
      if (sight.state.role.type !== 'leader') return;
      if (sight.appended.some(({ kind }) => kind === 'configuration')) checkBegun(sight);
      checkLeader(sight);
    },
  };
}

function checkTruncated({ machine, state }: Sight, from: number): void {
  const newest = state.configurations.at(-1);
  if (newest === undefined || newest.index < from || newest.index <= state.log.compacted.index) {
    return;
  }
  const entry = state.log.entryAt(newest.index);
  const isThere = entry?.kind === 'configuration' && entry.configuration === newest.configuration;
  hold(isThere, 'configuration-rules', () => {
    return `node ${machine.id} goes on with its configuration ${newest.index}, which was removed from its log`;
  });
}

/** What a leader has just appended comes behind what it knows committed. */
function checkBegun({ machine, state, appended }: Sight): void {
  for (const [at, { index }] of state.configurations.entries()) {
    const before = state.configurations[at - 1];
    const entry = appended.find((each) => each.index === index);
    if (before === undefined || entry?.term !== state.term) continue;
    hold(before.index <= state.commitIndex, 'configuration-rules', () => {
      return `node ${machine.id} began configuration ${index}, although ${before.index} is not committed`;
    });
  }
}

function checkLeader({ machine, state }: Sight): void {
  if (configurationIndex(state) > state.commitIndex) return;
  const { voters, outgoing } = configurationInForce(state);
  const { id } = state.options;
  hold(voters.includes(id) || outgoing?.includes(id) === true, 'configuration-rules', () => {
    return `node ${machine.id} leads term ${state.term}, although it is no voter of the committed configuration ${configurationIndex(state)}`;
  });
}
