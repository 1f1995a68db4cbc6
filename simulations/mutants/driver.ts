// Planted bugs of the driver: in which order a `Ready` is carried out, and what a waiting client is told. Each is the smallest change of text that plants what a real system
// once did, or could; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const DRIVER: readonly Mutant[] = [
  {
    name: 'answered-by-index',
    what: 'a write is answered as applied when its index is, whatever entry stands there',
    changes: [
      {
        file: 'src/node/proposals',
        find: 'const isIt = waiter.term === term;',
        replace: 'const isIt = waiter.term > 0;',
      },
    ],
  },
  {
    name: 'restored-as-overwritten',
    what: 'a write that a snapshot covers is told as one that did not happen',
    changes: [
      {
        file: 'src/node/proposals',
        find: "if (index > last.index) continue; this.#appended.delete(index); waiter.done({ type: 'indeterminate' });",
        replace:
          "if (index > last.index) continue; this.#appended.delete(index); waiter.done({ type: 'overwritten' });",
      },
    ],
  },
  {
    name: 'timed-out-as-refused',
    what: 'a write that is not committed in time is told as one that did not happen',
    changes: [
      {
        file: 'src/node/proposals',
        find: "if (nowMs < waiter.deadlineMs) continue; this.#appended.delete(index); waiter.done({ type: 'indeterminate' });",
        replace:
          "if (nowMs < waiter.deadlineMs) continue; this.#appended.delete(index); waiter.done({ type: 'overwritten' });",
      },
    ],
  },
  {
    name: 'answered-when-appended',
    what: 'a write is answered as soon as it is appended',
    changes: [
      {
        file: 'src/node/proposals',
        find: 'appended.set(index, waiter);',
        replace:
          "waiter.done({ type: 'applied', entry: { term, index }, result: { type: 'none' } });",
      },
    ],
  },
  {
    name: 'messages-before-restore',
    what: 'entries are applied before the snapshot that comes before them is restored',
    changes: [
      {
        file: 'src/node/node',
        find: 'for (const entry of ready.committed) this.#apply(entry);',
        replace: 'for (const entry of [...ready.committed].reverse()) this.#apply(entry);',
      },
    ],
  },
  {
    name: 'witness-applies',
    what: 'a witness answers from its empty state',
    changes: [
      {
        file: 'src/node/node',
        find: 'return this.#identity.cluster?.isWitness === true;',
        replace: 'return this.#identity.cluster === null;',
      },
    ],
  },
  {
    name: 'snapshot-read-skipped',
    what: 'a restarted node does not load its snapshot',
    changes: [
      { file: 'src/node/snapshots', find: 'this.#state.restore(meta, decoded);', replace: '' },
    ],
  },
];
