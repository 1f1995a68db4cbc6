// The steps of several recorded lives as one sequence, by the clock on the wall as each node knew it. Nodes whose clocks differ
// by some milliseconds appear shifted by as much; no property depends on the order between nodes.

import type { Replay, Step } from '../../src/recorder/replay.js';
import type { RecordedLife } from '../../src/recorder/record-file.js';
import { wallMsOf } from '../../src/recorder/summary.js';
import { stateOf } from './state-of.js';
import type { NodeState } from '../picture/recording.js';

/** One life as it is replayed. */
export interface LivedLife {
  readonly life: RecordedLife;
  readonly replay: Replay;
}

/** A step of one node at its place among those of all. */
export interface Happening {
  readonly lived: LivedLife;
  readonly step: Step;
  /** By wall clock, in ms since 1970. */
  readonly atMs: number;
  /** The node just after it; its time is to be told by whoever draws it. */
  readonly state: Omit<NodeState, 'atUs'>;
}

/** All steps of all lives; `look` is called with each at once after it was replayed, while its core is as it was. */
export function* merged(
  lives: readonly LivedLife[],
  look: (lived: LivedLife, step: Step) => void,
): Generator<Happening, void, undefined> {
  const waiting = lives.map((lived) => ({ steps: lived.replay.steps(), lived }));
  const next = ({ steps, lived }: (typeof waiting)[number]): Happening | null => {
    const { value: step } = steps.next();
    if (step === undefined) return null;
    look(lived, step);
    const atMs = wallMsOf(lived.life, lived.replay.nowMs);
    return { lived, step, atMs, state: stateOf(lived.replay.raft) };
  };
  const heads = waiting.map(next);
  for (;;) {
    let first = -1;
    for (const [at, head] of heads.entries()) {
      const atMs = heads[first]?.atMs ?? Number.POSITIVE_INFINITY;
      if (head !== null && head.atMs < atMs) first = at;
    }
    const [life, head] = [waiting[first], heads[first] ?? null];
    if (life === undefined || head === null) return;
    yield head;
    heads[first] = next(life);
  }
}
