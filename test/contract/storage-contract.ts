// What every StoragePort promises, as one suite that each implementation runs: level on disk, and the simulator's disk.
// A store is opened, given operations, closed and opened again; what it then holds is compared with a naive model.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { PersistRequest, StoragePort, Stored } from '../../src/node/ports.js';
import type { PersistBatch } from '../../src/raft/ready.js';
import { EMPTY_CONFIGURATION, ENTRY_ID_ZERO, REIGN_NONE } from '../../src/raft/types.js';
import type {
  Entry,
  EntryId,
  HardState,
  Identity,
  LogIndex,
  NodeId,
  SnapshotMeta,
  Term,
} from '../../src/raft/types.js';

export interface OpenStore {
  readonly port: StoragePort;
  readonly stored: Stored;
  close(): Promise<void>;
}

/** Opens the same store again and again; a new one each time it is made. */
export type StoreFactory = () => Promise<{ open(): Promise<OpenStore>; remove(): Promise<void> }>;

export const command = (index: number, term = 1, size = 3): Entry => ({
  term: term as Term,
  index: index as LogIndex,
  stampMs: index,
  kind: 'command',
  data: new Uint8Array(size).fill(index % 251),
});

const batchOf = (part: Partial<PersistBatch>): PersistBatch => ({
  persistId: 1,
  hardState: null,
  truncateFrom: null,
  entries: [],
  install: null,
  compactTo: null,
  ...part,
});

export const requestOf = (
  part: Partial<PersistBatch>,
  extra: Partial<PersistRequest> = {},
): PersistRequest => ({ batch: batchOf(part), installParts: null, identity: null, ...extra });

export const metaAt = (index: number, term = 1): SnapshotMeta => ({
  last: { term: term as Term, index: index as LogIndex },
  stampMs: index,
  configuration: EMPTY_CONFIGURATION,
  configurationIndex: 0 as LogIndex,
  settings: { clusterId: 'a'.repeat(32), clusterName: 'quorate', electionTimeoutMs: 1000 },
  reign: REIGN_NONE,
  featureLevel: 1,
});

export async function persist(port: StoragePort, request: PersistRequest): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    port.persist(request, (error) => (error === null ? resolve() : reject(error)));
  });
}

async function save(port: StoragePort, meta: SnapshotMeta, parts: Uint8Array[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    port.saveSnapshot(meta, parts, (error) => (error === null ? resolve() : reject(error)));
  });
}

