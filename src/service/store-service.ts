// quorate.v1.Store: each call is validated, brought to the leader, proposed as one transaction or read, and answered. How
// fresh a read is stands in reads.ts, what a transaction does in the state machine.

import { QuorateError } from '../errors.js';
import type { DeleteStoreRequest__Output } from '../generated/quorate/v1/DeleteStoreRequest.js';
import type { DeleteStoreResponse } from '../generated/quorate/v1/DeleteStoreResponse.js';
import type { GetStoreRequest__Output } from '../generated/quorate/v1/GetStoreRequest.js';
import type { GetStoreResponse } from '../generated/quorate/v1/GetStoreResponse.js';
import type { ListStoreRequest__Output } from '../generated/quorate/v1/ListStoreRequest.js';
import type { ListStoreResponse } from '../generated/quorate/v1/ListStoreResponse.js';
import type { PutStoreRequest__Output } from '../generated/quorate/v1/PutStoreRequest.js';
import type { PutStoreResponse } from '../generated/quorate/v1/PutStoreResponse.js';
import type { ResponseHeader } from '../generated/quorate/v1/ResponseHeader.js';
import type { TransactRequest__Output } from '../generated/quorate/v1/TransactRequest.js';
import type { TransactResponse } from '../generated/quorate/v1/TransactResponse.js';
import { invariant } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { ClientRequest } from '../state-machine/command.js';
import type { StoreCompare, StoreResult } from '../state-machine/store-types.js';
import { STORE_LIMITS } from '../state-machine/store-types.js';
import type { CallContext } from './call-context.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { proposeAnd } from './node-calls.js';
import { STORE } from '../client/protos.js';
import { answerRead } from './reads.js';
import { revisionMismatch, valueMismatch } from '../client/mismatch.js';
import { changeOf, checkKey, checkValue, entryMessage, resultMessage } from './store-requests.js';
import type { StoreChange } from './store-requests.js';
import {
  checkText,
  clientRequestOf,
  pageLimit,
  REQUEST_LIMITS,
  revisionOrNull,
} from './validate.js';

/** Answers Store.Put. */
export function putStore(
  modules: ServiceModules,
  request: PutStoreRequest__Output,
  context: CallContext,
): Promise<PutStoreResponse> {
  const { key, value, ifValue } = request;
  checkKey('key', key);
  checkValue('value', value);
  const expected = revisionOrNull('if_revision', request.ifRevision);
  if (ifValue !== undefined) checkValue('if_value', ifValue);
  const client = clientRequestOf(request.client);
  const compares = revisionCompares(key, expected);
  if (ifValue !== undefined) {
    compares.push({ key, relation: 'equal', to: { type: 'value', value: ifValue } });
  }
  const change: StoreChange = { compares, success: [{ type: 'put', key, value }], failure: [] };
  return modules.routing.toLeader(context, STORE.Put, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: () =>
      changed(modules, context, change, client, (result, header) => {
        const [put] = checkHeld(result, compares, expected);
        invariant(put?.type === 'put', 'a put is answered by a put');
        return { header, createdRevision: put.createdRevision };
      }),
  });
}

/** Answers Store.Delete. */
export function deleteStore(
  modules: ServiceModules,
  request: DeleteStoreRequest__Output,
  context: CallContext,
): Promise<DeleteStoreResponse> {
  const { key } = request;
  checkKey('key', key);
  const expected = revisionOrNull('if_revision', request.ifRevision);
  const client = clientRequestOf(request.client);
  const compares = revisionCompares(key, expected);
  const change: StoreChange = { compares, success: [{ type: 'delete', key }], failure: [] };
  return modules.routing.toLeader(context, STORE.Delete, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: () =>
      changed(modules, context, change, client, (result, header) => {
        const [gone] = checkHeld(result, compares, expected);
        invariant(gone?.type === 'delete', 'a deletion is answered by a deletion');
        return { header, existed: gone.revision !== 0 };
      }),
  });
}

/** Answers Store.Transact. */
export function transact(
  modules: ServiceModules,
  request: TransactRequest__Output,
  context: CallContext,
): Promise<TransactResponse> {
  const change = changeOf(request);
  const client = clientRequestOf(request.client);
  return modules.routing.toLeader(context, STORE.Transact, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: () =>
      changed(modules, context, change, client, ({ failed, results }, header) => ({
        header,
        succeeded: failed === null,
        results: results.map(resultMessage),
        ...(failed === null ? {} : { failedCompare: failed.at }),
      })),
  });
}

/** Answers Store.Get. */
export function getStore(
  modules: ServiceModules,
  request: GetStoreRequest__Output,
  context: CallContext,
): Promise<GetStoreResponse> | GetStoreResponse {
  const { key } = request;
  checkKey('key', key);
  const { node } = modules;
  const found = (isStale: boolean): GetStoreResponse => {
    const entry = node.state.storeEntry(key);
    if (entry === null) {
      throw new QuorateError('KEY_NOT_FOUND', `there is no key ${JSON.stringify(key)}`, { key });
    }
    return { header: headerFor(modules, { isStale }), entry: entryMessage(entry) };
  };
  return answerRead(modules, context, STORE.Get, request, found);
}

/** Answers Store.List. */
export function listStore(
  modules: ServiceModules,
  request: ListStoreRequest__Output,
  context: CallContext,
): Promise<ListStoreResponse> | ListStoreResponse {
  const { prefix, afterKey: after, keysOnly: isKeysOnly } = request;
  checkText('prefix', prefix, 0, STORE_LIMITS.keyBytesMax);
  checkText('after_key', after, 0, STORE_LIMITS.keyBytesMax);
  const countMax = pageLimit(request.limit);
  const { node } = modules;
  const page = (isStale: boolean): ListStoreResponse => {
    const bytesMax = REQUEST_LIMITS.pageBytesMax;
    const wish = { prefix, after, countMax, bytesMax, isKeysOnly };
    const { entries, isMore } = node.state.listStore(wish);
    return {
      header: headerFor(modules, { isStale }),
      entries: entries.map((entry) => entryMessage(entry, isKeysOnly)),
      more: isMore,
    };
  };
  return answerRead(modules, context, STORE.List, request, page);
}

/** Proposes the change; resolves to what `answer` makes of its result. */
function changed<Response>(
  modules: ServiceModules,
  { requestId, deadlineMs }: CallContext,
  change: StoreChange,
  client: ClientRequest | null,
  answer: (result: StoreResult, header: ResponseHeader) => Response,
): Promise<Response> {
  const { node, clock } = modules;
  const command = { kind: 'changeStore', requestId, client, ...change } as const;
  return proposeAnd(node, clock, command, deadlineMs, ({ revision, result }) => {
    invariant(result.type === 'store', 'a change of the store is answered by the store');
    return answer(result, headerFor(modules, { revision }));
  });
}

function revisionCompares(key: string, expected: LogIndex | null): StoreCompare[] {
  if (expected === null) return [];
  return [{ key, relation: 'equal', to: { type: 'revision', revision: expected } }];
}

/** The results of a compare-and-set, or the error that says what did not hold. */
function checkHeld(
  { failed, results }: StoreResult,
  compares: readonly StoreCompare[],
  expected: LogIndex | null,
): StoreResult['results'] {
  if (failed === null) return results;
  const { revision } = failed;
  const compare = compares[failed.at];
  if (expected !== null && compare?.to.type === 'revision') {
    throw revisionMismatch('key', expected, revision);
  }
  throw valueMismatch(revision);
}
