// Where a session of node:http2 keeps its streams. Node uses a Map, which leaves a table behind each time it has seen enough of them come and
// go; once such a table is old it keeps all later ones, and every stream in them, until old garbage is collected: young
// streams that ended long ago are copied and aged, which cost a fifth of answering a call. This table leaves nothing behind.

import type { Http2Session } from 'node:http2';
import { types } from 'node:util';

type Id = number;

/** Slots of a session at first. Twice as many once half are taken: ids of a caller are odd, so that many in a row have a slot each. */
const SLOTS_MIN = 16;
/** No stream has this id. */
const NONE = -1;

/**
 * A Map by the ids of streams, which only grow: each has its slot, and leaves it empty. One that finds its slot taken, by a stream that
 * has been open for long, goes to a Map beside.
 */
export class StreamTable<Stream> extends Map<Id, Stream> {
  #ids: Id[] = emptyIds(SLOTS_MIN);
  #streams: (Stream | undefined)[] = emptySlots(SLOTS_MIN);
  #count = 0;
  readonly #others = new Map<Id, Stream>();

  override get size(): number {
    return this.#count + this.#others.size;
  }

  override get(id: Id): Stream | undefined {
    const at = this.#slotOf(id);
    return this.#ids[at] === id ? this.#streams[at] : this.#others.get(id);
  }

  override has(id: Id): boolean {
    return this.#ids[this.#slotOf(id)] === id || this.#others.has(id);
  }

  override set(id: Id, stream: Stream): this {
    const at = this.#slotOf(id);
    if (this.#ids[at] === id) {
      this.#streams[at] = stream;
    } else if (this.#ids[at] === NONE && !this.#others.has(id)) {
      this.#ids[at] = id;
      this.#streams[at] = stream;
      this.#count += 1;
      if (2 * this.#count > this.#ids.length) this.#grow();
    } else {
      this.#others.set(id, stream);
    }
    return this;
  }

  override delete(id: Id): boolean {
    const at = this.#slotOf(id);
    if (this.#ids[at] !== id) return this.#others.delete(id);
    this.#ids[at] = NONE;
    this.#streams[at] = undefined;
    this.#count -= 1;
    return true;
  }

  override clear(): void {
    this.#empty(SLOTS_MIN);
  }

  /** In no order that could be relied on. */
  override *entries(): MapIterator<[Id, Stream]> {
    for (const [at, id] of this.#ids.entries()) {
      if (id !== NONE) yield [id, this.#streams[at] as Stream];
    }
    yield* this.#others.entries();
  }

  override *keys(): MapIterator<Id> {
    for (const [id] of this.entries()) yield id;
  }

  override *values(): MapIterator<Stream> {
    for (const [, stream] of this.entries()) yield stream;
  }

  override [Symbol.iterator](): MapIterator<[Id, Stream]> {
    return this.entries();
  }

  override forEach(callback: (stream: Stream, id: Id, map: Map<Id, Stream>) => void): void {
    for (const [id, stream] of this.entries()) callback(stream, id, this);
  }

  #slotOf(id: Id): number {
    return (id >>> 1) & (this.#ids.length - 1);
  }

  #grow(): void {
    const held = [...this.entries()];
    this.#empty(2 * this.#ids.length);
    for (const [id, stream] of held) this.set(id, stream);
  }

  #empty(slots: number): void {
    this.#ids = emptyIds(slots);
    this.#streams = emptySlots(slots);
    this.#count = 0;
    this.#others.clear();
  }
}

/** Has a session keep its streams in such a table; does nothing where this version of Node keeps them elsewhere. */
export function keepStreamsInTable(session: Http2Session): void {
  const symbols = Object.getOwnPropertySymbols(session);
  const symbol = symbols.find(({ description }) => description === 'state');
  if (symbol === undefined) return;
  const state = (session as unknown as Record<symbol, { streams?: unknown } | undefined>)[symbol];
  const streams = state?.streams;
  if (state === undefined || !types.isMap(streams)) return;
  const table = new StreamTable<unknown>();
  streams.forEach((stream, id) => table.set(id as Id, stream));
  state.streams = table;
}

function emptyIds(slots: number): Id[] {
  return Array.from({ length: slots }, () => NONE);
}

function emptySlots<Stream>(slots: number): (Stream | undefined)[] {
  return Array.from({ length: slots }, () => undefined);
}
