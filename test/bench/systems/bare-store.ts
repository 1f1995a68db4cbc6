// What the bare system (bare.ts) answers of the store's methods. Answers are as large as real ones: writes once they are replicated,
// reads at once from a map, without asking anybody whether it still leads.

import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { StoreHandlers } from '../../../src/generated/quorate/v1/Store.js';
import type { StorePipelineRequest__Output } from '../../../src/generated/quorate/v1/StorePipelineRequest.js';
import { STORE } from '../../../src/client/protos.js';

/** Calls `done` once the values are durable on a majority. */
export type Replicate = (values: readonly Buffer[], done: () => void) => void;

/** Of the store's, those that are served. */
export const METHODS = {
  Put: STORE.Put,
  Get: STORE.Get,
  Transact: STORE.Transact,
  Pipeline: STORE.Pipeline,
};

export const BARE_HEADER = { clusterId: '0'.repeat(32), node: 'n1', term: 1, revision: 1 };
export const BARE_PUT = { header: BARE_HEADER, createdRevision: 1 };
const PUT_IN_BATCH = { put: { createdRevision: 1 } };

export function storeHandlers(replicate: Replicate): UntypedServiceImplementation {
  const values = new Map<string, Buffer>();
  const handlers: Pick<StoreHandlers, keyof typeof METHODS> = {
    Put: ({ request: { key, value } }, callback) => {
      values.set(key, value);
      replicate([value], () => callback(null, BARE_PUT));
    },
    Get: ({ request: { key } }, callback) => {
      const value = values.get(key) ?? '';
      const entry = { key, value, createdRevision: 1, revision: 1 };
      callback(null, { header: BARE_HEADER, entry });
    },
    Transact: ({ request: { success } }, callback) => {
      const put = success.map((operation) => operation.put?.value ?? Buffer.alloc(0));
      const results = put.map(() => PUT_IN_BATCH);
      replicate(put, () => callback(null, { header: BARE_HEADER, succeeded: true, results }));
    },
    Pipeline: (stream) => {
      let ready = 0;
      const answer = (): void => {
        stream.write({ results: Array.from({ length: ready }, () => ({ put: BARE_PUT })) });
        ready = 0;
      };
      let unanswered = 0;
      let isEnded = false;
      stream.on('data', ({ operations }: StorePipelineRequest__Output) => {
        unanswered += operations.length;
        for (const { put } of operations) {
          replicate([put?.value ?? Buffer.alloc(0)], () => {
            unanswered -= 1;
            // What became durable together is answered together.
            if (ready === 0) queueMicrotask(answer);
            ready += 1;
            if (isEnded && unanswered === 0) queueMicrotask(() => stream.end());
          });
        }
      });
      stream.on('end', () => {
        isEnded = true;
        if (unanswered === 0) stream.end();
      });
    },
  };
  return handlers;
}
