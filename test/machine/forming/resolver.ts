// A resolver that knows one name, which stands for several IPv4 addresses, and answers every other question with nothing. As much of
// RFC 1035 as the system's own stub asks for: one question in, the same question and its answers out.

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';

const HEADER_BYTES = 12;
const TYPE_A = 1;

export class Resolver {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Answers at port 53 of this address. */
  static async start(at: string, name: string, addresses: readonly string[]): Promise<Resolver> {
    const socket = createSocket('udp4');
    socket.on('message', (query, { port, address }) => {
      const answer = answerTo(query, name, addresses);
      if (answer !== null) socket.send(answer, port, address);
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(53, at, resolve);
    });
    socket.removeAllListeners('error').on('error', () => {});
    return new Resolver(socket);
  }

  close(): void {
    this.#socket.close();
  }
}

function answerTo(query: Buffer, name: string, addresses: readonly string[]): Buffer | null {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (query.length < end) return null;
  const isAsked = labels.join('.').toLowerCase() === name && query.readUInt16BE(at + 1) === TYPE_A;
  const found = isAsked ? addresses : [];
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  // A response, recursion available, no error; one question, so many answers.
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(found.length, 6);
  header.writeUInt32BE(0, 8);
  const records = found.map((address) => {
    const head = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 1, 0, 4]);
    return Buffer.concat([head, Buffer.from(address.split('.').map(Number))]);
  });
  return Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...records]);
}
