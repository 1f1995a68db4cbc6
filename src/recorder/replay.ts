// A recorded life lived again: the core of this very software from the recorded checkpoint, with the recorded inputs, step by
// step. At each step it says whether the core became what the recorded one did. Pure: the same record gives the same replay.

import { InvariantViolation } from '../raft/assert.js';
import type { Input } from '../raft/input.js';
import { Raft } from '../raft/raft.js';
import type { Ready } from '../raft/ready.js';
import type { SavedRaft } from '../raft/saved.js';
import { UnreadableRecord } from './bytes.js';
import { encodeCheckpoint } from './checkpoint.js';
import { outcomeDigest } from './digest.js';
import type { Item } from './items.js';
import { coreOf, itemsOf } from './record-file.js';
import type { RecordedLife, RecordedSegment } from './record-file.js';

/** One step of a replay; the core is as it is after the step. */
export type Step =
  | { readonly type: 'began' }
  | { readonly type: 'input'; readonly input: Input }
  | { readonly type: 'taken'; readonly ready: Ready | null }
  /** The next segment begins with the very core that the replay came to. */
  | { readonly type: 'checkpoint' }
  /** The core broke an invariant of its own; the last step. `wasRecorded`: the recorded core broke the same. */
  | { readonly type: 'violated'; readonly message: string; readonly wasRecorded: boolean }
  /** From here on this is not what was recorded: other software, or a record that was changed; the last step. */
  | { readonly type: 'diverged'; readonly why: string };

/** Makes the core that goes on from what was saved. */
type Resume = (saved: SavedRaft) => Raft;

export class Replay {
  readonly life: RecordedLife;
  readonly raft: Raft;
  /** Items of the record that were replayed. */
  count = 0;
  /** What the core broke in the newest input; null: nothing. */
  #broken: string | null = null;

  /** Throws `UnreadableRecord` if the first checkpoint makes no sense. */
  constructor(life: RecordedLife, resume: Resume = (saved) => Raft.resumed(saved)) {
    this.life = life;
    const [first] = life.segments;
    if (first === undefined) throw new UnreadableRecord('there is nothing in it');
    this.raft = sensible(() => resume(coreOf(first)));
  }

  /** Time of the node's own clock at the newest step. */
  get nowMs(): number {
    return this.raft.state.nowMs;
  }

  /** All steps. Throws `UnreadableRecord` where the record makes no sense. */
  *steps(): Generator<Step, void, undefined> {
    yield { type: 'began' };
    for (const [at, segment] of this.life.segments.entries()) {
      if (at > 0) {
        const step = this.#compare(segment);
        yield step;
        if (step.type === 'diverged') return;
      }
      for (const item of itemsOf(segment, this.nowMs)) {
        this.count += 1;
        const step = sensible(() => this.#take(item));
        yield step;
        if (step.type === 'violated' || step.type === 'diverged') return;
      }
    }
    if (this.#broken !== null) yield violated(this.#broken, false);
  }

  /** Whether the replay came to the very core that the next segment begins with. */
  #compare({ checkpoint }: RecordedSegment): Step {
    const own = encodeCheckpoint(this.raft.save());
    const isSame =
      own.length === checkpoint.length && own.every((byte, at) => byte === checkpoint[at]);
    return isSame ? { type: 'checkpoint' } : diverged('the next checkpoint is of another core');
  }

  #take(item: Item): Step {
    const { raft } = this;
    if (this.#broken !== null) {
      return violated(this.#broken, item.type === 'violated' && item.message === this.#broken);
    }
    switch (item.type) {
      case 'input':
        this.#broken = brokenBy(() => raft.step(item.input));
        return { type: 'input', input: item.input };
      case 'taken': {
        let ready: Ready | null = null;
        const broken = brokenBy(() => (ready = raft.takeReady()));
        if (broken !== null) return violated(broken, false);
        const isSame = outcomeDigest(raft.state, ready) === item.digest;
        return isSame
          ? { type: 'taken', ready }
          : diverged('the core became another than was recorded');
      }
      case 'violated': {
        const broken = brokenBy(() => raft.takeReady());
        if (broken !== null) return violated(broken, broken === item.message);
        return diverged(
          `the recorded core broke an invariant that this one keeps: ${item.message}`,
        );
      }
    }
  }
}

function violated(message: string, wasRecorded: boolean): Step {
  return { type: 'violated', message, wasRecorded };
}

function diverged(why: string): Step {
  return { type: 'diverged', why };
}

/** Which invariant it broke; null: none. */
function brokenBy(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof InvariantViolation) return error.message;
    throw error;
  }
}

/** What only a record that nobody recorded can make fail. */
function sensible<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof UnreadableRecord || !(error instanceof Error)) throw error;
    throw new UnreadableRecord(`it makes no sense to the core: ${error.message}`);
  }
}
