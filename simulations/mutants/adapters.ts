// Planted bugs of the adapters, which no simulation contains: storage and client library. The tests that must find each
// are named with it. Each is the smallest change of text that plants what a real system
// once did, or could; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const ADAPTERS: readonly Mutant[] = [
  {
    name: 'storage-done-before-write',
    what: 'the storage says that a batch is durable before it is written',
    changes: [
      {
        file: 'src/storage/write-queue',
        find: 'this.#waiting.push({ operations, bytes: bytesOf(operations), done });',
        replace:
          'done(null); this.#waiting.push({ operations, bytes: bytesOf(operations), done: () => undefined });',
      },
    ],
    tests: ['test/storage/crash.test.ts', 'test/storage/level-storage.test.ts'],
  },
  {
    name: 'torn-tail-refused',
    what: 'a last record that a crash cut short refuses the start',
    changes: [
      {
        file: 'src/storage/level-log',
        find: "if (read.type === 'end' || read.type === 'torn') {",
        replace:
          "if (read.type === 'torn') return { type: 'damaged', offset: at, detail: 'a record is cut short' }; if (read.type === 'end' || read.type === 'torn') {",
      },
    ],
    tests: ['test/storage/damage.test.ts'],
  },
  {
    name: 'damage-taken-as-torn',
    what: 'a record in the middle that does not match its checksum is taken for a torn tail',
    changes: [
      {
        file: 'src/storage/level-log',
        find: "return { type: 'damaged', detail: 'a record does not match its checksum' };",
        replace: "return { type: 'torn' };",
      },
    ],
    tests: ['test/storage/damage.test.ts'],
  },
  {
    name: 'seal-unchecked',
    what: 'the seal over the contents is not compared',
    changes: [
      { file: 'src/storage/contents', find: 'checkSeal(found.seal, live.seal);', replace: '' },
    ],
    tests: ['test/storage/seal.test.ts'],
  },
  {
    name: 'chunk-checksum-ignored',
    what: 'a damaged chunk of a snapshot is taken in',
    changes: [
      {
        file: 'src/node/snapshot-receiver',
        find: '&& this.#codec.checksum(chunk.data) === chunk.checksum;',
        replace: ';',
      },
    ],
    tests: ['test/node/snapshot-receiver.test.ts'],
  },
  {
    name: 'dead-place-held',
    what: 'an operation of a stream that its caller ended waits to be tried again, and all behind it for it',
    changes: [{ file: 'src/client/lane', find: 'if (this.#hasLeft) return;', replace: '' }],
    tests: ['test/client/lane.test.ts'],
  },
  {
    name: 'new-sequence-on-retry',
    what: 'the client library sends a write again as a new one',
    changes: [
      {
        file: 'src/client/caller',
        find: "if (kind === 'once') so.ticket ??= await",
        replace: "if (kind === 'once') so.ticket = await",
      },
    ],
    tests: ['test/client/once.test.ts'],
  },
  {
    name: 'indeterminate-repeated',
    what: 'the client library sends again what may have happened without a client session',
    changes: [
      {
        file: 'src/client/retry',
        find: "if (code === 'INDETERMINATE') return isCovered;",
        replace: "if (code === 'INDETERMINATE') return true;",
      },
    ],
    tests: ['test/cli/client-session.test.ts', 'test/cli/client.test.ts'],
  },
  {
    name: 'sync-skipped',
    what: 'a batch counts as durable before it is synced',
    changes: [
      { file: 'src/storage/write-queue', find: '{ sync: true }', replace: '{ sync: false }' },
    ],
    tests: ['test/machine/disk/power-cut.test.ts'],
  },
  {
    name: 'directory-not-synced',
    what: 'the name of a new write-ahead log is not synced',
    changes: [{ file: 'src/storage/log-names', find: 'await directory.sync();', replace: '' }],
    tests: ['test/machine/disk/power-cut.test.ts'],
  },
];
