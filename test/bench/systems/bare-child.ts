// A node of the bare system (bare.ts). A follower writes what comes over a plain socket to LevelDB, synced, and says how far it got. The
// leader answers writes through grpc-js once its own disk and one follower have them: what came in one turn of the event loop goes
// together, and one batch is written at a time. Ends with its parent.

import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { Level } from 'level';
import { METHODS, storeHandlers } from './bare-store.js';
import type { Replicate } from './bare-store.js';

type Done = (upTo: number) => void;

const [directory = '', ...followers] = process.argv.slice(2);
const database = new Level<Buffer, Buffer>(directory, {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
});

/** Writes records in the order in which they come, those that wait as one; tells up to which number all are durable. */
function writer(done: Done): (record: Buffer, upTo: number) => void {
  let waiting: Buffer[] = [];
  let last = 0;
  let isWriting = false;
  const write = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const upTo = last;
      const key = Buffer.alloc(8);
      key.writeUIntBE(upTo, 2, 6);
      const value = Buffer.concat(waiting);
      waiting = [];
      await database.batch([{ type: 'put', key, value }], { sync: true });
      done(upTo);
    }
    isWriting = false;
  };
  return (record, upTo) => {
    waiting.push(record);
    last = upTo;
    if (!isWriting) void write();
  };
}

/** Hands on whole frames: four bytes of length, four with the number of the last write in it, and the writes. */
function readFrames(socket: Socket, take: (body: Buffer, upTo: number) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(0)) {
      const end = 8 + rest.readUInt32BE(0);
      take(rest.subarray(8, end), rest.readUInt32BE(4));
      rest = rest.subarray(end);
    }
  });
}

function frame(body: Buffer, upTo: number): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt32BE(upTo, 4);
  return Buffer.concat([head, body]);
}

function follow(): void {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    const write = writer((upTo) => socket.write(frame(Buffer.alloc(0), upTo)));
    readFrames(socket, write);
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? address?.port : null);
  });
}

function lead(ports: readonly number[]): void {
  let turn: Buffer[] = [];
  let count = 0;
  const unanswered: { readonly number: number; readonly answer: () => void }[] = [];
  const durable = [0, ...ports.map(() => 0)];
  const reached = (at: number, upTo: number): void => {
    durable[at] = upTo;
    const others = Math.max(...durable.slice(1));
    const all = Math.min(durable[0] ?? 0, others);
    while ((unanswered[0]?.number ?? Infinity) <= all) unanswered.shift()?.answer();
  };
  const sockets = ports.map((port, at) => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    readFrames(socket, (_, upTo) => reached(at + 1, upTo));
    return socket;
  });
  const write = writer((upTo) => reached(0, upTo));
  const endTurn = (): void => {
    const body = Buffer.concat(turn);
    turn = [];
    for (const socket of sockets) socket.write(frame(body, count));
    write(body, count);
  };
  const replicate: Replicate = (values, done) => {
    count += 1;
    if (turn.length === 0) setImmediate(endTurn);
    turn.push(...values);
    unanswered.push({ number: count, answer: done });
  };
  const server = new Server({ 'grpc.enable_channelz': 0 });
  server.addService(METHODS, storeHandlers(replicate));
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.send?.(port);
  });
  process.on('message', () => process.send?.(count));
}

await database.open();
if (followers.length === 0) follow();
else lead(followers.map(Number));
process.once('disconnect', () => process.exit());
