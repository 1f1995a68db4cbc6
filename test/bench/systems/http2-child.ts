// Answers every call with the same value, as gRPC has it, on node:http2 by itself: no grpc-js, no message is read. Ends with its parent.

import { createServer } from 'node:http2';
import { STORE } from '../../../src/client/protos.js';
import { framed } from '../load/h2load.js';
import { VALUE } from '../workloads.js';
import { BARE_HEADER } from './bare-store.js';

const entry = { key: 'bench/000000', value: Buffer.from(VALUE), createdRevision: 1, revision: 1 };
const answer = framed(STORE.Get.responseSerialize({ header: BARE_HEADER, entry }));
// Not all of these options are in the types of Node.
const OPTIONS = { waitForTrailers: true, sendDate: false };
const HEADERS = { ':status': 200, 'content-type': 'application/grpc+proto' };

const server = createServer();
server.on('stream', (stream) => {
  stream.on('end', () => {
    stream.respond(HEADERS, OPTIONS);
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(answer);
  });
  stream.resume();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : null);
});
process.once('disconnect', () => process.exit());
