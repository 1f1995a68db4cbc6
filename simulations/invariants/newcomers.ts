// What the cluster changes of its own accord, nobody asking: a newcomer that it was waited for gets the seat that it came
// for, and in that very change whom it replaces leaves; one that was waited for long enough is given up, and nobody else
// ever is. Judged by the committed configurations alone. Source: Thesis §4.2.1, §4.3, and src/raft/newcomers.ts.

import type { Configuration, Entry, NodeId } from '../../src/raft/types.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

/** The cause of every change that an operator asks for. */
export const ORDERED = 'simulated';

type Change = Extract<Entry, { kind: 'configuration' }>;

export function newcomers(): Invariant {
  let newest: Change | null = null;
  return {
    applied({ entry }) {
      if (entry.kind !== 'configuration' || entry.index <= (newest?.index ?? 0)) return;
      const why = newest === null ? null : whyWrong(newest.configuration, entry);
      newest = entry;
      hold(why === null, 'newcomers', () => `the change at ${entry.index}: ${why}`);
    },
  };
}

function whyWrong(before: Configuration, { configuration, cause, stampMs }: Change): string | null {
  // What leaves a joint configuration was decided by the entry before.
  if (cause === ORDERED || before.outgoing !== null) return null;
  const stays = (id: NodeId): boolean =>
    configuration.members.some((member) => member.id === id) && !configuration.leaving.includes(id);
  const gone = before.members.filter(({ id }) => !stays(id));
  const seated = configuration.voters.filter((id) => !before.voters.includes(id));
  const demoted = before.voters.filter((id) => stays(id) && !configuration.voters.includes(id));
  if (demoted.length > 0) return `demotes ${demoted.join()}`;
  for (const id of seated) {
    const newcomer = before.members.find((member) => member.id === id);
    if (newcomer?.autoPromote !== true) return `seats ${id}, which came for no seat`;
    const { replaces } = newcomer;
    if (replaces !== null && stays(replaces)) return `seats ${id} and keeps ${replaces}`;
  }
  for (const { id, patientUntilMs } of gone) {
    const successor = before.members.find(({ replaces }) => replaces === id);
    if (successor !== undefined && seated.includes(successor.id)) continue;
    if (before.voters.includes(id)) return `removes ${id}, a voter that nobody replaces`;
    if (patientUntilMs === 0) return `gives up ${id}, which is no newcomer`;
    if (stampMs < patientUntilMs) return `gives up ${id} at ${stampMs}, before ${patientUntilMs}`;
  }
  return null;
}
