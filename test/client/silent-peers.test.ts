// A connection behind which a node falls silent, as one does that waits for its turn on a loaded machine, or that is cut off:
// the links of the command line, the library and the service keep the one and give up the other. The server is a real one;
// between it and the links stands a relay that holds back all bytes, in both directions, for as long as the test says.
import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server as Listener, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { NodeLinks } from '../../src/client/node-links.js';
import { CLUSTER } from '../../src/client/protos.js';
import type { RemoveRequest } from '../../src/generated/quorate/v1/RemoveRequest.js';
import type { RemoveResponse } from '../../src/generated/quorate/v1/RemoveResponse.js';

/** Longer than a quarter of a call's default time, as a stalled process may be, and shorter than half of it. */
const STALL_MS = 3500;

/** Hands bytes on, until it is told to hold them back. */
class Relay {
  readonly #sockets = new Set<Socket>();
  readonly #server: Listener;

  constructor(port: number) {
    this.#server = createServer((socket) => {
      const onward = connect(port, '127.0.0.1');
      for (const end of [socket, onward]) {
        this.#sockets.add(end);
        end.on('error', () => end.destroy());
      }
      socket.on('close', () => onward.destroy()).pipe(onward);
      onward.on('close', () => socket.destroy()).pipe(socket);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  hold(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  /** Bytes that came meanwhile are handed on; `pipe` resumes. */
  release(): void {
    const ends = [...this.#sockets];
    for (let at = 0; at + 1 < ends.length; at += 2) {
      const [one, other] = [ends[at], ends[at + 1]];
      if (one === undefined || other === undefined) continue;
      one.pipe(other);
      other.pipe(one);
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe('a node that falls silent while it is asked', () => {
  let server: Server;
  let port: number;
  /** By the name that was asked for. */
  const asked = new Map<string, sendUnaryData<RemoveResponse>>();
  const open: { relay: Relay; links: NodeLinks }[] = [];

  beforeAll(async () => {
    server = new Server();
    const definition = { Remove: CLUSTER.Remove };
    server.addService(definition, {
      Remove: (
        { request }: ServerUnaryCall<RemoveRequest, RemoveResponse>,
        answer: sendUnaryData<RemoveResponse>,
      ) => asked.set(request.name ?? '', answer),
    });
    port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  });
  afterAll(() => {
    for (const { relay, links } of open) {
      links.close();
      relay.close();
    }
    server.forceShutdown();
  });

  /** Asks through a relay of its own; resolves once the server has the request. */
  async function asking(name: string) {
    const relay = new Relay(port);
    const links = new NodeLinks();
    open.push({ relay, links });
    const options = { metadata: new Metadata(), timeoutMs: 40_000, isWrite: true };
    const outcome = links.ask(await relay.listen(), CLUSTER.Remove, { name }, options);
    // Awaited below, perhaps only after it has failed.
    outcome.catch(() => undefined);
    while (!asked.has(name)) await pause(10);
    return { relay, outcome, answer: asked.get(name) };
  }

  test.concurrent(
    'for less than half of the time that a call has by default, is waited for',
    { timeout: 60_000 },
    async () => {
      const { relay, outcome, answer } = await asking('n1');
      relay.hold();
      await pause(STALL_MS);
      relay.release();
      answer?.(null, { node: 'n1' });
      await expect(outcome).resolves.toMatchObject({ node: 'n1' });
    },
  );

  test.concurrent(
    'for good, is given up long before the deadline, and the outcome is not known',
    { timeout: 60_000 },
    async () => {
      const begunMs = performance.now();
      const { relay, outcome } = await asking('n2');
      relay.hold();
      await expect(outcome).rejects.toMatchObject({ code: 'INDETERMINATE' });
      expect(performance.now() - begunMs).toBeLessThan(30_000);
    },
  );
});
