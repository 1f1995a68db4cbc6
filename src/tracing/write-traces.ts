// The spans of a write inside its nodes. The driver and the core know nothing of it: what is seen are the driver's ports, which are wrapped
// (proposal, encoding, disk, network), and the inputs and the work of the core, as an observer. At the leader an entry is known by the
// very bytes of its command, which nobody copies; at a follower by term and index, which the leader's message names with the context.

import type { Span, SpanContext } from '@opentelemetry/api';
import type { NodeApi } from '../node/api.js';
import type { CoreObserver } from '../node/observed-raft.js';
import type { CommandCodecPort, StoragePort, TransportPort } from '../node/ports.js';
import type { Input } from '../raft/input.js';
import type { Message } from '../raft/message.js';
import type { Raft } from '../raft/raft.js';
import type { PersistBatch, Ready } from '../raft/ready.js';
import type { Entry, NodeId } from '../raft/types.js';
import { TRACED_ENTRIES_MAX } from './port.js';
import type { TracedEntry } from './port.js';
import { contextOf, traceparentOf } from './spans.js';
import type { Spans } from './spans.js';

const LIMITS = {
  /** Writes, and entries of a leader, that are followed at one time; those beyond have no spans of their own. */
  writesMax: 256,
  awaitedMax: 1024,
  /** What did not happen for so long is no longer waited for. */
  patienceMs: 10_000,
} as const;

/** A message to a peer, with the traced ones among its entries. */
export interface TracedTransport extends TransportPort {
  send(to: NodeId, message: Message, traced?: readonly TracedEntry[]): void;
}

export interface WriteTracesModules {
  readonly spans: Spans;
  /** The span of the call that carries this request out; null: it is not traced. */
  readonly spanOf: (requestId: string) => Span | null;
  /** The name of a member. */
  readonly nameOf: (id: NodeId) => string;
}

/** A write that this node proposed. */
interface Write {
  readonly span: Span;
  /** From the proposal until its entry is handed to the disk; null: it was. */
  wait: Span | null;
  apply: Span | null;
  readonly sent: Map<NodeId, Span>;
  data: Uint8Array | null;
  id: Pick<Entry, 'term' | 'index'> | null;
  isSettled: boolean;
  readonly beganMs: number;
}

export class WriteTraces implements CoreObserver {
  readonly #modules: WriteTracesModules;
  readonly #writes = new Map<Uint8Array, Write>();
  /** The write whose command is encoded next; null: none that is traced. */
  #encoding: Write | null = null;
  /** Entries that a leader's message named and that are not on the disk yet, by index. */
  readonly #awaited = new Map<number, { term: number; parent: SpanContext; sinceMs: number }>();

  constructor(modules: WriteTracesModules) {
    this.#modules = modules;
  }

  /** Answers what takes the place of a node's `propose`. */
  traced(propose: NodeApi['propose']): NodeApi['propose'] {
    return (command, deadlineMs, done) => {
      const parent = 'requestId' in command ? this.#modules.spanOf(command.requestId) : null;
      if (parent === null || this.#writes.size >= LIMITS.writesMax) {
        propose(command, deadlineMs, done);
        return;
      }
      const write = this.#begin(parent, command.kind);
      this.#encoding = write;
      try {
        propose(command, deadlineMs, (outcome) => {
          this.#settle(write, outcome.type === 'applied' ? null : outcome.type);
          done(outcome);
        });
      } finally {
        this.#encoding = null;
      }
    };
  }

  codec(codec: CommandCodecPort): CommandCodecPort {
    return {
      ...codec,
      encodeCommand: (command) => {
        const data = codec.encodeCommand(command);
        const write = this.#encoding;
        this.#encoding = null;
        if (write !== null) {
          write.data = data;
          this.#writes.set(data, write);
        }
        return data;
      },
    };
  }

  storage(storage: StoragePort): StoragePort {
    return {
      saveSnapshot: storage.saveSnapshot.bind(storage),
      readSnapshot: storage.readSnapshot.bind(storage),
      persist: (request, done) => {
        const syncs = this.#syncsOf(request.batch);
        if (syncs === null) {
          storage.persist(request, done);
          return;
        }
        storage.persist(request, (error) => {
          for (const sync of syncs) this.#modules.spans.end(sync, error?.message ?? null);
          done(error);
        });
      },
    };
  }

  transport(transport: TracedTransport): TransportPort {
    return {
      setPeers: transport.setPeers.bind(transport),
      send: (to, message) => {
        const isTraced = this.#writes.size > 0 && message.type === 'appendEntries';
        const traced = isTraced ? this.#sending(to, message.entries) : null;
        if (traced === null) transport.send(to, message);
        else transport.send(to, message, traced);
      },
    };
  }

