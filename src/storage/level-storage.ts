// The storage port on `level`: opens the database, proves that it is whole, and turns each request into one atomic synced
// batch. What each request does to the log, to snapshots and to the queue of writes stands in files of their own. Requests
// take effect in the order in which they are made, and nothing is retried.

import { randomBytes, randomInt } from 'node:crypto';

import { CodecError } from '../codec/codec-error.js';
import { encodeFormingRecord } from '../codec/forming-codec.js';
import { encodeHardState, encodeIdentity } from '../codec/record-codec.js';
import { FORMING_RECORD_NONE } from '../forming/types.js';
import type { FormingRecord } from '../forming/types.js';
import type { Done, PersistRequest, StoragePort, Stored } from '../node/ports.js';
import type { EntryId, Identity, InstallId, NodeId, SnapshotMeta } from '../raft/types.js';
import { encodeEntryId, readContents } from './contents.js';
import type { Contents, Database } from './contents.js';
import { openDataDirectory } from './data-directory.js';
import { DiskWatch } from './disk-watch.js';
import type { DiskWatchOptions } from './disk-watch.js';
import { KEY_KIND, keyOf } from './keys.js';
import type { Operation } from './live-keys.js';
import { LogRecords } from './log-records.js';
import { openDatabase } from './open-database.js';
import { removeParts } from './snapshot-records.js';
import { Snapshots } from './snapshots.js';
import { StorageError, whyOf } from './storage-error.js';
import { WriteQueue } from './write-queue.js';

export { StorageError } from './storage-error.js';

/** Node ids are drawn from [1, 2^48): the chance that two of a cluster's meet is negligible. */
const NODE_ID_LIMIT = 2 ** 48 - 1;

/**
 * Opens, or makes, the storage in a directory, and proves that nothing synced is gone. With `watchOptions` it says when the disk
 * takes too long, then and later.
 * Rejects with `StorageError`: DAMAGED, LOCKED, UNWRITABLE or NEWER_FORMAT.
 */
export async function openStorage(
  directory: string,
  watchOptions: DiskWatchOptions | null = null,
): Promise<LevelStorage> {
  const place = openDataDirectory(directory);
  const watch = new DiskWatch(place.databasePath, watchOptions);
  const database = await watch.over(openDatabase(place.databasePath, place.isNew));
  try {
    const contents = await readOrRefuse(database);
    if (contents.identity === null && !place.isNew) {
      throw new StorageError('DAMAGED', place.databasePath, null, 'the identity is missing');
    }
    const storage = new LevelStorage(database, contents, watch);
    await storage.begin(contents);
    if (place.isNew) place.seal();
    return storage;
  } catch (cause) {
    await database.close();
    const isRefusal = cause instanceof StorageError && cause.code !== 'FAILED';
    if (isRefusal) throw cause;
    const why = whyOf(cause instanceof StorageError ? cause.cause : cause);
    throw new StorageError('UNWRITABLE', place.databasePath, null, why, { cause });
  }
}

/** Made by `openStorage`. */
export class LevelStorage implements StoragePort {
  /** What was found at open. */
  readonly stored: Stored;
  /** What was promised while forming a cluster, as found at open. */
  readonly forming: FormingRecord;
  readonly #database: Database;
  readonly #watch: DiskWatch;
  readonly #queue: WriteQueue;
  readonly #records: LogRecords;
  readonly #snapshots: Snapshots;
  /** Index of the entry just before the log, as of the newest request. */
  #compactedIndex: number;

  constructor(database: Database, contents: Contents, watch: DiskWatch) {
    const { stored, live, records, snapshot, nextGeneration } = contents;
    this.#database = database;
    this.#watch = watch;
    this.stored = { ...stored, identity: contents.identity ?? newIdentity() };
    this.forming = contents.forming ?? FORMING_RECORD_NONE;
    this.#queue = new WriteQueue(database, live, watch);
    this.#records = new LogRecords(records);
    const write = this.#queue.write.bind(this.#queue);
    this.#snapshots = new Snapshots(database, write, snapshot, nextGeneration);
    this.#compactedIndex = stored.compacted.index;
  }

