// Messages on their way out, held back where they claim something that must be durable first.
// Batches become durable in order, so one number says what may leave.

import type { Envelope, Ready } from '../raft/ready.js';
import type { TransportPort } from './ports.js';

interface Held {
  readonly persistId: number;
  readonly envelopes: readonly Envelope[];
}

export class Outgoing {
  readonly #transport: TransportPort;
  #held: Held[] = [];
  /** Newest batch handed to the disk, and newest durable one. */
  #handedId = 0;
  #durableId = 0;

  constructor(transport: TransportPort) {
    this.#transport = transport;
  }

  /** Sends what may leave at once; holds the rest until the newest batch, `persistId` included, is durable. */
  send(ready: Ready, persistId: number | null): void {
    this.#handedId = persistId ?? this.#handedId;
    this.#sendAll(ready.messages);
    if (ready.messagesAfterPersist.length === 0) return;
    if (this.#durableId >= this.#handedId) this.#sendAll(ready.messagesAfterPersist);
    else
      this.#held.push({
        persistId: this.#handedId,
        envelopes: ready.messagesAfterPersist,
      });
  }

  /** The batch is durable, and all before it. */
  persisted(persistId: number): void {
    this.#durableId = persistId;
    while (true) {
      const first = this.#held[0];
      if (first === undefined || first.persistId > persistId) return;
      this.#held.shift();
      this.#sendAll(first.envelopes);
    }
  }

  #sendAll(envelopes: readonly Envelope[]): void {
    for (const { to, message } of envelopes) this.#transport.send(to, message);
  }
}