async function read(
  port: StoragePort,
): Promise<{ meta: SnapshotMeta; parts: Uint8Array[] } | null> {
  return new Promise((resolve, reject) => {
    port.readSnapshot((error, found) => (error === null ? resolve(found) : reject(error)));
  });
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
/** The same parts byte for byte; vitest's own comparison takes seconds for a megabyte. */
const isSame = (parts: readonly Uint8Array[] | undefined, expected: readonly Uint8Array[]) =>
  parts?.length === expected.length &&
  parts.every((part, at) => Buffer.compare(part, expected[at] ?? bytes()) === 0);
const plain = (parts: readonly Uint8Array[]): number[][] => parts.map((part) => [...part]);
const indexes = (stored: Stored): number[] => stored.entries.map(({ index }) => index);

interface Model {
  hardState: HardState;
  compacted: EntryId;
  snapshot: number | null;
  entries: Entry[];
}

type Step =
  | { readonly type: 'append'; readonly count: number; readonly back: number }
  | { readonly type: 'vote' }
  | { readonly type: 'snapshot'; readonly back: number; readonly keep: number }
  | { readonly type: 'install'; readonly ahead: number; readonly keepSuffix: boolean }
  | { readonly type: 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('append' as const),
      count: fc.integer({ min: 0, max: 5 }),
      back: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('vote' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('snapshot' as const),
      back: fc.integer({ min: 0, max: 4 }),
      keep: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('install' as const),
      ahead: fc.integer({ min: -3, max: 3 }),
      keepSuffix: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
);

const idOf = (entry: Entry): EntryId => ({ term: entry.term, index: entry.index });

/** Applies a step to store and model alike; steps that make no sense in the state do nothing. */
async function play(model: Model, store: OpenStore, next: Step, round: number): Promise<void> {
  const last = model.entries.at(-1)?.index ?? model.compacted.index;
  const term = round + 1;
  switch (next.type) {
    case 'append': {
      const from = Math.max(last - next.back, model.snapshot ?? 0) + 1;
      const entries = Array.from({ length: next.count }, (_, at) => command(from + at, term));
      const truncateFrom = from <= last ? (from as LogIndex) : null;
      await persist(store.port, requestOf({ entries, truncateFrom }));
      model.entries = [...model.entries.filter(({ index }) => index < from), ...entries];
      return;
    }
    case 'vote': {
      model.hardState = { term: term as Term, votedFor: (round % 2 === 0 ? 7 : null) as NodeId };
      await persist(store.port, requestOf({ hardState: model.hardState }));
      return;
    }
    case 'snapshot': {
      const covered = model.entries.find(({ index }) => index === last - next.back);
      if (covered === undefined || covered.index <= (model.snapshot ?? 0)) return;
      await save(store.port, metaAt(covered.index, covered.term), [bytes(covered.index % 256)]);
      model.snapshot = covered.index;
      const upTo = model.entries.find(({ index }) => index === covered.index - next.keep);
      if (upTo === undefined) return;
      await persist(store.port, requestOf({ compactTo: idOf(upTo) }));
      model.compacted = idOf(upTo);
      model.entries = model.entries.filter(({ index }) => index > upTo.index);
      return;
    }
    case 'install': {
      const index = last + next.ahead;
      if (index <= (model.snapshot ?? 0) || index <= model.compacted.index) return;
      const own = model.entries.find((entry) => entry.index === index);
      const keepSuffix = next.keepSuffix && own !== undefined;
      const meta = metaAt(index, own?.term ?? term);
      const installParts = [bytes(1, index % 256), bytes()];
      await persist(store.port, requestOf({ install: { meta, keepSuffix } }, { installParts }));
      model.snapshot = index;
      model.compacted = meta.last;
      model.entries = keepSuffix ? model.entries.filter((entry) => entry.index > index) : [];
      return;
    }
    case 'reopen':
      return;
  }
}

function compare(stored: Stored, model: Model): void {
  expect(stored.hardState).toEqual(model.hardState);
  expect(stored.compacted).toEqual(model.compacted);
  expect(stored.snapshot?.last.index ?? null).toBe(model.snapshot);
  expect(stored.entries.map(idOf)).toEqual(model.entries.map(idOf));
  expect(stored.entries).toEqual(model.entries);
}

/** Runs the contract against one implementation. */
export function storageContract(name: string, make: StoreFactory): void {
  const withStore = async (work: (open: () => Promise<OpenStore>) => Promise<void>) => {
    const place = await make();
    try {
      await work(() => place.open());
    } finally {
      await place.remove();
    }
  };

  describe(`StoragePort: ${name}`, () => {
    test('A new store is empty and has an identity, which stays', async () => {
      await withStore(async (open) => {
        const first = await open();
        expect(first.stored).toMatchObject({
          snapshot: null,
          compacted: ENTRY_ID_ZERO,
          entries: [],
        });
        expect(first.stored.identity.cluster).toBeNull();
        await first.close();
        const again = await open();
        expect(again.stored.identity).toEqual(first.stored.identity);
        await again.close();
      });
    });

    test('What was persisted is there again, identity included', async () => {
      await withStore(async (open) => {
        const store = await open();
        const identity: Identity = {
          ...store.stored.identity,
          cluster: {
            clusterId: 'b'.repeat(32),
            clusterName: 'quorate',
            nodeName: 'n1',
            isWitness: false,
            electionTimeoutMs: 300,
          },
        };
        const hardState: HardState = { term: 4 as Term, votedFor: 9 as NodeId };
        const entries = [command(1), command(2), command(3, 4, 100_000)];
        await persist(store.port, requestOf({ hardState, entries }, { identity }));
        await store.close();
        const again = await open();
        expect(again.stored).toMatchObject({ identity, hardState });
        expect(again.stored.entries).toEqual(entries);
        await again.close();
      });
    });

    test('Truncation in the middle of a batch keeps what stands before it', async () => {
      await withStore(async (open) => {
        const store = await open();
        await persist(store.port, requestOf({ entries: [1, 2, 3, 4, 5].map((i) => command(i)) }));
        const entries = [command(3, 2)];
        await persist(store.port, requestOf({ truncateFrom: 3 as LogIndex, entries }));
        await store.close();
        const again = await open();
        expect(again.stored.entries).toEqual([command(1), command(2), command(3, 2)]);
        await again.close();
      });
    });

    test('Compaction in the middle of a batch leaves exactly the entries behind it', async () => {
      await withStore(async (open) => {
        const store = await open();
        await persist(store.port, requestOf({ entries: [1, 2, 3, 4, 5].map((i) => command(i)) }));
        await save(store.port, metaAt(4), [bytes(1, 2, 3)]);
        const compactTo = { term: 1 as Term, index: 3 as LogIndex };
        await persist(store.port, requestOf({ compactTo }));
        await store.close();
        const again = await open();
        expect(again.stored.compacted).toEqual(compactTo);
        expect(indexes(again.stored)).toEqual([4, 5]);
        await again.close();
      });
    });

    test('A snapshot is read back as it was given, and a newer one takes its place', async () => {
      await withStore(async (open) => {
        const store = await open();
        expect(await read(store.port)).toBeNull();
        await persist(store.port, requestOf({ entries: [command(1), command(2)] }));
        await save(store.port, metaAt(1), [bytes(1), bytes(2)]);
        await save(store.port, metaAt(2), [bytes(), bytes(3), bytes(4, 5)]);
        const found = await read(store.port);
        expect(plain(found?.parts ?? [])).toEqual([[], [3], [4, 5]]);
        await store.close();
        const again = await open();
        expect(again.stored.snapshot).toEqual(metaAt(2));
        expect(plain((await read(again.port))?.parts ?? [])).toEqual([[], [3], [4, 5]]);
        await again.close();
      });
    });

    test('A snapshot that is read while newer ones take its place is whole', async () => {
      await withStore(async (open) => {
        const store = await open();
        const last = 6;
        const partsOf = (index: number): Uint8Array[] =>
          Array.from({ length: 40 }, () => new Uint8Array(30_000).fill(index));
        await persist(store.port, requestOf({ entries: [1, 2, 3].map((i) => command(i)) }));
        await save(store.port, metaAt(1), partsOf(1));
        const reads: ReturnType<typeof read>[] = [];
        const writes: Promise<void>[] = [];
        for (let index = 2; index <= last; index += 1) {
          reads.push(read(store.port));
          const meta = metaAt(index);
          const installParts = partsOf(index);
          const install = { meta, keepSuffix: false };
          if (index <= 3) writes.push(save(store.port, meta, installParts));
          else writes.push(persist(store.port, requestOf({ install }, { installParts })));
          await writes.at(-1);
          reads.push(read(store.port));
        }
        for (const found of await Promise.all(reads)) {
          expect(isSame(found?.parts, partsOf(found?.meta.last.index ?? 0))).toBe(true);
        }
        await store.close();
        const again = await open();
        expect(isSame((await read(again.port))?.parts, partsOf(last))).toBe(true);
        await again.close();
      });
    });

    test('A snapshot taken late does not take the place of a newer one that was installed', async () => {
      await withStore(async (open) => {
        const store = await open();
        await persist(store.port, requestOf({ entries: [command(1), command(2)] }));
        const parts = Array.from({ length: 40 }, () => new Uint8Array(100_000));
        const saving = save(store.port, metaAt(2), parts);
        const install = { meta: metaAt(9), keepSuffix: false };
        await persist(store.port, requestOf({ install }, { installParts: [bytes(9)] }));
        await saving;
        expect(plain((await read(store.port))?.parts ?? [])).toEqual([[9]]);
        await store.close();
        const again = await open();
        expect(again.stored).toMatchObject({ snapshot: metaAt(9), compacted: metaAt(9).last });
        expect(plain((await read(again.port))?.parts ?? [])).toEqual([[9]]);
        await again.close();
      });
    });

    test('A batch of many and large entries comes back as it was', async () => {
      await withStore(async (open) => {
        const store = await open();
        const entries = Array.from({ length: 512 }, (_, at) => command(at + 1, 1, 10_000));
        await persist(store.port, requestOf({ entries }));
        const large = command(513, 1, 1_500_000);
        await persist(store.port, requestOf({ entries: [large] }));
        await store.close();
        const again = await open();
        expect(again.stored.entries.map(idOf)).toEqual([...entries, large].map(idOf));
        const found = again.stored.entries.map((entry) => ('data' in entry ? entry.data : bytes()));
        const given = [...entries, large].map((entry) => ('data' in entry ? entry.data : bytes()));
        expect(isSame(found, given)).toBe(true);
        await again.close();
      });
    });

    test('A request to compact less than was compacted before changes nothing', async () => {
      await withStore(async (open) => {
        const store = await open();
        await persist(store.port, requestOf({ entries: [1, 2, 3, 4].map((i) => command(i)) }));
        await save(store.port, metaAt(4), [bytes(4)]);
        await persist(store.port, requestOf({ compactTo: idOf(command(3)) }));
        await persist(store.port, requestOf({ compactTo: idOf(command(1)) }));
        await store.close();
        const again = await open();
        expect(again.stored.compacted).toEqual(idOf(command(3)));
        expect(indexes(again.stored)).toEqual([4]);
        await again.close();
      });
    });

    test('Requests complete in the order in which they were made', async () => {
      await withStore(async (open) => {
        const store = await open();
        const order: number[] = [];
        await Promise.all(
          Array.from({ length: 20 }, async (_, at) => {
            await persist(store.port, requestOf({ entries: [command(at + 1)] }));
            order.push(at);
          }),
        );
        expect(order).toEqual(Array.from({ length: 20 }, (_, at) => at));
        await store.close();
      });
    });

    test(
      'Any sequence of operations leaves what a naive model holds',
      { timeout: 60_000 },
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
            await withStore(async (open) => {
              let store = await open();
              const model: Model = {
                hardState: store.stored.hardState,
                compacted: ENTRY_ID_ZERO,
                snapshot: null,
                entries: [],
              };
              for (const [round, next] of [...steps, { type: 'reopen' as const }].entries()) {
                await play(model, store, next, round);
                if (next.type !== 'reopen') continue;
                await store.close();
                store = await open();
                compare(store.stored, model);
              }
              await store.close();
            });
          }),
          { numRuns: 30 },
        );
      },
    );
  });
}
