// The driver's side of snapshots in one place: taking this node's own, sending the newest to peers, assembling a leader's.
// Own and received ones never cross: a received snapshot waits until the one being saved is on disk, and overtakes one
// that is only being encoded.

import { invariant } from '../raft/assert.js';
import type { Input } from '../raft/input.js';
import type { Raft } from '../raft/raft.js';
import type { Random } from '../raft/random.js';
import type { Ready } from '../raft/ready.js';
import type { SnapshotMeta } from '../raft/types.js';
import type { ClusterState } from '../state-machine/cluster-state.js';
import type { CommandCodecPort, LoggerPort, StoragePort, TransportPort } from './ports.js';
import { SnapshotReceiver } from './snapshot-receiver.js';
import { SnapshotSender } from './snapshot-sender.js';
import { SnapshotTaker } from './snapshot-taker.js';
import type { SnapshotLimits } from './snapshot-taker.js';

interface Modules {
  readonly storage: StoragePort;
  readonly transport: TransportPort;
  readonly codec: CommandCodecPort;
  readonly log: LoggerPort;
}

/** What the driver lends: a way to tell the core, another turn, and what to do when the disk fails. */
interface Hooks {
  push(input: Input): void;
  wake(): void;
  degrade(error: Error): void;
}

export class Snapshots {
  readonly #storage: StoragePort;
  readonly #log: LoggerPort;
  readonly #codec: CommandCodecPort;
  readonly #state: ClusterState;
  readonly #hooks: Hooks;
  readonly #partRowsMax: number;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  readonly #taker: SnapshotTaker;
  #isSaving = false;
  #held: Input | null = null;

  constructor(
    modules: Modules,
    state: ClusterState,
    limits: SnapshotLimits,
    random: Random,
    hooks: Hooks,
  ) {
    this.#storage = modules.storage;
    this.#log = modules.log;
    this.#codec = modules.codec;
    this.#state = state;
    this.#hooks = hooks;
    this.#partRowsMax = limits.partRowsMax;
    this.#sender = new SnapshotSender(modules, limits.chunkBytes);
    this.#receiver = new SnapshotReceiver(modules.codec, modules.log);
    this.#taker = new SnapshotTaker(limits, random, modules.codec);
  }

  /** Restores what is stored; null: done. What is not known in it comes from a later version. */
  restore({ meta, parts }: { meta: SnapshotMeta; parts: readonly Uint8Array[] }): Error | null {
    try {
      const decoded = parts.map((part) => this.#codec.decodePart(part));
      this.#state.restore(meta, decoded);
      this.#taker.noteState(parts);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Sends the chunks that the core asks for, and takes in those that arrived. */
  handle(raft: Raft, ready: Ready): void {
    const newest = raft.state.snapshot;
    if (newest !== null && ready.chunksToSend.length > 0) {
      this.#sender.send(ready.chunksToSend, newest);
    }
    if (raft.state.role.type !== 'leader') this.#sender.forget();
    for (const chunk of ready.chunksArrived) {
      const input = this.#receiver.receive(chunk, raft.state.nowMs);
      if (input !== null) this.#announce(input);
    }
  }

  /** The bytes, for the disk, of the received snapshot that the core installs; loads it too unless this is a witness. */
  install(meta: SnapshotMeta, isRestored: boolean): readonly Uint8Array[] {
    const received = this.#receiver.take(meta);
    invariant(received !== null, 'the snapshot to install is one received');
    if (isRestored) this.#state.restore(meta, received.parts);
    this.#taker.abandon();
    this.#taker.noteState(received.encoded);
    this.#log.info({ ...meta.last }, "installs the leader's snapshot");
    return received.encoded;
  }

  /** Notes the bytes of an applied entry. */
  applied(bytes: number): void {
    this.#taker.applied(bytes);
  }

  /** Takes a snapshot if one is due, a slice a turn. */
  maybeTake(raft: Raft): void {
    if (this.#taker.isDue && !this.#isSaving) {
      const meta = raft.snapshotMeta();
      if (meta === null || meta.last.index === raft.state.snapshot?.last.index) return;
      this.#taker.begin(meta, this.#state.freeze().parts(this.#partRowsMax));
    }
    if (!this.#taker.isRunning) return;
    const taken = this.#taker.proceed();
    if (taken === null) this.#hooks.wake();
    else this.#save(taken.meta, taken.parts);
  }

  #save(meta: SnapshotMeta, parts: readonly Uint8Array[]): void {
    this.#isSaving = true;
    this.#storage.saveSnapshot(meta, parts, (error) => {
      this.#isSaving = false;
      if (error !== null) {
        this.#hooks.degrade(error);
        return;
      }
      this.#log.info({ ...meta.last }, 'took a snapshot');
      this.#hooks.push({ type: 'snapshotTaken', nowMs: 0, meta });
      const held = this.#held;
      this.#held = null;
      if (held !== null) this.#hooks.push(held);
    });
  }

  #announce(input: Input): void {
    if (input.type === 'snapshotReceived') {
      this.#taker.abandon();
      if (this.#isSaving) {
        this.#held = input;
        return;
      }
    }
    this.#hooks.push(input);
  }
}
