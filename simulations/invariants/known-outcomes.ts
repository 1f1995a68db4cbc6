// Whoever tells that a write did not happen can know it: the node that appended it has applied an entry of a later term at its
// place or before it, so that it stands in no log that goes on (Raft §5.3). A node that took a snapshot in place of these entries has
// seen neither, and where it guesses it is mostly right, so that what became of the write seldom shows the fault.

import type { Entry } from '../../src/raft/types.js';
import type { Command } from '../../src/state-machine/command.js';
import type { Machine, Process } from '../machine.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

type Proposed = Extract<Entry, { kind: 'command' }>;

/** What one process has done since it began. */
interface Known {
  /** Commands that it appended as leader. */
  readonly proposed: Proposed[];
  /** The first entry that it applied of each term. */
  readonly firsts: Entry[];
}

export function knownOutcomes(): Invariant {
  const known = new Map<Machine, Known>();
  return {
    booted(machine) {
      known.set(machine, { proposed: [], firsts: [] });
    },
    changed({ machine, state, appended }) {
      if (state.role.type !== 'leader') return;
      for (const entry of appended) {
        if (entry.kind !== 'command' || entry.term !== state.term) continue;
        known.get(machine)?.proposed.push(entry);
      }
    },
    applied({ machine, entry }) {
      const firsts = known.get(machine)?.firsts;
      if (entry.term > (firsts?.at(-1)?.term ?? 0)) firsts?.push(entry);
    },
    told(machine, process, command, outcome) {
      const { proposed, firsts } = known.get(machine) ?? { proposed: [], firsts: [] };
      if (outcome.type !== 'overwritten') return;
      const places = proposed.filter(({ data }) => isSame(process, command, data));
      const isKnown = places.some(({ index, term }) =>
        firsts.some((first) => first.term > term && first.index <= index),
      );
      hold(isKnown || places.length === 0, 'true-outcomes', () => {
        return `node ${machine.id} tells that the write at ${places[0]?.index} did not happen, and has not seen what stands there`;
      });
    },
  };
}

function isSame({ build }: Process, command: Command, data: Uint8Array): boolean {
  if (!('requestId' in command)) return false;
  const other = build.codec.decodeCommand(data);
  return 'requestId' in other && other.requestId === command.requestId;
}