  /** Writes the identity of a new directory, and clears what a crash left of a snapshot. Before anything else. */
  async begin({ identity, orphans }: Contents): Promise<void> {
    const operations = removeParts(orphans);
    if (identity === null) operations.push(putIdentity(this.stored.identity));
    if (operations.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#queue.write(operations, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  persist({ batch, installParts, identity }: PersistRequest, done: Done): void {
    const { failure } = this.#queue;
    if (failure !== null) {
      done(failure);
      return;
    }
    const operations: Operation[] = [];
    let installed = (): void => {};
    if (batch.install !== null) {
      const { meta, keepSuffix } = batch.install;
      const install = this.#snapshots.install(meta, installParts ?? []);
      installed = install.installed;
      const gone = keepSuffix ? this.#records.compactTo(meta.last.index) : this.#records.clear();
      operations.push(install.operation, ...gone, this.#putCompacted(meta.last));
    }
    if (batch.truncateFrom !== null) {
      operations.push(...this.#records.truncateFrom(batch.truncateFrom));
    }
    operations.push(...this.#records.append(batch.entries, this.#compactedIndex));
    if (batch.hardState !== null) {
      const value = encodeHardState(batch.hardState);
      operations.push({ type: 'put', key: keyOf(KEY_KIND.hardState), value });
    }
    if (identity !== null) operations.push(putIdentity(identity));
    if (batch.compactTo !== null && batch.compactTo.index > this.#compactedIndex) {
      operations.push(...this.#records.compactTo(batch.compactTo.index));
      operations.push(this.#putCompacted(batch.compactTo));
    }
    this.#queue.write(operations, (error) => {
      if (error === null) installed();
      done(error);
    });
  }

  /** Makes a promise of forming durable, in the order of all requests. */
  saveForming(record: FormingRecord, done: Done): void {
    const { failure } = this.#queue;
    if (failure !== null) {
      done(failure);
      return;
    }
    const value = encodeFormingRecord(record);
    this.#queue.write([{ type: 'put', key: keyOf(KEY_KIND.forming), value }], done);
  }

  saveSnapshot(meta: SnapshotMeta, parts: readonly Uint8Array[], done: Done): void {
    this.#snapshots.save(meta, parts, done);
  }

  readSnapshot(done: Parameters<StoragePort['readSnapshot']>[0]): void {
    this.#snapshots.read(done);
  }

  /** Finishes what is being written, then closes. */
  async close(): Promise<void> {
    await this.#queue.drained();
    await this.#watch.over(this.#database.close());
  }

  #putCompacted(id: EntryId): Operation {
    this.#compactedIndex = id.index;
    return { type: 'put', key: keyOf(KEY_KIND.compacted), value: encodeEntryId(id) };
  }
}

/** Reads the contents. Throws `StorageError`: NEWER_FORMAT where a sound record is of a later version, else DAMAGED. */
async function readOrRefuse(database: Database): Promise<Contents> {
  try {
    return await readContents(database);
  } catch (cause) {
    const isNewer = cause instanceof CodecError && cause.code !== 'damaged';
    const code = isNewer ? 'NEWER_FORMAT' : 'DAMAGED';
    throw new StorageError(code, database.location, null, whyOf(cause), { cause });
  }
}

function newIdentity(): Identity {
  return {
    nodeId: randomInt(1, NODE_ID_LIMIT) as NodeId,
    installId: randomBytes(8).toString('hex') as InstallId,
    cluster: null,
    ended: null,
  };
}

function putIdentity(identity: Identity): Operation {
  return { type: 'put', key: keyOf(KEY_KIND.identity), value: encodeIdentity(identity) };
}
