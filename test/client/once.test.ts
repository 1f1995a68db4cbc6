// What stands in a write that the client library has to send again: the very client session and sequence of the first time, by a call and on a
// pipelined stream; and another sequence in another write. The member is a stand-in that notes what came and loses answers.
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { connect } from '../../src/client/index.js';
import type { Quorate } from '../../src/client/index.js';
import { CLIENT_SESSIONS, STORE } from '../../src/client/protos.js';
import { statusFor } from '../../src/client/status-details.js';
import { QuorateError } from '../../src/errors.js';
import type { ClientSessionsHandlers } from '../../src/generated/quorate/v1/ClientSessions.js';
import type { StoreHandlers } from '../../src/generated/quorate/v1/Store.js';
import type { StorePipelineRequest__Output } from '../../src/generated/quorate/v1/StorePipelineRequest.js';
import type { StorePipelineResponse } from '../../src/generated/quorate/v1/StorePipelineResponse.js';

const server = new Server();
let client: Quorate;
/** `KEY SESSION/SEQUENCE` of each write that came. */
let came: string[] = [];

function note(key: string, identity: { session: string; sequence: number } | null): void {
  came.push(`${key} ${identity?.session ?? 'none'}/${identity?.sequence ?? 'none'}`);
}

/** Each write is lost the first time. */
function isLost(key: string): boolean {
  return came.filter((one) => one.startsWith(`${key} `)).length === 1;
}

const LOST = new QuorateError('INDETERMINATE', 'no answer came in time');

beforeAll(async () => {
  let opened = 0;
  const sessions: Pick<ClientSessionsHandlers, 'Open'> = {
    Open: (_call, callback) => {
      opened += 1;
      callback(null, { session: `s${opened}`, window: 1024 });
    },
  };
  const store: Pick<StoreHandlers, 'Put' | 'Pipeline'> = {
    Put: ({ request: { key, client: identity } }, callback) => {
      note(key, identity);
      if (isLost(key)) callback(statusFor(LOST));
      else callback(null, { createdRevision: 1 });
    },
    Pipeline: (stream: ServerDuplexStream<StorePipelineRequest__Output, StorePipelineResponse>) => {
      stream.on('error', () => {});
      stream.on('data', ({ operations }: StorePipelineRequest__Output) => {
        for (const { put } of operations) note(put?.key ?? '', put?.client ?? null);
        // The stream breaks with everything on it.
        if (operations.some(({ put }) => isLost(put?.key ?? ''))) stream.destroy(new Error('lost'));
        else stream.write({ results: operations.map(() => ({ put: { createdRevision: 1 } })) });
      });
      stream.on('end', () => stream.end());
    },
  };
  server.addService(CLIENT_SESSIONS, { ...sessions });
  server.addService(STORE, { ...store });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  client = connect({ addresses: [`127.0.0.1:${port}`] });
});

afterAll(() => {
  client.close();
  server.forceShutdown();
});

beforeEach(() => {
  came = [];
});

test('a call sends a write again under the same sequence, and another write under another', async () => {
  await client.store.put('a', 'x');
  await client.store.put('b', 'x');
  expect(came).toEqual(['a s1/1', 'a s1/1', 'b s1/2', 'b s1/2']);
});

test('a pipeline sends again what its stream lost, in order and under the same sequences', async () => {
  const pipeline = client.store.pipeline();
  await Promise.all(['p', 'q', 'r'].map((key) => pipeline.put(key, 'x')));
  const once = ['p s1/3', 'q s1/4', 'r s1/5'];
  expect(came).toEqual([...once, ...once]);
  await pipeline.close();
});
