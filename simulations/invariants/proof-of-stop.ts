// A proof of stop is true from the moment at which it is proposed (src/raft/lease.ts, argument 4): nothing runs any more under
// its epoch or an earlier one, neither by the word of a node nor under a keeper, and nothing will again. Whoever reads the proof
// waits for nobody, so that it must not come before the end that it tells.

import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

export function proofOfStop(world: World): Invariant {
  /** The newest epoch whose end was proposed. */
  let proven = 0;

  const judge = (machine: Machine): void => {
    const raft = machine.process?.node.raft;
    if (raft?.state.role.type !== 'leader') return;
    const { epoch } = raft.state.applied.reign;
    if (epoch > proven) return;
    hold(!raft.isPrimaryAt(machine.clock.nowMs()), 'proof-of-stop', () => {
      return `node ${machine.id} is primary of epoch ${epoch}, and the end of ${proven} was told`;
    });
  };

  return {
    changed({ state, appended }) {
      if (state.role.type !== 'leader') return;
      for (const entry of appended) {
        if (entry.kind !== 'proof' || entry.term !== state.term) continue;
        proven = Math.max(proven, entry.epoch);
        for (const machine of world.machines.values()) judge(machine);
        for (const { machineId, epoch } of world.running) {
          hold(epoch > entry.epoch, 'proof-of-stop', () => {
            return `the end of epoch ${entry.epoch} is told at ${entry.index} while node ${machineId} runs a process under epoch ${epoch}`;
          });
        }
      }
    },
    happened: judge,
  };
}
