// Whoever decides under one configuration meets whoever decides under the next: voters change only through a joint
// configuration made of the old and the new half (Raft §6, Thesis §4.3). Checked on consecutive configurations of a log.

import type { Configuration } from '../../src/raft/types.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function membershipOverlaps(): Invariant {
  return {
    changed({ machine, state, appended }) {
      if (!appended.some(({ kind }) => kind === 'configuration')) return;
      const { configurations } = state;
      for (let at = 1; at < configurations.length; at += 1) {
        const old = configurations[at - 1];
        const next = configurations[at];
        if (old === undefined || next === undefined || old.configuration.voters.length === 0)
          continue;
        hold(isStep(old.configuration, next.configuration), 'membership-overlaps', () => {
          return `node ${machine.id} went from ${show(old.configuration)} at ${old.index} to ${show(next.configuration)} at ${next.index}`;
        });
      }
    },
  };
}

function isStep(old: Configuration, next: Configuration): boolean {
  const [before, after] = [old.voters.join(), next.voters.join()];
  if (next.outgoing === null) return before === after;
  return old.outgoing === null && next.outgoing.join() === before;
}

function show({ voters, outgoing }: Configuration): string {
  return outgoing === null ? `{${voters.join()}}` : `{${outgoing.join()}}+{${voters.join()}}`;
}
