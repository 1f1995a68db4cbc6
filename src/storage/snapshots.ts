// The snapshots of one open database: takes a new one in, in batches of bounded size with other writes between them, and
// reads the current one back while a newer may be taking its place. Parts of a snapshot are removed only after a newer one
// is durable and current, so a reader that began before keeps a view in which all of them stand.

import { callbackify } from 'node:util';

import { checksum } from '../codec/checksum.js';
import type { Done, StoragePort } from '../node/ports.js';
import type { SnapshotMeta } from '../raft/types.js';
import type { Database } from './contents.js';
import type { Operation } from './live-keys.js';
import { putSnapshot, removeParts, stageSnapshot } from './snapshot-records.js';
import type { StoredSnapshot } from './snapshot-records.js';
import { StorageError } from './storage-error.js';

/** Queues one atomic synced batch behind those already queued. */
export type Write = (operations: readonly Operation[], done: Done) => void;

type ReadDone = Parameters<StoragePort['readSnapshot']>[0];

export class Snapshots {
  readonly #database: Database;
  readonly #write: Write;
  /** Durable; what is read. */
  #current: StoredSnapshot | null;
  /** Index that the newest snapshot on its way to the disk covers; the current one's if there is none. */
  #newestIndex: number;
  #nextGeneration: number;

  constructor(
    database: Database,
    write: Write,
    current: StoredSnapshot | null,
    nextGeneration: number,
  ) {
    this.#database = database;
    this.#write = write;
    this.#current = current;
    this.#newestIndex = current?.meta.last.index ?? 0;
    this.#nextGeneration = nextGeneration;
  }

  /** Writes a snapshot, a batch of parts at a time; writes that arrive meanwhile go between. */
  save(meta: SnapshotMeta, values: readonly Uint8Array[], done: Done): void {
    const { snapshot, batches } = stageSnapshot(meta, this.#takeGeneration(), values);
    const proceed = (at: number): void => {
      const operations = batches[at];
      if (operations === undefined) {
        this.#makeCurrent(snapshot, done);
        return;
      }
      this.#write(operations, (error) => {
        if (error === null) proceed(at + 1);
        else done(error);
      });
    };
    proceed(0);
  }

  /**
   * Queues the parts of a received snapshot and tells what makes it current, which the caller writes next, as part of its
   * own batch; `installed` must be called once that is durable.
   */
  install(
    meta: SnapshotMeta,
    values: readonly Uint8Array[],
  ): { readonly operation: Operation; readonly installed: () => void } {
    const { snapshot, batches } = stageSnapshot(meta, this.#takeGeneration(), values);
    // Should one of them fail, so does every later batch.
    for (const operations of batches) this.#write(operations, () => {});
    this.#newestIndex = meta.last.index;
    return { operation: putSnapshot(snapshot), installed: () => this.#replace(snapshot) };
  }

  read(done: ReadDone): void {
    const current = this.#current;
    if (current === null) {
      done(null, null);
      return;
    }
    callbackify(() => this.#readParts(current))((error: Error | null, parts) => {
      if (error === null) done(null, { meta: current.meta, parts });
      else done(error, null);
    });
  }

  /** The last step of `save`. A snapshot that was installed meanwhile and covers more stays. */
  #makeCurrent(snapshot: StoredSnapshot, done: Done): void {
    if (snapshot.meta.last.index < this.#newestIndex) {
      this.#write(removeParts(snapshot.parts), done);
      return;
    }
    this.#newestIndex = snapshot.meta.last.index;
    this.#write([putSnapshot(snapshot)], (error) => {
      if (error === null) this.#replace(snapshot);
      done(error);
    });
  }

  /** The snapshot is durable: from here on it is read, and the older one can go. */
  #replace(snapshot: StoredSnapshot): void {
    const old = this.#current;
    this.#current = snapshot;
    // Should a crash come first, or this fail: what is left is removed at the next start.
    if (old !== null && old.parts.length > 0) this.#write(removeParts(old.parts), () => {});
  }

  async #readParts({ parts }: StoredSnapshot): Promise<Uint8Array[]> {
    const snapshot = this.#database.snapshot();
    try {
      const values: Uint8Array[] = [];
      for (const [at, { key, sum }] of parts.entries()) {
        const value = await this.#database.get(key, { snapshot });
        if (value === undefined || checksum(value) !== sum) {
          const detail = `part ${at} of the snapshot is ${value === undefined ? 'missing' : 'damaged'}`;
          throw new StorageError('DAMAGED', this.#database.location, null, detail);
        }
        values.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      }
      return values;
    } finally {
      await snapshot.close();
    }
  }

  #takeGeneration(): number {
    const generation = this.#nextGeneration;
    this.#nextGeneration += 1;
    return generation;
  }
}
