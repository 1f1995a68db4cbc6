// The bounds of one request on the store that do not depend on what it holds. The service has checked them and said so in
// the words of the request; here they hold against a caller that checked nothing.

import type { Command } from './command.js';
import { STORE_LIMITS } from './store-types.js';
import type { StoreOperation } from './store-types.js';
import { utf8Length } from './text.js';

/** Why a request is not carried out, for people; null: it is. */
export function whyMalformed({
  compares,
  success,
  failure,
}: Extract<Command, { kind: 'changeStore' }>): string | null {
  const { operationsMax } = STORE_LIMITS;
  for (const list of [compares, success, failure]) {
    if (list.length > operationsMax) {
      return `the request has ${list.length} operations in a list, expected at most ${operationsMax}`;
    }
  }
  for (const { key } of compares) {
    const why = whyNoKey(key);
    if (why !== null) return why;
  }
  return whyNotAllowed(success) ?? whyNotAllowed(failure);
}

function whyNotAllowed(operations: readonly StoreOperation[]): string | null {
  const { valueBytesMax } = STORE_LIMITS;
  // Nearly all have one operation, which needs no set.
  const written = operations.length > 1 ? new Set<string>() : null;
  for (const operation of operations) {
    const { type, key } = operation;
    const why = whyNoKey(key);
    if (why !== null) return why;
    if (type === 'get') continue;
    if (written?.has(key) === true) return 'the request writes a key twice';
    written?.add(key);
    if (type === 'put' && operation.value.length > valueBytesMax) {
      return `a value has ${operation.value.length} bytes, expected at most ${valueBytesMax}`;
    }
  }
  return null;
}

function whyNoKey(key: string): string | null {
  const bytes = utf8Length(key);
  const { keyBytesMax } = STORE_LIMITS;
  if (bytes >= 1 && bytes <= keyBytesMax) return null;
  return `a key has ${bytes} bytes, expected 1 to ${keyBytesMax}`;
}
