// The storage port on `level`: one atomic synced batch a persist, in order, with a seal over everything that is there.
// Batches that wait while one is written go down together; each stays whole and is answered in its turn. After a failed
// write nothing is written any more, because nobody knows what is on disk.

import { randomBytes, randomInt } from 'node:crypto';
import { callbackify } from 'node:util';

import { Level } from 'level';

import { encodeHardState, encodeIdentity, encodeSnapshotMeta } from '../codec/record-codec.js';
import type { Done, PersistRequest, StoragePort, Stored } from '../node/ports.js';
import type { EntryId, Identity, InstallId, NodeId, SnapshotMeta } from '../raft/types.js';
import { encodeEntryId, readContents } from './contents.js';
import type { Contents, Database } from './contents.js';
import { openDataDirectory } from './data-directory.js';
import { KEY_KIND, keyOf, numberIn } from './keys.js';
import { checkLevelFiles } from './level-files.js';
import type { LiveKeys, Operation } from './live-keys.js';
import { LogRecords } from './log-records.js';
import { StorageError, whyOf } from './storage-error.js';

export { StorageError } from './storage-error.js';

/** Node ids are drawn from [1, 2^48): the chance that two of a cluster's meet is negligible. */
const NODE_ID_LIMIT = 2 ** 48 - 1;

interface Waiting {
  readonly operations: readonly Operation[];
  readonly done: Done;
}

/**
 * Opens, or makes, the storage in a directory, and proves that nothing synced is gone.
 * Rejects with `StorageError`: DAMAGED, LOCKED, UNWRITABLE or NEWER_FORMAT.
 */
export async function openStorage(directory: string): Promise<LevelStorage> {
  const place = openDataDirectory(directory);
  checkLevelFiles(place.databasePath);
  const database: Database = new Level(place.databasePath, {
    keyEncoding: 'buffer',
    valueEncoding: 'view',
    // The check of the tables reads their index.
    compression: false,
  });
  try {
    await database.open();
  } catch (cause) {
    throw openingError(place.databasePath, cause);
  }
  try {
    const contents = await readContents(database);
    if (contents.identity === null && !place.isNew) throw new Error('the identity is missing');
    const storage = new LevelStorage(database, contents, contents.identity ?? newIdentity());
    await storage.begin(contents);
    if (place.isNew) place.seal();
    return storage;
  } catch (cause) {
    await database.close();
    if (cause instanceof StorageError) throw cause;
    throw new StorageError('DAMAGED', place.databasePath, null, whyOf(cause), { cause });
  }
}

export class LevelStorage implements StoragePort {
  /** What was found at open. */
  readonly stored: Stored;
  readonly #database: Database;
  readonly #live: LiveKeys;
  readonly #records: LogRecords;
  #snapshot: SnapshotMeta | null;
  #partKeys: readonly Buffer[];
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #failure: Error | null = null;

  constructor(database: Database, contents: Contents, identity: Identity) {
    this.#database = database;
    this.stored = { identity, ...contents.stored };
    this.#live = contents.live;
    this.#records = new LogRecords(contents.records);
    this.#snapshot = contents.stored.snapshot;
    this.#partKeys = contents.partKeys;
  }

