// Builders for tests of the keeper: a process as defined, a lease as ordered, and a keeper at hand. It answers in short
// words, so that a test reads as a story.

import { Keeper } from '../../src/keeper/keeper.js';
import type { Kept, KeeperInput, KeeperOutput, LeaseOrder } from '../../src/keeper/words.js';

export function kept(name: string, how: Partial<Kept> = {}): Kept {
  return {
    name,
    group: null,
    start: true,
    primaryOnly: true,
    stopGraceMs: 10_000,
    restart: { limit: 3, withinMs: 60_000 },
    memoryBytes: null,
    ...how,
  };
}

/** The lease of a default cluster, of a round that began at `roundMs`. */
export function lease(epoch: number, roundMs: number, fromMs = 0): LeaseOrder {
  return { epoch, fromMs, untilMs: roundMs + 712, leaseMs: 712 };
}

type Told = KeeperInput extends infer I ? (I extends unknown ? Omit<I, 'nowMs'> : never) : never;

/** A keeper at hand: told something at a time, it answers in short words what is to be done. */
export class PlayedKeeper {
  readonly keeper: Keeper;
  constructor(...all: readonly Kept[]) {
    this.keeper = new Keeper(all);
  }

  at(nowMs: number, input: Told = { type: 'tick' }): string[] {
    return this.keeper.step({ ...input, nowMs }).map(short);
  }
}

function short(output: KeeperOutput): string {
  switch (output.type) {
    case 'start':
      return `start ${output.name}#${output.run}${output.epoch === null ? '' : ` epoch ${output.epoch}`}`;
    case 'terminate':
    case 'kill':
      return `${output.type} ${output.name}#${output.run}`;
    case 'stopped':
      return `stopped ${output.stopId}`;
    case 'givenUp':
      return `givenUp ${output.name}`;
    case 'answered': {
      const { answer } = output;
      return `answered ${answer.type}${answer.type === 'done' ? ` ${answer.names.join(' ')}` : ''}`;
    }
    case 'defined':
      return `defined ${(output.effects ?? []).map(({ name, effect }) => `${name}:${effect}`).join(' ')}`;
    case 'note':
      return `${output.name} ${output.what}: ${output.why}`;
    case 'finished':
      return 'finished';
  }
}
