// Whether a core took anything since it was last asked: an input, or what is to be done. A core changes in no other way, so an
// event in which it took nothing, such as a message that only queues, leaves nothing to be judged again.

import type { CoreObserver } from '../src/node/observed-raft.js';
import type { Input } from '../src/raft/input.js';
import type { Raft } from '../src/raft/raft.js';
import type { Ready } from '../src/raft/ready.js';

export class Touch implements CoreObserver {
  readonly #next: CoreObserver | null;
  #isTouched = true;

  /** `next` is told everything too. */
  constructor(next: CoreObserver | null) {
    this.#next = next;
  }

  /** Answers whether it was touched since the last call. */
  take(): boolean {
    const was = this.#isTouched;
    this.#isTouched = false;
    return was;
  }

  began(raft: Raft): void {
    this.#isTouched = true;
    this.#next?.began(raft);
  }

  stepping(input: Input): void {
    this.#isTouched = true;
    this.#next?.stepping(input);
  }

  took(raft: Raft, ready: Ready | null): void {
    this.#isTouched = true;
    this.#next?.took(raft, ready);
  }

  violated(error: unknown): void {
    this.#next?.violated(error);
  }
}
