// A grpc-js server that answers a write at once, with as many bytes as a real answer has, and does nothing else. It ends with its
// parent.

import { Server, ServerCredentials } from '@grpc/grpc-js';
import { STORE } from '../../src/client/protos.js';
import { BARE_PUT } from './systems/bare-store.js';

const server = new Server();
server.addService(
  { Put: STORE.Put },
  {
    Put: (_call: unknown, callback: (error: null, response: typeof BARE_PUT) => void) =>
      callback(null, BARE_PUT),
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.(port);
});
process.once('disconnect', () => process.exit());
