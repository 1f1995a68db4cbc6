// Who wants to know that something was applied, whatever it was. They are told once for each turn of the driver in which the state went
// on, after everything of that turn was done.

import { INDEX_ZERO } from '../raft/types.js';
import type { LogIndex } from '../raft/types.js';

export class AppliedListeners {
  readonly #listeners = new Set<() => void>();
  #told: LogIndex = INDEX_ZERO;

  /** Answers how to end it. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The state is at this revision now. */
  tell(revision: LogIndex): void {
    if (revision === this.#told) return;
    this.#told = revision;
    for (const listener of this.#listeners) listener();
  }
}
