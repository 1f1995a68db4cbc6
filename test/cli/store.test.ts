// What people type for keys and conditions, and how keys and transactions are shown. Nothing is asked of a daemon here:
// the commands themselves are run in test/e2e/store.test.ts.
import { describe, expect, test } from 'vitest';
import { styleFor } from '../../cli/format.js';
import {
  checkFileSize,
  keysArgument,
  pairsArgument,
  revisionPairsArgument,
} from '../../cli/store-arguments.js';
import { entryTable, entryView, transactionLines, transactionView } from '../../cli/store-view.js';
import type { StoreEntry__Output } from '../../src/generated/quorate/v1/StoreEntry.js';

const PLAIN = styleFor({ isTTY: false });

function entry(key: string, value: string | Buffer): StoreEntry__Output {
  return { key, value: Buffer.from(value), revision: 7, createdRevision: 5 };
}

describe('an argument of the store', () => {
  test('is split at its first =, and collected', () => {
    const first = pairsArgument('a=b=c');
    expect(pairsArgument('d=', first)).toEqual([
      { key: 'a', value: 'b=c' },
      { key: 'd', value: '' },
    ]);
    expect(revisionPairsArgument('lock=0')).toEqual([{ key: 'lock', value: 0 }]);
    expect(keysArgument('b', ['a'])).toEqual(['a', 'b']);
  });

  test.each([
    ['no =', () => pairsArgument('a'), 'expected a key, = and a value'],
    ['no key', () => pairsArgument('=b'), 'expected a key, = and a value'],
    ['no number', () => revisionPairsArgument('a=b'), 'expected a whole number'],
    ['a long key', () => keysArgument('k'.repeat(1025)), 'expected at most 1024 bytes'],
    ['too many', () => keysArgument('k', Array<string>(128).fill('k')), 'at most 128'],
    ['a large file', () => checkFileSize(1024 * 1024 + 1), 'a value at most 1048576'],
  ])('with %s is refused', (_name, read, message) => {
    expect(read).toThrow(message);
  });
});

describe('what the store prints', () => {
  test('is text where a value is UTF-8, and base64 elsewhere', () => {
    const text = entryView(entry('a', 'grüße'));
    expect(text).toEqual({ key: 'a', value: 'grüße', revision: 7, createdRevision: 5 });
    const bytes = entryView(entry('b', Buffer.from([255])));
    expect(bytes.value).toEqual({ base64: '/w==' });
    expect(entryTable([text, bytes], false, PLAIN)).toEqual([
      'KEY  REVISION  VALUE',
      'a           7  grüße',
      'b           7  base64:/w==',
    ]);
    expect(entryTable([text], true, PLAIN)).toEqual(['KEY  REVISION', 'a           7']);
  });

  test('names the condition that did not hold, and what was read', () => {
    const results = [
      { delete: { existed: true } },
      { put: { createdRevision: 7 } },
      { get: { entry: entry('a', '1') } },
      { get: { entry: null } },
    ];
    const header = { clusterId: '', node: '', term: 1, revision: 9 };
    const failed = transactionView({ header, succeeded: false, failedCompare: 1, results });
    expect(failed).toEqual({
      succeeded: false,
      revision: 9,
      failedCompare: 1,
      results: [
        { delete: { existed: true } },
        { put: { createdRevision: 7 } },
        { get: entryView(entry('a', '1')) },
        { get: null },
      ],
    });
    expect(transactionLines(failed, ['a=1', 'b=0'], PLAIN)).toEqual([
      'b=0 does not hold at revision 9.',
      'a · revision 7 · created at 5',
      '  1',
      'no such key',
    ]);
    const done = transactionView({ header, succeeded: true, results: [] });
    expect(done.failedCompare).toBeNull();
    expect(transactionLines(done, [], PLAIN)).toEqual(['Done at revision 9.']);
  });
});
