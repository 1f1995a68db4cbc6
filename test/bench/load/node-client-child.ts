// The process behind node-client.ts: keeps so many calls in flight for so long, and tells the latency of each. Messages are bytes
// already, so that what is measured is the client library and the server, not an encoder.

import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { measuredFrom } from './measured.js';
import type { Order } from './node-client.js';

const LATENCIES_MAX = 4_000_000;

process.once('message', (order) => {
  void carryOut(order as Order);
});

async function carryOut({ address, requests, inFlight, seconds }: Order): Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  const calls = requests.map(({ path, message }) => ({
    path,
    message: Buffer.from(message, 'base64'),
  }));
  const latencies = new Float64Array(LATENCIES_MAX);
  const metadata = new Metadata();
  const same = (bytes: Buffer): Buffer => bytes;
  let count = 0;
  let failures = 0;
  let next = 0;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const one = (done: () => void): void => {
    const call = calls[next++ % calls.length];
    const fromMs = performance.now();
    if (fromMs >= endMs || call === undefined || count >= LATENCIES_MAX) {
      done();
      return;
    }
    client.makeUnaryRequest(call.path, same, same, call.message, metadata, (error) => {
      if (error === null) latencies[count++] = (performance.now() - fromMs) * 1000;
      else failures += 1;
      one(done);
    });
  };
  await Promise.all(Array.from({ length: inFlight }, () => new Promise<void>((done) => one(done))));
  const elapsed = (performance.now() - startMs) / 1000;
  client.close();
  process.send?.(measuredFrom(latencies.subarray(0, count), failures, elapsed));
}
