// The process behind node-client.ts: keeps so many calls in flight for so long, and tells the latency of each. Messages are bytes
// already, so that what is measured is the client library and the server, not an encoder. On a stream, as many operations are sent
// with one message as were answered with one.

import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { STORE } from '../../../src/client/protos.js';
import type { StorePipelineResponse__Output } from '../../../src/generated/quorate/v1/StorePipelineResponse.js';
import { measuredFrom } from './measured.js';
import type { Measured } from './measured.js';
import type { Order } from './node-client.js';

const LATENCIES_MAX = 4_000_000;

process.once('message', (order) => {
  void carryOut(order as Order);
});

async function carryOut(order: Order): Promise<void> {
  const measure = order.requests.some(({ isStreamed }) => isStreamed) ? overStream : byCalls;
  process.send?.(await measure(order));
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

/** Operations on one stream; their results come in the order in which they were sent. */
function overStream({
  address,
  requests,
  inFlight,
  seconds,
  requestsMax,
}: Order): Promise<Measured> {
  const client = new Client(address, credentials.createInsecure());
  const { path, responseDeserialize } = STORE.Pipeline;
  const messages = requests.map(({ message }) => Buffer.from(message, 'base64'));
  const stream = client.makeBidiStreamRequest(path, same, responseDeserialize);
  const latencies = new Float64Array(LATENCIES_MAX);
  const sentMs: number[] = [];
  let count = 0;
  let failures = 0;
  let next = 0;
  const startMs = performance.now();
  const send = (operations: number): void => {
    const nowMs = performance.now();
    if (nowMs >= startMs + seconds * 1000 || next >= requestsMax) {
      stream.end();
      return;
    }
    const parts = Array.from({ length: operations }, () => messages[next++ % messages.length]);
    for (let at = 0; at < operations; at += 1) sentMs.push(nowMs);
    stream.write(Buffer.concat(parts.filter((part) => part !== undefined)));
  };
  return new Promise((resolve, reject) => {
    stream.on('data', ({ results }: StorePipelineResponse__Output) => {
      const nowMs = performance.now();
      const answered = sentMs.splice(0, results.length);
      for (const [at, fromMs] of answered.entries()) {
        if (results[at]?.result === 'error') failures += 1;
        else if (count < LATENCIES_MAX) latencies[count++] = (nowMs - fromMs) * 1000;
      }
      send(results.length);
    });
    stream.on('error', reject);
    stream.on('end', () => {
      client.close();
      const elapsed = (performance.now() - startMs) / 1000;
      resolve(measuredFrom(latencies.subarray(0, count), failures, elapsed));
    });
    send(inFlight);
  });
}

async function byCalls({
  address,
  requests,
  inFlight,
  seconds,
  requestsMax,
}: Order): Promise<Measured> {
  const client = new Client(address, credentials.createInsecure());
  const calls = requests.map(({ path, message }) => ({
    path,
    message: Buffer.from(message, 'base64'),
  }));
  const latencies = new Float64Array(LATENCIES_MAX);
  const metadata = new Metadata();
  let count = 0;
  let failures = 0;
  let next = 0;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const one = (done: () => void): void => {
    const call = calls[next % calls.length];
    const fromMs = performance.now();
    const isOver = fromMs >= endMs || next >= requestsMax || count >= LATENCIES_MAX;
    if (isOver || call === undefined) {
      done();
      return;
    }
    next += 1;
    client.makeUnaryRequest(call.path, same, same, call.message, metadata, (error) => {
      if (error === null) latencies[count++] = (performance.now() - fromMs) * 1000;
      else failures += 1;
      one(done);
    });
  };
  await Promise.all(Array.from({ length: inFlight }, () => new Promise<void>((done) => one(done))));
  const elapsed = (performance.now() - startMs) / 1000;
  client.close();
  return measuredFrom(latencies.subarray(0, count), failures, elapsed);
}
