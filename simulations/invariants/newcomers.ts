// What the cluster changes of its own accord, nobody asking: a newcomer that it was waited for gets the seat that it came
// for, and in that very change whom it replaces leaves; one that was waited for long enough is given up. Nobody else ever
// leaves, but for a minority of voters where the setting allows to remove dead ones. Judged by the committed configurations alone. Source: Thesis §4.2.1, §4.3, and src/raft/newcomers.ts.

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
  let dead = 0;
  for (const { id, patientUntilMs } of gone) {
    const successor = before.members.find(({ replaces }) => replaces === id);
    if (successor !== undefined && seated.includes(successor.id)) continue;
    if (before.voters.includes(id)) {
      dead += 1;
      continue;
    }
    if (patientUntilMs === 0) return `gives up ${id}, which is no newcomer`;
    if (stampMs < patientUntilMs) return `gives up ${id} at ${stampMs}, before ${patientUntilMs}`;
  }
  return dead === 0 ? null : whyNotRemoved(before, dead);
}

/** Dead voters leave only where the setting says so, fewer than half of them, and three stay. */
function whyNotRemoved({ autoRemoveAfterMs, voters }: Configuration, dead: number): string | null {
  if (autoRemoveAfterMs === null) return `removes ${dead} voters that nobody replaces`;
  if (2 * dead >= voters.length) return `removes ${dead} of ${voters.length} voters`;
  return voters.length - dead < 3 ? `leaves ${voters.length - dead} voters` : null;
}
