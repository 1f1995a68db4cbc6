// Assembles a leader's snapshot from its chunks, in order, each with a checksum; a gap or a damaged chunk is asked for
// again, a newer snapshot begins anew. Only bytes that decode are handed on, so that installing cannot fail half-way.

import type { Input } from '../raft/input.js';
import type { InstallSnapshot } from '../raft/message.js';
import type { ChunkArrived } from '../raft/ready.js';
import type { NodeId, SnapshotMeta } from '../raft/types.js';
import type { SnapshotPart } from '../state-machine/snapshot-part.js';
import type { CommandCodecPort, LoggerPort } from './ports.js';
import { joinChunks, splitParts } from './snapshot-bytes.js';

/** A snapshot larger than this is not accepted. */
const SNAPSHOT_BYTES_MAX = 1024 * 1024 * 1024;

/** A snapshot whose bytes are whole and sound. */
export interface ReceivedSnapshot {
  readonly encoded: readonly Uint8Array[];
  /** Decoded, on a witness too: it must not hand on what nobody can read. */
  readonly parts: readonly SnapshotPart[];
}

export class SnapshotReceiver {
  readonly #codec: CommandCodecPort;
  readonly #log: LoggerPort;
  #from: NodeId | null = null;
  #meta: SnapshotMeta | null = null;
  #chunks: Uint8Array[] = [];
  #nextOffset = 0;
  /** By the very description that the core was told of: several may come whole in one turn, and what the core declines is let go. */
  readonly #received = new WeakMap<SnapshotMeta, ReceivedSnapshot>();

  constructor(codec: CommandCodecPort, log: LoggerPort) {
    this.#codec = codec;
    this.#log = log;
  }

  /** The snapshot that was announced by `snapshotReceived` with this description; taken once. */
  take(meta: SnapshotMeta): ReceivedSnapshot | null {
    const received = this.#received.get(meta) ?? null;
    this.#received.delete(meta);
    return received;
  }

  /** Takes a chunk in; answers what the core is to be told. */
  receive({ from, chunk }: ChunkArrived, nowMs: number): Input | null {
    if (chunk.totalBytes > SNAPSHOT_BYTES_MAX) {
      this.#log.error(
        { totalBytes: chunk.totalBytes },
        'the leader sends a snapshot that is too large',
      );
      return null;
    }
    if (!this.#continues(from, chunk)) this.#begin(from, chunk.meta);
    const isSound =
      chunk.offset === this.#nextOffset &&
      chunk.offset + chunk.data.length <= chunk.totalBytes &&
      this.#codec.checksum(chunk.data) === chunk.checksum;
    if (isSound) {
      this.#chunks.push(chunk.data);
      this.#nextOffset += chunk.data.length;
    }
    if (this.#nextOffset === chunk.totalBytes && this.#assemble(chunk)) {
      return { type: 'snapshotReceived', nowMs, from, meta: chunk.meta };
    }
    const last = chunk.meta.last;
    return {
      type: 'snapshotChunkStored',
      nowMs,
      from,
      last,
      nextOffset: this.#nextOffset,
    };
  }

  #continues(from: NodeId, chunk: InstallSnapshot): boolean {
    return (
      this.#from === from &&
      this.#meta?.last.index === chunk.meta.last.index &&
      this.#meta.last.term === chunk.meta.last.term
    );
  }

  #begin(from: NodeId | null, meta: SnapshotMeta | null): void {
    this.#from = from;
    this.#meta = meta;
    this.#chunks = [];
    this.#nextOffset = 0;
  }

  #assemble(chunk: InstallSnapshot): boolean {
    const encoded = splitParts(joinChunks(this.#chunks, chunk.totalBytes));
    this.#begin(null, null);
    try {
      if (encoded === null) throw new Error('lengths of its parts do not add up');
      const parts = encoded.map((part) => this.#codec.decodePart(part));
      this.#received.set(chunk.meta, { encoded, parts });
      return true;
    } catch (error) {
      this.#log.error(
        { error },
        'a snapshot from the leader could not be decoded; asking for it again',
      );
      return false;
    }
  }
}
