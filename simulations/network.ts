// The simulated network: one directed link from every machine to every other. A message travels as the bytes of
// message-codec, may be lost, doubled, overtaken or very late, and is stopped by a cut link both when it leaves and when
// it arrives. Which links are cut is faults.ts's subject.

import { decodeMessage, encodeMessage } from '../src/codec/message-codec.js';
import type { Message, Sender } from '../src/raft/message.js';
import type { NodeId } from '../src/raft/types.js';
import { digestOfBytes } from './digest.js';
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

interface Link {
  readonly draw: Stream;
  /** Partitions that cut it at the moment. */
  cuts: number;
  lastArrivalUs: number;
}

export class Network {
  readonly #parameters: NetworkParameters;
  readonly #modules: NetworkModules;
  readonly #links = new Map<number, Link>();
  /** No loss, doubles or stragglers: while the cluster forms, and once everything is healed. */
  isCalm = false;
  readonly counts = { sent: 0, lost: 0, cut: 0, doubled: 0, late: 0 };

  constructor(parameters: NetworkParameters, modules: NetworkModules) {
    this.#parameters = parameters;
    this.#modules = modules;
  }

  /** Puts a message on its way; answers the digest of its bytes. */
  send(from: Sender, to: NodeId, message: Message): number {
    const bytes = encodeMessage(message);
    const digest = digestOfBytes(bytes);
    const link = this.#link(from.id, to);
    this.counts.sent += 1;
    const { lossPpm, duplicatePpm } = this.#parameters;
    if (link.cuts > 0) {
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
    this.#link(from, to).cuts += 1;
  }

  mend(from: NodeId, to: NodeId): void {
    this.#link(from, to).cuts -= 1;
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#link(from, to).cuts > 0;
  }

  #carry(link: Link, from: Sender, to: NodeId, bytes: Uint8Array, digest: number): void {
    const nowUs = this.#modules.nowUs();
    let arrivalUs = nowUs + this.#delayUs(link);
    if (this.#parameters.isOrdered) arrivalUs = Math.max(arrivalUs, link.lastArrivalUs);
    link.lastArrivalUs = arrivalUs;
    this.#modules.later(arrivalUs - nowUs, () => {
      if (link.cuts > 0) {
        this.counts.cut += 1;
        return;
      }
      this.#modules.deliver({ from, to, message: decodeMessage(bytes), digest });
    });
  }

  #delayUs(link: Link): number {
    const { delayMinUs, delayMeanUs, stragglerPpm, stragglerMaxUs } = this.#parameters;
    const delayUs = delayMinUs + link.draw.exponential(delayMeanUs);
    if (this.isCalm || !link.draw.chance(stragglerPpm)) return delayUs;
    this.counts.late += 1;
    return delayUs + link.draw.between(0, stragglerMaxUs);
  }

  #link(from: NodeId, to: NodeId): Link {
    const key = from * 65_536 + to;
    let link = this.#links.get(key);
    if (link === undefined) {
      const draw = this.#modules.streams.stream(`network/${from}-${to}`);
      link = { draw, cuts: 0, lastArrivalUs: 0 };
      this.#links.set(key, link);
    }
    return link;
  }
}
