// A core whose inputs somebody looks at, and the core that a node begins with. The core knows nothing of it: the observer is
// told of each input before it is taken, and of what the core became by each taking of what is to be done. Pure, and without
// an observer nothing at all.

import type { Answer, Input } from '../raft/input.js';
import type { Loaded } from '../raft/initial.js';
import type { RaftOptions } from '../raft/options.js';
import { Raft } from '../raft/raft.js';
import type { Ready } from '../raft/ready.js';

/** Looks at a core. It must not change anything, nor throw. */
export interface CoreObserver {
  /** The core stands before its first input. */
  began(raft: Raft): void;
  /** The core is about to take this input. */
  stepping(input: Input): void;
  /** What is to be done was taken; null: nothing was. */
  took(raft: Raft, ready: Ready | null): void;
  /** The core threw, in the newest input or in giving out what is to be done. */
  violated(error: unknown): void;
}

/** The core of a node that begins at `nowMs` with what was loaded; observer null: nobody looks. */
export function beginRaft(
  options: RaftOptions,
  loaded: Loaded,
  nowMs: number,
  observer: CoreObserver | null,
): Raft {
  return observer === null
    ? new Raft(options, loaded, nowMs)
    : new ObservedRaft(options, loaded, nowMs, observer);
}

class ObservedRaft extends Raft {
  readonly #observer: CoreObserver;

  constructor(options: RaftOptions, loaded: Loaded, nowMs: number, observer: CoreObserver) {
    super(options, loaded, nowMs);
    this.#observer = observer;
    observer.began(this);
  }

  override step(input: Input): Answer | null {
    this.#observer.stepping(input);
    try {
      return super.step(input);
    } catch (error) {
      this.#observer.violated(error);
      throw error;
    }
  }

  override takeReady(): Ready | null {
    let ready: Ready | null;
    try {
      ready = super.takeReady();
    } catch (error) {
      this.#observer.violated(error);
      throw error;
    }
    this.#observer.took(this, ready);
    return ready;
  }
}