  /** A leader's message is about to be received: these of its entries are traced. */
  arriving(entries: readonly TracedEntry[]): void {
    const sinceMs = this.#modules.spans.nowMs();
    for (const { term, index, traceparent } of entries.slice(0, TRACED_ENTRIES_MAX)) {
      const parent = contextOf(traceparent);
      if (parent === null || this.#awaited.size >= LIMITS.awaitedMax) continue;
      this.#awaited.set(index, { term, parent, sinceMs });
    }
  }

  began(): void {}

  stepping(input: Input): void {
    if (this.#writes.size === 0 || input.type !== 'message') return;
    const { message, from } = input;
    if (message.type !== 'appendEntriesResponse' || message.outcome.type !== 'matched') return;
    const { matchIndex } = message.outcome;
    for (const write of this.#writes.values()) {
      const span = write.sent.get(from.id);
      if (span === undefined || write.id === null) continue;
      if (write.id.term !== message.term || write.id.index > matchIndex) continue;
      write.sent.delete(from.id);
      this.#modules.spans.end(span);
      this.#maybeForget(write);
    }
  }

  took(_raft: Raft, ready: Ready | null): void {
    if (this.#writes.size === 0 || ready === null) return;
    for (const entry of ready.committed) {
      const write = this.#writeOf(entry);
      if (write === null || write.isSettled) continue;
      write.span.addEvent('committed', this.#modules.spans.nowMs());
      write.apply ??= this.#child(write, 'apply');
    }
  }

  violated(): void {}

  /** Gives up what was waited for too long; called every now and then. */
  sweep(): void {
    const nowMs = this.#modules.spans.nowMs();
    for (const [index, { sinceMs }] of this.#awaited) {
      if (nowMs - sinceMs > LIMITS.patienceMs) this.#awaited.delete(index);
    }
    for (const write of this.#writes.values()) {
      if (!write.isSettled || nowMs - write.beganMs <= LIMITS.patienceMs) continue;
      for (const span of write.sent.values()) this.#modules.spans.end(span, 'not acknowledged');
      write.sent.clear();
      this.#maybeForget(write);
    }
  }

  #begin(parent: Span, kind: string): Write {
    const { spans } = this.#modules;
    const beganMs = spans.nowMs();
    const attributes = { 'quorate.command': kind };
    const span = spans.begin('write', parent.spanContext(), { attributes, startMs: beganMs });
    const wait = spans.begin('group commit', span.spanContext(), { startMs: beganMs });
    const nothing = { apply: null, data: null, id: null, isSettled: false };
    return { span, wait, sent: new Map(), beganMs, ...nothing };
  }

  #settle(write: Write, failure: string | null): void {
    const { spans } = this.#modules;
    if (write.wait !== null) spans.end(write.wait, failure);
    if (write.apply !== null) spans.end(write.apply);
    spans.end(write.span, failure);
    write.isSettled = true;
    // What was never appended was never sent.
    this.#maybeForget(write);
  }

  #maybeForget({ data, isSettled, sent }: Write): void {
    if (data !== null && isSettled && sent.size === 0) this.#writes.delete(data);
  }

  #writeOf(entry: Entry): Write | null {
    return entry.kind === 'command' ? (this.#writes.get(entry.data) ?? null) : null;
  }

  /** The spans of a batch that goes to the disk; null: nothing in it is traced. */
  #syncsOf({ entries }: PersistBatch): readonly Span[] | null {
    if (entries.length === 0 || (this.#writes.size === 0 && this.#awaited.size === 0)) return null;
    const syncs: Span[] = [];
    for (const entry of entries) {
      const write = this.#writeOf(entry);
      if (write === null) this.#syncOfAwaited(entry, entries.length, syncs);
      else syncs.push(this.#syncOfOwn(write, entry, entries.length));
    }
    return syncs.length === 0 ? null : syncs;
  }

  #syncOfOwn(write: Write, entry: Entry, batchCount: number): Span {
    const { spans } = this.#modules;
    this.#appended(write, entry);
    if (write.wait !== null) spans.end(write.wait);
    write.wait = null;
    return this.#child(write, 'disk sync', { 'quorate.batch_entries': batchCount });
  }

  #syncOfAwaited({ term, index }: Entry, batchCount: number, syncs: Span[]): void {
    const awaited = this.#awaited.get(index);
    if (awaited === undefined) return;
    this.#awaited.delete(index);
    if (awaited.term !== term) return;
    const { spans } = this.#modules;
    const attributes = { ...idOf({ term, index }), 'quorate.batch_entries': batchCount };
    const append = spans.begin('disk sync', awaited.parent, { attributes });
    append.addEvent('received', awaited.sinceMs);
    syncs.push(append);
  }

  /** Begins the spans of what goes to a peer, and says how the peer is to go on; null: nothing of it is traced. */
  #sending(to: NodeId, entries: readonly Entry[]): readonly TracedEntry[] | null {
    const traced: TracedEntry[] = [];
    for (const entry of entries) {
      const write = this.#writeOf(entry);
      if (write === null || traced.length >= TRACED_ENTRIES_MAX) continue;
      this.#appended(write, entry);
      const span = write.sent.get(to) ?? this.#sent(write, to);
      if (span === null) continue;
      const { term, index } = entry;
      traced.push({ term, index, traceparent: traceparentOf(span.spanContext()) });
    }
    return traced.length === 0 ? null : traced;
  }

  /** Null: it was applied here long ago, and this peer catches up. */
  #sent(write: Write, to: NodeId): Span | null {
    if (write.isSettled) return null;
    const span = this.#child(write, 'replicate', { 'quorate.peer': this.#modules.nameOf(to) });
    write.sent.set(to, span);
    return span;
  }

  /** The write has its place in the log. */
  #appended(write: Write, { term, index }: Entry): void {
    if (write.id !== null) return;
    write.id = { term, index };
    write.span.setAttributes(idOf(write.id));
  }

  #child(write: Write, name: string, attributes: Readonly<Record<string, string | number>> = {}) {
    const all = write.id === null ? attributes : { ...idOf(write.id), ...attributes };
    return this.#modules.spans.begin(name, write.span.spanContext(), { attributes: all });
  }
}

function idOf({ term, index }: Pick<Entry, 'term' | 'index'>) {
  return { 'quorate.term': term, 'quorate.index': index };
}
