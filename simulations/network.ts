// The simulated network: one directed link from every machine to every other. A message travels as the bytes of
// message-codec, may be lost, doubled, overtaken or very late, is stopped by a cut link both when it leaves and when it
// arrives, and waits at the end of a clogged one. Which links are cut or clogged is faults.ts's subject.

import { decodeMessage, encodeMessage } from '../src/codec/message-codec.js';
import type { Message, Sender } from '../src/raft/message.js';
import type { NodeId } from '../src/raft/types.js';
import { digestOfBytes } from './digest.js';
import type { Link } from './fault-action.js';
import type { NetworkParameters } from './parameters.js';
import type { Stream, Streams } from './random.js';

/** A message that has arrived; `digest` is of its bytes. */
export interface Arrival {
  readonly from: Sender;
  readonly to: NodeId;
  readonly message: Message;
  readonly digest: number;
}

export interface NetworkModules {
  readonly streams: Streams;
  readonly nowUs: () => number;
  readonly later: (delayUs: number, run: () => void) => void;
  readonly deliver: (arrival: Arrival) => void;
}

interface Line {
  readonly draw: Stream;
  /** Faults that cut it, and that clog it, at the moment. */
  cuts: number;
  clogs: number;
  /** Not one of those that may carry anything; see `allowOnly`. */
  isBarred: boolean;
  lastArrivalUs: number;
  /** What has come to the end of a clogged line, in order. */
  held: (() => void)[];
}

/** More messages than this are not held up by one line: the rest is lost, as in any bounded buffer. */
const HELD_MAX = 1000;

export class Network {
  readonly #parameters: NetworkParameters;
  readonly #modules: NetworkModules;
  readonly #lines = new Map<number, Line>();
  /** Keys of the lines that may carry anything; null: all. */
  #allowed: ReadonlySet<number> | null = null;
  /** No loss, doubles or stragglers: while the cluster forms, and once everything is healed. */
  isCalm = false;
  readonly counts = { sent: 0, lost: 0, cut: 0, doubled: 0, late: 0, held: 0 };

  constructor(parameters: NetworkParameters, modules: NetworkModules) {
    this.#parameters = parameters;
    this.#modules = modules;
  }

  /** Puts a message on its way; answers the digest of its bytes. */
  send(from: Sender, to: NodeId, message: Message): number {
    const bytes = encodeMessage(message);
    const digest = digestOfBytes(bytes);
    const link = this.#line(from.id, to);
    this.counts.sent += 1;
    const { lossPpm, duplicatePpm } = this.#parameters;
    if (isStopped(link)) {
      this.counts.cut += 1;
      return digest;
    }
    if (!this.isCalm && link.draw.chance(lossPpm)) {
      this.counts.lost += 1;
      return digest;
    }
    this.#carry(link, from, to, bytes, digest);
    if (!this.isCalm && link.draw.chance(duplicatePpm)) {
      this.counts.doubled += 1;
      this.#carry(link, from, to, bytes, digest);
    }
    return digest;
  }

  /** Cuts the link in this direction; to be undone by as many calls of `mend`. */
  cut(from: NodeId, to: NodeId): void {
    this.#line(from, to).cuts += 1;
  }

  mend(from: NodeId, to: NodeId): void {
    const line = this.#line(from, to);
    line.cuts = Math.max(0, line.cuts - 1);
  }

  /** Holds up what arrives over this link, until as many calls of `unclog` let all of it through at once, in order. */
  clog(from: NodeId, to: NodeId): void {
    this.#line(from, to).clogs += 1;
  }

  unclog(from: NodeId, to: NodeId): void {
    const line = this.#line(from, to);
    line.clogs = Math.max(0, line.clogs - 1);
    if (line.clogs === 0) this.#release(line);
  }

  /** Only these links carry anything from now on, unless they are cut; null: all. */
  allowOnly(links: readonly Link[] | null): void {
    this.#allowed = links === null ? null : new Set(links.map(([from, to]) => keyOf(from, to)));
    for (const [key, line] of this.#lines) line.isBarred = this.#allowed?.has(key) === false;
  }

  /** All links are whole and clear again. */
  mendAll(): void {
    this.allowOnly(null);
    for (const line of this.#lines.values()) {
      line.cuts = 0;
      line.clogs = 0;
      this.#release(line);
    }
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return isStopped(this.#line(from, to));
  }

  isClogged(from: NodeId, to: NodeId): boolean {
    return this.#line(from, to).clogs > 0;
  }

  #release(line: Line): void {
    const { held } = line;
    line.held = [];
    for (const arrive of held) this.#modules.later(0, arrive);
  }

  #carry(link: Line, from: Sender, to: NodeId, bytes: Uint8Array, digest: number): void {
    const nowUs = this.#modules.nowUs();
    let arrivalUs = nowUs + this.#delayUs(link);
    if (this.#parameters.isOrdered) arrivalUs = Math.max(arrivalUs, link.lastArrivalUs);
    link.lastArrivalUs = arrivalUs;
    this.#modules.later(arrivalUs - nowUs, () => this.#arrive(link, from, to, bytes, digest));
  }

  #arrive(link: Line, from: Sender, to: NodeId, bytes: Uint8Array, digest: number): void {
    if (isStopped(link)) {
      this.counts.cut += 1;
    } else if (link.clogs === 0) {
      this.#modules.deliver({ from, to, message: decodeMessage(bytes), digest });
    } else if (link.held.length < HELD_MAX) {
      this.counts.held += 1;
      link.held.push(() => this.#arrive(link, from, to, bytes, digest));
    } else {
      this.counts.lost += 1;
    }
  }

  #delayUs(link: Line): number {
    const { delayMinUs, stragglerPpm, stragglerMaxUs } = this.#parameters;
    const delayUs = delayMinUs + this.#variableUs(link.draw);
    if (this.isCalm || !link.draw.chance(stragglerPpm)) return delayUs;
    this.counts.late += 1;
    return delayUs + link.draw.between(0, stragglerMaxUs);
  }

  /** What a message takes beyond the least; the mean is about the same in all shapes. */
  #variableUs(draw: Stream): number {
    const { delayShape, delayMeanUs } = this.#parameters;
    switch (delayShape) {
      case 'constant':
        return delayMeanUs;
      case 'exponential':
        return draw.exponential(delayMeanUs);
      case 'longTail': {
        const usualUs = draw.exponential(delayMeanUs / 2);
        return draw.chance(TAIL_PPM) ? usualUs + draw.exponential(delayMeanUs * 10) : usualUs;
      }
      case 'twoPaths':
        return draw.chance(500_000)
          ? Math.floor(delayMeanUs / 5)
          : draw.between(1, 2 * delayMeanUs);
    }
  }

  #line(from: NodeId, to: NodeId): Line {
    const key = keyOf(from, to);
    let line = this.#lines.get(key);
    if (line === undefined) {
      const draw = this.#modules.streams.stream(`network/${from}-${to}`);
      const isBarred = this.#allowed?.has(key) === false;
      line = { draw, cuts: 0, clogs: 0, isBarred, lastArrivalUs: 0, held: [] };
      this.#lines.set(key, line);
    }
    return line;
  }
}

const TAIL_PPM = 50_000;

function keyOf(from: NodeId, to: NodeId): number {
  return from * 65_536 + to;
}

function isStopped({ cuts, isBarred }: Line): boolean {
  return cuts > 0 || isBarred;
}