  /** Writes the identity of a new directory, and clears what a crash left of a snapshot. Before anything else. */
  async begin({ identity }: Contents): Promise<void> {
    const operations: Operation[] = [];
    if (identity === null) operations.push(putIdentity(this.stored.identity));
    const current = this.#snapshot?.last.index ?? -1;
    const orphans = this.#partKeys.filter((key) => numberIn(key, 0) !== current);
    this.#partKeys = this.#partKeys.filter((key) => numberIn(key, 0) === current);
    operations.push(...orphans.map((key): Operation => ({ type: 'del', key })));
    if (operations.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#write(operations, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  persist({ batch, installParts, identity }: PersistRequest, done: Done): void {
    const operations: Operation[] = [];
    if (batch.install !== null) {
      const { meta, keepSuffix } = batch.install;
      operations.push(...this.#replaceSnapshot(meta, installParts ?? []));
      const gone = keepSuffix ? this.#records.compactTo(meta.last.index) : this.#records.clear();
      operations.push(...gone, putCompacted(meta.last));
    }
    if (batch.truncateFrom !== null)
      operations.push(...this.#records.truncateFrom(batch.truncateFrom));
    operations.push(...this.#records.append(batch.entries));
    if (batch.hardState !== null) {
      const value = encodeHardState(batch.hardState);
      operations.push({ type: 'put', key: keyOf(KEY_KIND.hardState), value });
    }
    if (identity !== null) operations.push(putIdentity(identity));
    if (batch.compactTo !== null) {
      operations.push(...this.#records.compactTo(batch.compactTo.index));
      operations.push(putCompacted(batch.compactTo));
    }
    this.#write(operations, done);
  }

  saveSnapshot(meta: SnapshotMeta, parts: readonly Uint8Array[], done: Done): void {
    this.#write(this.#replaceSnapshot(meta, parts), done);
  }

  readSnapshot(
    done: (error: Error | null, found: { meta: SnapshotMeta; parts: Uint8Array[] } | null) => void,
  ): void {
    const meta = this.#snapshot;
    const keys = this.#partKeys;
    if (meta === null) {
      done(null, null);
      return;
    }
    callbackify(() => this.#readParts(keys))((error: Error | null, parts) => {
      if (error === null) done(null, { meta, parts });
      else done(error, null);
    });
  }

  /** Finishes what is being written, then closes. */
  async close(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
    await this.#database.close();
  }

  /** The new snapshot with its parts, and the end of the older one, as part of one batch. */
  #replaceSnapshot(meta: SnapshotMeta, parts: readonly Uint8Array[]): Operation[] {
    const keys = parts.map((_, at) => keyOf(KEY_KIND.snapshotPart, meta.last.index, at));
    const removed = this.#partKeys.map((key): Operation => ({ type: 'del', key }));
    const written = parts.map((value, at): Operation => {
      const key = keys[at] ?? keyOf(KEY_KIND.snapshotPart, meta.last.index, at);
      return { type: 'put', key, value };
    });
    this.#snapshot = meta;
    this.#partKeys = keys;
    const value = encodeSnapshotMeta(meta);
    return [...removed, ...written, { type: 'put', key: keyOf(KEY_KIND.snapshotMeta), value }];
  }

  async #readParts(keys: readonly Buffer[]): Promise<Uint8Array[]> {
    while (this.#writing !== null) await this.#writing;
    const parts: Uint8Array[] = [];
    for (const key of keys) {
      const value = await this.#database.get(key);
      if (value === undefined || !this.#live.matches(key, value)) {
        throw new StorageError(
          'DAMAGED',
          this.#database.location,
          null,
          'a part of the snapshot is damaged',
        );
      }
      parts.push(value);
    }
    return parts;
  }

  #write(operations: readonly Operation[], done: Done): void {
    if (this.#failure !== null) {
      done(this.#failure);
      return;
    }
    this.#waiting.push({ operations, done });
    this.#writing ??= this.#writeAll();
  }

  /** Writes what waits, all of it as one batch at a time, until nothing does. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const operations = this.#live.sealed(group.flatMap((waiting) => waiting.operations));
      try {
        await this.#database.batch([...operations], { sync: true });
      } catch (cause) {
        this.#failure = new Error(`the disk did not take a write: ${whyOf(cause)}`, { cause });
        group.push(...this.#waiting);
        this.#waiting = [];
      }
      for (const { done } of group) done(this.#failure);
    }
    this.#writing = null;
  }
}

function newIdentity(): Identity {
  return {
    nodeId: randomInt(1, NODE_ID_LIMIT) as NodeId,
    installId: randomBytes(8).toString('hex') as InstallId,
    cluster: null,
  };
}

function putIdentity(identity: Identity): Operation {
  return { type: 'put', key: keyOf(KEY_KIND.identity), value: encodeIdentity(identity) };
}

function putCompacted(id: EntryId): Operation {
  return { type: 'put', key: keyOf(KEY_KIND.compacted), value: encodeEntryId(id) };
}

function openingError(path: string, cause: unknown): StorageError {
  const inner = cause instanceof Error ? cause.cause : undefined;
  const code = inner instanceof Error && 'code' in inner ? inner.code : null;
  if (code === 'LEVEL_LOCKED') {
    return new StorageError('LOCKED', path, null, 'another process has it open', { cause });
  }
  const why = whyOf(inner ?? cause);
  const isAccess = /permission denied|read-only file system|no space left/i.test(why);
  return new StorageError(isAccess ? 'UNWRITABLE' : 'DAMAGED', path, null, why, { cause });
}
