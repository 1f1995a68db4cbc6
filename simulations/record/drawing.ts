// What the picture of a run is drawn from, collected from replayed records: events, the states of the nodes, and messages, which
// are found again at the other end by what they say. A node that nobody recorded has a line too, for what came from it.

import { describeMessage, describeReady } from '../../src/raft/describe.js';
import type { Input } from '../../src/raft/input.js';
import type { Message } from '../../src/raft/message.js';
import type { ChunkWish, Envelope, Ready } from '../../src/raft/ready.js';
import type { NodeState, RecordedMessage, Recording } from '../picture/recording.js';
import type { Verdict } from '../run.js';
import type { TraceEvent } from '../trace.js';
import type { Happening } from './merge.js';
import type { Names } from './names.js';
import { UNKNOWN } from './state-of.js';

type Carried = { -readonly [Key in keyof RecordedMessage]: RecordedMessage[Key] };

/** A record that ends so long before the last one ends because its node did. */
const GONE_US = 2_000_000;

/** Messages that wait for a persist, and which was handed out last; of one life. */
interface Held {
  lastPersistId: number;
  durableId: number;
  messages: { readonly persistId: number; readonly envelope: Envelope }[];
}

export class Drawing {
  readonly #fromMs: number;
  readonly #names: Names;
  readonly #events: TraceEvent[] = [];
  readonly #messages: Carried[] = [];
  /** By sender, receiver and words: sent and not arrived, in order. */
  readonly #underWay = new Map<string, Carried[]>();
  /** Arrived before they were sent, as the clocks tell it. */
  readonly #early = new Map<string, Carried[]>();
  readonly #states = new Map<number, NodeState[]>();
  readonly #held = new Map<object, Held>();
  readonly #witnesses = new Set<number>();
  #untilUs = 0;

  /** Draws what happens from that wall time on. */
  constructor(fromMs: number, names: Names) {
    this.#fromMs = fromMs;
    this.#names = names;
  }

  /** Takes in one step. */
  note({ lived, step, atMs, state }: Happening): void {
    const { options } = lived.replay.raft.state;
    if (options.isWitness) this.#witnesses.add(options.id);
    const atUs = Math.max(0, Math.round((atMs - this.#fromMs) * 1000));
    const isShown = atMs >= this.#fromMs;
    if (isShown) this.#untilUs = Math.max(this.#untilUs, atUs);
    this.#stand(options.id, { ...state, atUs });
    if (step.type === 'input') this.#input(lived, options.id, atUs, step.input, isShown);
    if (step.type === 'taken' && step.ready !== null) {
      this.#ready(lived, options.id, atUs, step.ready, isShown);
    }
    if (!isShown) return;
    if (step.type === 'violated') this.#event(atUs, 0, 'violated', step.message);
    if (step.type === 'diverged') this.#event(atUs, 0, 'diverged', step.why);
  }

  /** The record of a node is over, long before those of others; it may begin again later. */
  ended(id: number, atMs: number): void {
    const atUs = Math.max(0, Math.round((atMs - this.#fromMs) * 1000));
    if (this.#untilUs - atUs < GONE_US) return;
    this.#stand(id, { ...UNKNOWN, atUs });
    this.#event(atUs, 0, 'record ends', this.#names.of(id));
  }

  /** Everything so far. */
  recording(about: {
    readonly title: string;
    readonly hash: string;
    readonly verdict: Verdict;
  }): Recording {
    return {
      ...about,
      seed: 'recorded',
      untilUs: this.#untilUs,
      events: this.#events,
      nodes: this.#names.all().map(({ id, name }) => ({
        id,
        name,
        isWitness: this.#witnesses.has(id),
        states: this.#states.get(id) ?? [{ ...UNKNOWN, isUp: true, atUs: 0 }],
      })),
      messages: this.#messages,
      operations: [],
      sessions: [],
    };
  }

  #stand(id: number, state: NodeState): void {
    const states = this.#states.get(id) ?? [];
    const before = states.at(-1);
    const isSame = (Object.keys(state) as (keyof NodeState)[]).every(
      (key) => key === 'atUs' || before?.[key] === state[key],
    );
    if (isSame) return;
    if (before?.atUs === state.atUs) states.pop();
    states.push(state);
    this.#states.set(id, states);
  }

  #event(atUs: number, node: number, kind: string, text: string): number {
    const named = this.#names.into(text);
    return this.#events.push({ atUs, node, kind, content: 0, text: named }) - 1;
  }

  #input(life: object, id: number, atUs: number, input: Input, isShown: boolean): void {
    if (input.type === 'persisted') this.#durable(life, id, atUs, input.persistId, isShown);
    if (!isShown) return;
    if (input.type !== 'message') {
      const { type, nowMs: _time, ...rest } = input;
      const kind = type === 'persisted' ? 'durable' : type;
      this.#event(atUs, id, kind, JSON.stringify(rest, short));
      return;
    }
    const { from, message } = input;
    const text = describeMessage(message);
    const place = this.#event(atUs, id, 'receive', `from node ${from.id}: ${text}`);
    const key = keyOf(from.id, id, message);
    const carried = this.#underWay.get(key)?.shift();
    if (carried !== undefined) {
      carried.arrivedUs = atUs;
      carried.arrived = place;
      return;
    }
    const type = typeOf(message);
    const ends = { from: from.id, to: id, type, text };
    const early = { ...ends, sentUs: atUs, arrivedUs: atUs, sent: place, arrived: place };
    this.#messages.push(early);
    push(this.#early, key, early);
  }

  #ready(life: object, id: number, atUs: number, ready: Ready, isShown: boolean): void {
    const held = this.#heldBy(life);
    if (ready.persist !== null) held.lastPersistId = ready.persist.persistId;
    const words = describeReady({ ...ready, messages: [], messagesAfterPersist: [] });
    if (isShown && words.length > 0) this.#event(atUs, id, 'core', words.join('; '));
    for (const event of ready.events) {
      if (event.type !== 'becameLeader' || !isShown) continue;
      this.#event(atUs, 0, 'new leader', `${this.#names.of(id)} in term ${event.term}`);
    }
    for (const envelope of ready.messages) this.#send(id, atUs, envelope, isShown);
    for (const wish of ready.chunksToSend) this.#sendChunk(id, atUs, wish, isShown);
    for (const envelope of ready.messagesAfterPersist) {
      const persistId = held.lastPersistId;
      if (persistId <= held.durableId) this.#send(id, atUs, envelope, isShown);
      else held.messages.push({ persistId, envelope });
    }
  }

  #durable(life: object, id: number, atUs: number, persistId: number, isShown: boolean): void {
    const held = this.#heldBy(life);
    held.durableId = persistId;
    while (held.messages[0] !== undefined && held.messages[0].persistId <= persistId) {
      const next = held.messages.shift();
      if (next !== undefined) this.#send(id, atUs, next.envelope, isShown);
    }
  }

