// The one way to the disk: batches go down in the order in which they came, each atomic, synced, and sealed. What waits
// while one is written goes down with the next, up to a bound. After a failed write nothing is written any more, because
// nobody knows what is on disk.

import type { Done } from '../node/ports.js';
import type { Database } from './contents.js';
import type { DiskWatch } from './disk-watch.js';
import type { LiveKeys, Operation } from './live-keys.js';
import { LogNames } from './log-names.js';
import { TABLE_BYTES_MAX } from './open-database.js';
import { StorageError, whyOf } from './storage-error.js';

/** Batches that wait are written as one up to this many bytes of values. */
const GROUP_BYTES_MAX = 4 * 1024 * 1024;

interface Waiting {
  readonly operations: readonly Operation[];
  readonly bytes: number;
  readonly done: Done;
}

export class WriteQueue {
  readonly #database: Database;
  readonly #live: LiveKeys;
  readonly #logNames: LogNames;
  readonly #watch: DiskWatch;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #failure: StorageError | null = null;

  constructor(database: Database, live: LiveKeys, watch: DiskWatch) {
    this.#database = database;
    this.#live = live;
    this.#logNames = new LogNames(database.location, TABLE_BYTES_MAX);
    this.#watch = watch;
  }

  /** Why nothing is written any more; null: all is well. */
  get failure(): StorageError | null {
    return this.#failure;
  }

  /** Queues one atomic batch; `done` is called when it is durable, in the order of the calls. */
  write(operations: readonly Operation[], done: Done): void {
    if (this.#failure !== null) {
      done(this.#failure);
      return;
    }
    this.#waiting.push({ operations, bytes: bytesOf(operations), done });
    this.#writing ??= this.#writeAll();
  }

  /** Resolves once nothing waits. */
  async drained(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      const operations = this.#live.sealed(group.flatMap((waiting) => waiting.operations));
      try {
        await this.#watch.overBatch(this.#write(operations), bytesOf(operations));
      } catch (cause) {
        const why = `the disk did not take a write: ${whyOf(cause)}`;
        this.#failure = new StorageError('FAILED', this.#database.location, null, why, { cause });
        group.push(...this.#waiting.splice(0));
      }
      for (const { done } of group) done(this.#failure);
    }
    this.#writing = null;
  }

  async #write(operations: Operation[]): Promise<void> {
    // Put together call by call: of an array each operation would be copied, and read field by field through the library's boundary.
    const batch = this.#database.batch();
    for (const operation of operations) {
      if (operation.type === 'put') batch.put(operation.key, operation.value);
      else batch.del(operation.key);
    }
    await batch.write({ sync: true });
    if (this.#logNames.mayHaveBegun(operations)) await this.#logNames.makeDurable(operations);
  }

  #takeGroup(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      bytes += waiting.bytes;
      if (count > 0 && bytes > GROUP_BYTES_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}

function bytesOf(operations: readonly Operation[]): number {
  return operations.reduce(
    (bytes, operation) => bytes + (operation.type === 'put' ? operation.value.length : 0),
    0,
  );
}
