// Planted bugs of what clients are told beyond single answers. Watches that miss, repeat or disorder changes are found by the
// property watch-order, transactions that are not atomic by the checker of client histories.

import type { Mutant } from './mutant.js';

export const TOLD: readonly Mutant[] = [
  {
    name: 'watch-told-again',
    what: 'whoever goes on after a revision is told that revision again',
    changes: [
      {
        file: 'src/state-machine/change-history',
        find: '?? FORGOTTEN) <= revision) low = middle + 1;',
        replace: '?? FORGOTTEN) < revision) low = middle + 1;',
      },
    ],
  },
  {
    name: 'watch-forgets-forgetting',
    what: 'a node whose state a snapshot replaced believes that it knows every change before it',
    changes: [
      {
        file: 'src/state-machine/cluster-state',
        find: 'this.changes.reset(meta.last.index);',
        replace: 'this.changes.reset(0);',
      },
    ],
  },
  {
    name: 'watch-not-begun-anew',
    what: 'a live watcher is not told the state when a snapshot replaces it',
    changes: [
      {
        file: 'src/watch/hub',
        find: 'if (found === null) { this.#restartLive();',
        replace: 'if (found === null) {',
      },
    ],
  },
  {
    name: 'watch-goes-back',
    what: 'a node that has not applied what a watcher knows serves it from where the node is',
    changes: [
      {
        file: 'src/watch/watcher',
        find: 'this.#toldTo > applied ? {',
        replace: 'this.#toldTo > applied && wish.after === null ? {',
      },
    ],
  },
  {
    name: 'watch-state-goes-back',
    what: 'a node tells a state anew that is older than what the watcher has seen of one that broke off',
    changes: [
      {
        file: 'src/watch/watcher',
        find: 'this.#toldTo > applied ? {',
        replace: 'this.#toldTo > applied && !wish.withState ? {',
      },
    ],
  },
  {
    name: 'watch-forgets-what-it-saw',
    what: 'a watcher whose state broke off asks for any state, however old',
    changes: [
      {
        file: 'src/client/watch-cursor',
        find: 'return this.#seenTo === 0 ?',
        replace: 'return this.#seenTo >= 0 ?',
      },
    ],
  },
  {
    name: 'transaction-by-half',
    what: 'of the keys that a transaction changes only the first is changed',
    changes: [
      {
        file: 'src/state-machine/store',
        find: 'for (const step of steps) if (step.isWrite) this.#write(step);',
        replace: 'for (const step of steps.slice(0, 1)) if (step.isWrite) this.#write(step);',
      },
    ],
  },
  {
    name: 'transaction-reads-before',
    what: 'a transaction reads what a key was before it, although it has written it',
    changes: [
      {
        file: 'src/state-machine/store',
        find: 'after: entry, result: { type, entry } };',
        replace: 'after: entry, result: { type, entry: this.get(key) } };',
      },
    ],
  },
];
