// Planted bugs of snapshots: which is installed, what it keeps, and what it holds. Each is the smallest change of text
// that plants what a real system once did; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const SNAPSHOTS: readonly Mutant[] = [
  {
    name: 'stale-snapshot',
    what: 'a snapshot that covers less than what is committed is installed',
    changes: [
      {
        file: 'src/raft/snapshot',
        find: 'return last.index > had;',
        replace: 'return last.index > 0;',
      },
      {
        file: 'src/raft/snapshot',
        find: 'if (meta.last.index > state.lastApplied) adoptSnapshot',
        replace: 'if (meta !== null) adoptSnapshot',
      },
    ],
  },
  {
    name: 'suffix-lost-to-snapshot',
    what: 'installing a snapshot drops the entries after it, although they are acknowledged',
    changes: [
      {
        file: 'src/raft/snapshot',
        find: 'const keepSuffix = state.log.has(meta.last);',
        replace: 'const keepSuffix = false;',
      },
    ],
  },
  {
    name: 'answers-not-in-snapshot',
    what: 'a snapshot holds the client sessions without their answers',
    changes: [
      {
        file: 'src/state-machine/frozen-state',
        find: 'clientAnswerRows(clientSessions),',
        replace: '',
      },
      {
        file: 'src/state-machine/frozen-state',
        find: 'clientAnswerRows, clientSessionRows',
        replace: 'clientSessionRows',
      },
    ],
  },
  {
    name: 'idle-by-own-history',
    what: 'a node that restored a snapshot counts from elsewhere how long a client session was not used',
    changes: [
      {
        file: 'src/state-machine/client-session-rows',
        find: "usedMs: reader.integer('usedMs'),",
        replace: "usedMs: Math.floor(reader.integer('usedMs') / 2),",
      },
    ],
  },
  {
    name: 'snapshot-one-too-low',
    what: 'a snapshot says that it covers one entry less than it does',
    changes: [
      {
        file: 'src/raft/apply',
        find: 'last: { term, index: state.lastApplied },',
        replace: 'last: { term, index: indexPlus(state.lastApplied, -1) },',
      },
    ],
  },
  {
    name: 'configuration-of-snapshot-too-new',
    what: 'a snapshot carries the configuration in force, not the applied one',
    changes: [
      {
        file: 'src/raft/apply',
        find: 'configuration: applied.configuration,',
        replace: 'configuration: (state.configurations.at(-1) ?? applied).configuration,',
      },
    ],
  },
  {
    name: 'time-not-in-snapshot',
    what: 'a snapshot does not carry the cluster time',
    changes: [
      {
        file: 'src/raft/apply',
        find: 'stampMs: applied.stampMs, configuration: applied',
        replace: 'stampMs: 0, configuration: applied',
      },
    ],
  },
  {
    name: 'lease-not-in-snapshot',
    what: 'a snapshot carries no lease, so who restored it waits for none, and votes are not withheld',
    changes: [
      {
        file: 'src/raft/apply',
        find: 'reign: applied.reign,',
        replace: 'reign: { ...applied.reign, unprovenLeaseMs: 0 },',
      },
      {
        file: 'src/raft/election',
        find: 'return state.nowMs < state.withholdUntilMs && state.heard?.id !== from;',
        replace: 'return false;',
      },
    ],
  },
  {
    name: 'installed-before-durable',
    what: 'a follower acknowledges a snapshot before it is durable',
    changes: [
      {
        file: 'src/raft/snapshot',
        find: "sendAfterPersist(state, from, { type: 'appendEntriesResponse',",
        replace: "send(state, from, { type: 'appendEntriesResponse',",
      },
    ],
  },
  {
    name: 'compacts-beyond-snapshot',
    what: 'the log is compacted up to what is applied, beyond the snapshot',
    changes: [
      {
        file: 'src/raft/snapshot',
        find: 'const index = minIndex(forgettable(state, meta.last.index), state.persistence.durableIndex);',
        replace: 'const index = minIndex(state.lastApplied, state.persistence.durableIndex);',
      },
    ],
  },
  {
    name: 'chunk-out-of-order',
    what: 'a chunk of a snapshot is taken in wherever it belongs',
    changes: [
      {
        file: 'src/node/snapshot-receiver',
        find: 'chunk.offset === this.#nextOffset &&',
        replace: '',
      },
    ],
  },
  {
    name: 'chunks-of-two-snapshots',
    what: 'chunks of a newer snapshot are added to those of an older one',
    changes: [
      {
        file: 'src/node/snapshot-receiver',
        find: 'this.#meta?.last.index === chunk.meta.last.index && this.#meta.last.term === chunk.meta.last.term',
        replace: 'this.#meta !== null',
      },
    ],
  },
  {
    name: 'frozen-state-lives',
    what: 'a frozen state changes with the living one',
    changes: [
      {
        file: 'src/state-machine/sessions',
        find: 'return this.#byId.clone();',
        replace: 'return this.#byId;',
      },
    ],
  },
  {
    name: 'store-not-in-snapshot',
    what: 'a snapshot holds no store',
    changes: [
      { file: 'src/state-machine/frozen-state', find: 'storeRows(store),', replace: '' },
      {
        file: 'src/state-machine/frozen-state',
        find: "import { storeRows } from './store-rows.js';",
        replace: '',
      },
    ],
  },
];
