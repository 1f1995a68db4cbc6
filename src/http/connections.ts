// The connections of the HTTP port: how many there may be, and in which order the requests of one are answered. A newcomer
// never waits for somebody who holds connections without using them: the oldest makes room. Requests that a client sends
// ahead (pipelining) are answered when their turn comes, since an answer that was made earlier would be old when sent.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Line {
  isBusy: boolean;
  readonly waiting: (() => void)[];
}

export class Connections {
  readonly #countMax: number;
  readonly #pipelinedMax: number;
  /** Oldest first. */
  readonly #open = new Set<Socket>();
  readonly #lines = new WeakMap<Socket, Line>();

  constructor(countMax: number, pipelinedMax: number) {
    this.#countMax = countMax;
    this.#pipelinedMax = pipelinedMax;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Takes a new connection in, and cuts the oldest if there are too many. */
  add(socket: Socket): void {
    socket.once('close', () => this.#open.delete(socket));
    this.#open.add(socket);
    if (this.#open.size <= this.#countMax) return;
    for (const oldest of this.#open) {
      this.#open.delete(oldest);
      oldest.destroy();
      return;
    }
  }

  /** Calls `answer` once all earlier requests of this connection were answered; cuts it if too many wait. */
  inTurn(socket: Socket, response: ServerResponse, answer: () => void): void {
    let line = this.#lines.get(socket);
    if (line === undefined) {
      line = { isBusy: false, waiting: [] };
      this.#lines.set(socket, line);
    }
    const { waiting } = line;
    const begin = (own: Line): void => {
      own.isBusy = true;
      response.once('close', () => {
        own.isBusy = false;
        if (!socket.destroyed) waiting.shift()?.();
      });
      answer();
    };
    if (!line.isBusy) begin(line);
    else if (waiting.length < this.#pipelinedMax) waiting.push(() => begin(line));
    else socket.destroy();
  }

  /** Whether a request of this connection is being answered. */
  isBusy(socket: Socket): boolean {
    return this.#lines.get(socket)?.isBusy ?? false;
  }

  /** Cuts all. */
  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
