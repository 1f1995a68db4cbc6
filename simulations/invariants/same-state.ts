// Nodes that have applied the same entries are in the same state and gave the same answers (Raft Fig. 3, state-machine
// safety). Answers and states are compared at every entry, and a restored snapshot must be the state that applying led to.
// What a state replaced is digested as it is applied; now and then all of it is, as for a snapshot, in case something was
// changed in place.

import { encodeEntry } from '../../src/codec/entry-codec.js';
import { Digest } from '../digest.js';
import type { History } from '../history.js';
import type { Machine, Process } from '../machine.js';
import { stateDigest, StateDigester } from '../state-digest.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Applied, Invariant } from './invariant.js';

/** The state as a snapshot would show it is compared at every index that this number divides. */
const CHECKPOINT_ENTRIES = 64;

export function sameState(world: World, history: History): Invariant {
  /** Digest of entry and answer, and of the state, at each index; of the state as a snapshot at checkpoints. */
  const answers: number[] = [];
  const states: number[] = [];
  const snapshots = new Map<number, number>();
  const reached = new Map<Process, number>();
  const digesters = new WeakMap<Process, StateDigester>();

  const checkState = (machine: Machine, process: Process, index: number): void => {
    let digester = digesters.get(process);
    if (digester === undefined) {
      digester = new StateDigester();
      digesters.set(process, digester);
    }
    const digest = digester.of(process.node.state);
    const known = (states[index] ??= digest);
    hold(known === digest, 'same-state', () => {
      return `node ${machine.id} is in another state after ${index} than another node was`;
    });
  };

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
      checkState(machine, process, entry.index);
      if (entry.index % CHECKPOINT_ENTRIES !== 0) return;
      const digest = stateDigest(process.node.state);
      const known = snapshots.get(entry.index) ?? digest;
      snapshots.set(entry.index, known);
      hold(known === digest, 'same-state', () => {
        return `node ${machine.id} would take another snapshot at ${entry.index} than another node`;
      });
    },
    restored(machine, process, meta) {
      const last = reached.get(process) ?? 0;
      hold(meta.last.index > last, 'same-state', () => {
        return `node ${machine.id} restored a snapshot at ${meta.last.index}, but had applied ${last}`;
      });
      reached.set(process, meta.last.index);
      checkState(machine, process, meta.last.index);
    },
  };
}
