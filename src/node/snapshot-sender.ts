// Fills the chunks that the core asks for from the newest stored snapshot, which it reads once and keeps while chunks
// are asked for. A chunk is sent at the earliest when the bytes are there; until then wishes collect, the newest a peer.

import type { ChunkWish } from '../raft/ready.js';
import type { NodeId, SnapshotMeta } from '../raft/types.js';
import type { CommandCodecPort, LoggerPort, StoragePort, TransportPort } from './ports.js';
import { joinParts } from './snapshot-bytes.js';

interface Modules {
  readonly storage: StoragePort;
  readonly transport: TransportPort;
  readonly codec: CommandCodecPort;
  readonly log: LoggerPort;
}

export class SnapshotSender {
  readonly #modules: Modules;
  readonly #chunkBytes: number;
  readonly #wishes = new Map<NodeId, ChunkWish>();
  #loaded: { readonly meta: SnapshotMeta; readonly bytes: Uint8Array } | null = null;
  #isReading = false;

  constructor(modules: Modules, chunkBytes: number) {
    this.#modules = modules;
    this.#chunkBytes = chunkBytes;
  }

  /** Sends the chunks asked for, of the snapshot that `newest` names. */
  send(wishes: readonly ChunkWish[], newest: SnapshotMeta): void {
    for (const wish of wishes) this.#wishes.set(wish.to, wish);
    if (this.#loaded?.meta.last.index === newest.last.index) this.#sendAll();
    else this.#read();
  }

  /** Forgets the bytes, for a node that no longer leads or has a newer snapshot. */
  forget(): void {
    this.#loaded = null;
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
      this.#loaded = { meta: found.meta, bytes: joinParts(found.parts) };
      this.#sendAll();
    });
  }

  #sendAll(): void {
    const loaded = this.#loaded;
    if (loaded === null) return;
    for (const [to, { offset, word }] of this.#wishes) {
      const from = offset < loaded.bytes.length ? offset : 0;
      const data = loaded.bytes.subarray(from, from + this.#chunkBytes);
      this.#modules.transport.send(to, {
        type: 'installSnapshot',
        ...word,
        meta: loaded.meta,
        offset: from,
        data,
        checksum: this.#modules.codec.checksum(data),
        totalBytes: loaded.bytes.length,
      });
    }
    this.#wishes.clear();
  }
}