  #heldBy(life: object): Held {
    const held = this.#held.get(life) ?? { lastPersistId: 0, durableId: 0, messages: [] };
    this.#held.set(life, held);
    return held;
  }

  #send(from: number, atUs: number, { to, message }: Envelope, isShown: boolean): void {
    if (!isShown) return;
    const text = describeMessage(message);
    this.#sent({ from, to, type: typeOf(message), text }, atUs, keyOf(from, to, message));
  }

  /** A chunk of a snapshot, whose bytes the driver adds. */
  #sendChunk(
    from: number,
    atUs: number,
    { to, last, offset, word }: ChunkWish,
    isShown: boolean,
  ): void {
    if (!isShown) return;
    const text = `installSnapshot term ${word.term} ${last.index}@${last.term} from byte ${offset}`;
    const key = `${from} ${to} chunk ${word.term} ${last.index} ${offset}`;
    this.#sent({ from, to, type: 'installSnapshot', text }, atUs, key);
  }

  #sent(ends: Pick<Carried, 'from' | 'to' | 'type' | 'text'>, atUs: number, key: string): void {
    const place = this.#event(atUs, ends.from, 'send', `to node ${ends.to}: ${ends.text}`);
    const early = this.#early.get(key)?.shift();
    if (early !== undefined) {
      // The clocks differ by less than a message travels; it cannot arrive before it leaves.
      early.sent = place;
      return;
    }
    const carried = { ...ends, sentUs: atUs, arrivedUs: null, sent: place, arrived: null };
    this.#messages.push(carried);
    push(this.#underWay, key, carried);
  }
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/** What a message says, without what only one end knows. */
function keyOf(from: number, to: number, message: Message): string {
  if (message.type !== 'installSnapshot') return `${from} ${to} ${describeMessage(message)}`;
  const { term, meta, offset } = message;
  return `${from} ${to} chunk ${term} ${meta.last.index} ${offset}`;
}

/** A pre-vote is another message to whoever looks for an election. */
function typeOf(message: Message): string {
  const isPreVote = 'preVote' in message && message.preVote;
  return isPreVote ? message.type.replace('request', 'pre') : message.type;
}

function short(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return Array.isArray(value) && value.length > 8 ? `${value.length} of them` : value;
}
