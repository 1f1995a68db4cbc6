// Nodes that have applied the same entries are in the same state and gave the same answers (Raft Fig. 3, state-machine
// safety). Answers are compared entry by entry, the whole state every now and then and whenever two nodes stand at the
// same checkpoint; a restored snapshot must lead to the state that applying would have led to.

import { encodeEntry } from '../../src/codec/entry-codec.js';
import { Digest } from '../digest.js';
import type { History } from '../history.js';
import type { Process } from '../machine.js';
import { stateDigest } from '../state-digest.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Applied, Invariant } from './invariant.js';

/** The whole state is compared at every index that this number divides. */
const CHECKPOINT_ENTRIES = 64;

export function sameState(world: World, history: History): Invariant {
  /** Digest of entry and answer at each index, and of the whole state at checkpoints. */
  const answers: number[] = [];
  const states = new Map<number, number>();
  const reached = new Map<Process, number>();

  const checkAnswer = ({ machine, entry, result }: Applied): void => {
    const digest = new Digest().bytes(encodeEntry(entry)).value(result).end();
    const known = answers[entry.index];
    answers[entry.index] = known ?? digest;
    if (known === undefined) {
      if (result.type === 'expired') world.counts.add('expiries', result.count);
      return;
    }
    hold(known === digest, 'same-state', () => {
      return `node ${machine.id} answered entry ${entry.index} otherwise than another node did: ${JSON.stringify(result)}`;
    });
  };

  return {
    applied(applied) {
      const { machine, process, entry } = applied;
      const last = reached.get(process) ?? 0;
      hold(entry.index === last + 1, 'same-state', () => {
        return `node ${machine.id} applied ${entry.index} after ${last}`;
      });
      reached.set(process, entry.index);
      const committed = history.committed(entry.index);
      hold(committed === null || committed.term === entry.term, 'same-state', () => {
        return `node ${machine.id} applied ${entry.index} of term ${entry.term}, but term ${committed?.term} was committed there`;
      });
      checkAnswer(applied);
      if (entry.index % CHECKPOINT_ENTRIES !== 0) return;
      const digest = stateDigest(process.node.state);
      const known = states.get(entry.index) ?? digest;
      states.set(entry.index, known);
      hold(known === digest, 'same-state', () => {
        return `node ${machine.id} is in another state after ${entry.index} than another node was`;
      });
    },
    restored(machine, process, meta) {
      const last = reached.get(process) ?? 0;
      hold(meta.last.index > last, 'same-state', () => {
        return `node ${machine.id} restored a snapshot at ${meta.last.index}, but had applied ${last}`;
      });
      reached.set(process, meta.last.index);
    },
  };
}
