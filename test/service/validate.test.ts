// The gateway's checks, as a table: what passes, and what is refused. A refusal has a code and names its field.
import { describe, expect, test } from 'vitest';
import { QuorateError } from '../../src/errors.js';
import type { ErrorCode } from '../../src/errors.js';
import type { PutSessionRequest__Output } from '../../src/generated/quorate/v1/PutSessionRequest.js';
import {
  checkNodeName,
  checkNumber,
  checkPutSession,
  checkReason,
  checkSessionId,
  pageLimit,
  revisionOrNull,
} from '../../src/service/validate.js';

function put(more: Partial<PutSessionRequest__Output> = {}): PutSessionRequest__Output {
  return { id: 's1', attributes: {}, removedAttributes: [], client: null, ...more };
}

function attributes(count: number, nameLength = 4): Record<string, Buffer> {
  const names = Array.from({ length: count }, (_, at) => String(at).padStart(nameLength, 'a'));
  return Object.fromEntries(names.map((name) => [name, Buffer.from('x')]));
}

function refusal(run: () => unknown): QuorateError | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof QuorateError) return error;
    throw error;
  }
}

interface Row {
  readonly name: string;
  readonly run: () => unknown;
  readonly code?: ErrorCode;
  readonly field?: string;
}

const ROWS: readonly Row[] = [
  { name: 'a session without attributes', run: () => checkPutSession(put()) },
  { name: 'an id of 512 bytes', run: () => checkSessionId('é'.repeat(256)) },
  { name: 'an owner that is empty', run: () => checkPutSession(put({ owner: '' })) },
  { name: 'a ttl of 2 s', run: () => checkPutSession(put({ ttlMs: 2000 })) },
  { name: 'a ttl of 24 h', run: () => checkPutSession(put({ ttlMs: 86_400_000 })) },
  { name: '256 attributes', run: () => checkPutSession(put({ attributes: attributes(256) })) },
  {
    name: 'an attribute name of 255 bytes',
    run: () => checkPutSession(put({ attributes: attributes(1, 255) })),
  },
  {
    name: 'attributes of 1 MiB',
    run: () => checkPutSession(put({ attributes: { a: Buffer.alloc(1024 * 1024 - 1) } })),
  },
  { name: 'a page of 1000', run: () => expect(pageLimit(1000)).toBe(1000) },
  { name: 'a page of 0, which is 100', run: () => expect(pageLimit(0)).toBe(100) },
  { name: 'no revision', run: () => expect(revisionOrNull('if_revision', undefined)).toBeNull() },
  { name: 'revision 0', run: () => expect(revisionOrNull('if_revision', 0)).toBe(0) },
  { name: 'a node name of 63 characters', run: () => checkNodeName('name', 'n'.repeat(63)) },
  { name: 'a reason with any text', run: () => checkReason('disk 3 is full, see #12 — Zoë') },

  {
    name: 'an empty id',
    run: () => checkSessionId(''),
    code: 'INVALID_ARGUMENT',
    field: 'id',
  },
  {
    name: 'an id of 513 bytes in 257 characters',
    run: () => checkSessionId(`x${'é'.repeat(256)}`),
    code: 'TOO_LARGE',
    field: 'id',
  },
  {
    name: 'an id whose bytes were not UTF-8',
    run: () => checkSessionId(Buffer.from([0x61, 0xff]).toString()),
    code: 'INVALID_ARGUMENT',
    field: 'id',
  },
  {
    name: 'an id with half of a surrogate pair',
    run: () => checkSessionId('a\ud800'),
    code: 'INVALID_ARGUMENT',
    field: 'id',
  },
  {
    name: 'an owner of 513 bytes',
    run: () => checkPutSession(put({ owner: 'o'.repeat(513) })),
    code: 'TOO_LARGE',
    field: 'owner',
  },
  {
    name: 'a ttl of 1999 ms',
    run: () => checkPutSession(put({ ttlMs: 1999 })),
    code: 'INVALID_ARGUMENT',
    field: 'ttl_ms',
  },
  {
    name: 'a ttl of more than 24 h',
    run: () => checkPutSession(put({ ttlMs: 86_400_001 })),
    code: 'INVALID_ARGUMENT',
    field: 'ttl_ms',
  },
  {
    name: 'a ttl of 0',
    run: () => checkPutSession(put({ ttlMs: 0 })),
    code: 'INVALID_ARGUMENT',
    field: 'ttl_ms',
  },
  {
    name: '257 attributes',
    run: () => checkPutSession(put({ attributes: attributes(257) })),
    code: 'TOO_LARGE',
    field: 'attributes',
  },
  {
    name: 'an attribute without a name',
    run: () => checkPutSession(put({ attributes: { '': Buffer.from('x') } })),
    code: 'INVALID_ARGUMENT',
    field: 'attributes',
  },
  {
    name: 'an attribute name of 256 bytes',
    run: () => checkPutSession(put({ attributes: attributes(1, 256) })),
    code: 'TOO_LARGE',
    field: 'attributes',
  },
  {
    name: 'attributes of one byte more than 1 MiB',
    run: () => checkPutSession(put({ attributes: { a: Buffer.alloc(1024 * 1024) } })),
    code: 'TOO_LARGE',
    field: 'attributes',
  },
  {
    name: 'an attribute set and removed at once',
    run: () =>
      checkPutSession(put({ attributes: { a: Buffer.from('x') }, removedAttributes: ['a'] })),
    code: 'INVALID_ARGUMENT',
    field: 'removed_attributes',
  },
  {
    name: 'the removal of 257 attributes',
    run: () => checkPutSession(put({ removedAttributes: Object.keys(attributes(257)) })),
    code: 'TOO_LARGE',
    field: 'removed_attributes',
  },
  {
    name: 'a page of 1001',
    run: () => pageLimit(1001),
    code: 'INVALID_ARGUMENT',
    field: 'limit',
  },
  {
    name: 'a revision beyond the safe integers',
    run: () => revisionOrNull('if_revision', 2 ** 53),
    code: 'INVALID_ARGUMENT',
    field: 'if_revision',
  },
  {
    name: 'a fraction',
    run: () => checkNumber('epoch', 1.5, 0, 10),
    code: 'INVALID_ARGUMENT',
    field: 'epoch',
  },
  {
    name: 'a node name with a space',
    run: () => checkNodeName('name', 'node a'),
    code: 'INVALID_ARGUMENT',
    field: 'name',
  },
  {
    name: 'a node name of 64 characters',
    run: () => checkNodeName('name', 'n'.repeat(64)),
    code: 'INVALID_ARGUMENT',
    field: 'name',
  },
  {
    name: 'a reason of 513 bytes',
    run: () => checkReason('r'.repeat(513)),
    code: 'TOO_LARGE',
    field: 'reason',
  },
];

describe('a request', () => {
  test.each(ROWS)('$name', ({ run, code, field }) => {
    const error = refusal(run);
    expect(error?.code).toBe(code);
    expect(error?.data['field']).toBe(field);
    expect(error?.hint ?? '').toContain(field ?? '');
  });
});
