// Which append batch stands under which key, and what a persist does to them: one batch of entries is one record.
// Truncation rewrites the record that it cuts; compaction drops whole records only, so that it costs nothing to rewrite.

import { encodeBatchRecord } from '../codec/record-codec.js';
import { invariant } from '../raft/assert.js';
import type { Entry } from '../raft/types.js';
import type { LogRecord } from './contents.js';
import { KEY_KIND, keyOf } from './keys.js';
import type { Operation } from './live-keys.js';

export class LogRecords {
  /** By first index, rising; contiguous. */
  #records: LogRecord[];

  constructor(records: readonly LogRecord[]) {
    this.#records = [...records];
  }

  /** Adds entries as one record; they must follow the log, which begins after `compactedIndex`. */
  append(entries: readonly Entry[], compactedIndex: number): Operation[] {
    const first = entries[0];
    if (first === undefined) return [];
    const last = this.#records.at(-1);
    const lastIndex = Math.max(compactedIndex, last === undefined ? 0 : lastIndexOf(last));
    invariant(
      first.index === lastIndex + 1,
      `entries that are stored follow the stored log: expected ${lastIndex + 1}, got ${first.index}`,
    );
    return [this.#put(first.index, entries)];
  }

  /** Removes the entries from `index` on. */
  truncateFrom(index: number): Operation[] {
    const operations: Operation[] = [];
    while (true) {
      const last = this.#records.at(-1);
      if (last === undefined || lastIndexOf(last) < index) return operations;
      this.#records.pop();
      operations.push(remove(last));
      if (last.firstIndex < index) {
        const kept = last.entries.filter((entry) => entry.index < index);
        return [...operations, this.#put(last.firstIndex, kept)];
      }
    }
  }

  /** Drops the records that hold nothing above `index`. */
  compactTo(index: number): Operation[] {
    const dropped = this.#records.filter((record) => lastIndexOf(record) <= index);
    this.#records = this.#records.filter((record) => lastIndexOf(record) > index);
    return dropped.map(remove);
  }

  clear(): Operation[] {
    const operations = this.#records.map(remove);
    this.#records = [];
    return operations;
  }

  #put(firstIndex: number, entries: readonly Entry[]): Operation {
    this.#records.push({ firstIndex, entries });
    const key = keyOf(KEY_KIND.logRecord, firstIndex);
    return { type: 'put', key, value: encodeBatchRecord(entries) };
  }
}

function lastIndexOf(record: LogRecord): number {
  return record.firstIndex + record.entries.length - 1;
}

function remove(record: LogRecord): Operation {
  return { type: 'del', key: keyOf(KEY_KIND.logRecord, record.firstIndex) };
}
