// Fills the chunks that the core asks for from stored snapshots, each of which it reads once and keeps while it is asked
// for. A chunk is sent at the earliest when the bytes are there; until then wishes collect, the newest a peer. Storage
// keeps the newest snapshot only: one that is on its way while the next is taken lives on here.

import type { ChunkWish } from '../raft/ready.js';
import type { LogIndex, NodeId, SnapshotMeta } from '../raft/types.js';
import type { CommandCodecPort, LoggerPort, StoragePort, TransportPort } from './ports.js';
import { joinParts } from './snapshot-bytes.js';

interface Modules {
  readonly storage: StoragePort;
  readonly transport: TransportPort;
  readonly codec: CommandCodecPort;
  readonly log: LoggerPort;
}

interface Loaded {
  readonly meta: SnapshotMeta;
  readonly bytes: Uint8Array;
}

/** Snapshots kept in memory: the newest, and the one before it that is still on its way to somebody. */
const LOADED_MAX = 2;

export class SnapshotSender {
  readonly #modules: Modules;
  readonly #chunkBytes: number;
  readonly #wishes = new Map<NodeId, ChunkWish>();
  /** By the index of their last entry, the oldest first. */
  readonly #loaded = new Map<LogIndex, Loaded>();
  #isReading = false;

  constructor(modules: Modules, chunkBytes: number) {
    this.#modules = modules;
    this.#chunkBytes = chunkBytes;
  }

  /** Sends the chunks asked for; where a snapshot's bytes are gone, the first chunk of the newest. */
  send(wishes: readonly ChunkWish[], newest: SnapshotMeta): void {
    for (const wish of wishes) this.#wishes.set(wish.to, wish);
    for (const wish of this.#wishes.values()) {
      const loaded = this.#loaded.get(wish.last.index) ?? this.#loaded.get(newest.last.index);
      if (loaded !== undefined) this.#sendChunk(wish, loaded);
    }
    if (this.#wishes.size > 0) this.#read();
  }

  /** Forgets the bytes, for a node that no longer leads. */
  forget(): void {
    this.#loaded.clear();
    this.#wishes.clear();
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#modules.storage.readSnapshot((error, found) => {
      this.#isReading = false;
      if (error !== null || found === null) {
        this.#modules.log.error({ error }, 'the snapshot to send could not be read');
        this.#wishes.clear();
        return;
      }
      const loaded = { meta: found.meta, bytes: joinParts(found.parts) };
      this.#loaded.set(found.meta.last.index, loaded);
      const oldest = this.#loaded.keys().next();
      if (this.#loaded.size > LOADED_MAX && oldest.done !== true) this.#loaded.delete(oldest.value);
      for (const wish of this.#wishes.values()) this.#sendChunk(wish, loaded);
    });
  }

  #sendChunk({ to, last, offset, word }: ChunkWish, { meta, bytes }: Loaded): void {
    const isSame = last.index === meta.last.index;
    const from = isSame && offset < bytes.length ? offset : 0;
    const data = bytes.subarray(from, from + this.#chunkBytes);
    this.#wishes.delete(to);
    this.#modules.transport.send(to, {
      type: 'installSnapshot',
      ...word,
      meta,
      offset: from,
      data,
      checksum: this.#modules.codec.checksum(data),
      totalBytes: bytes.length,
    });
  }
}
