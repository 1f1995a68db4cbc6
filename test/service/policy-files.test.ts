// Policies as files of a directory: written whole, taken away with the policy, written again or left and reported where somebody changed them,
// and never written from a state that may be long past. The directory is real; the policies are those of the state machine.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { judge } from '../../src/policy-files/judge.js';
import type { Finding, Verdict } from '../../src/policy-files/judge.js';
import { PolicyFiles } from '../../src/policy-files/policy-files.js';
import { Policies } from '../../src/state-machine/policies.js';
import type { PolicyCommand } from '../../src/state-machine/policy-types.js';
import { eventually } from './harness.js';
import { index } from '../support/log-words.js';
import { deletePolicy, putPolicy, rollBack } from '../support/policy-words.js';
import { bytes } from '../support/session-words.js';

const FOUND: Finding = {
  onDisk: bytes('now'),
  wanted: bytes('now'),
  past: [bytes('old')],
  version: 2,
  written: null,
};

test.each<[string, Partial<Finding>, Verdict, Verdict]>([
  ['what the cluster says', {}, 'same', 'same'],
  ['nothing, of a deleted policy', { wanted: null, onDisk: 'absent' }, 'same', 'same'],
  ['nothing yet', { onDisk: 'absent' }, 'write', 'write'],
  ['an earlier version, after a start', { onDisk: bytes('old') }, 'write', 'write'],
  ['what nobody wrote, after a start', { onDisk: bytes('mine') }, 'write', 'differs'],
  ['something large, after a start', { onDisk: 'large' }, 'write', 'differs'],
  ['a change of what was written', { onDisk: bytes('mine'), written: 2 }, 'write', 'differs'],
  ['nothing any more', { onDisk: 'absent', written: 2 }, 'write', 'differs'],
  [
    'a change, and the next version is there',
    { onDisk: bytes('mine'), written: 1 },
    'write',
    'write',
  ],
  ['a document of a deleted policy', { wanted: null, written: 1 }, 'write', 'write'],
])('a file that holds %s', (_what, found, overwriting, keeping) => {
  expect(judge({ ...FOUND, ...found }, false)).toBe(overwriting);
  expect(judge({ ...FOUND, ...found }, true)).toBe(keeping);
});

describe('the files of a directory', () => {
  const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  let directory: string;
  let files: PolicyFiles | null = null;
  let policies: Policies;
  let applied: () => void;
  let isUpToDate: boolean;
  let revision: number;

  const at = (name: string): string => join(directory, name);
  const read = (name: string): string | null =>
    existsSync(at(name)) ? readFileSync(at(name), 'utf8') : null;
  const apply = (command: PolicyCommand): void => {
    revision += 1;
    policies.apply(command, { revision: index(revision), nowMs: 0 });
    applied();
  };
  const begin = (keepsChanges = false): PolicyFiles => {
    const options = { directory, keepsChanges, lookEveryMs: 20 };
    files = new PolicyFiles(options, {
      log: SILENT,
      policies: () => (isUpToDate ? policies : null),
      onApplied: (callback) => {
        applied = callback;
        return () => {
          applied = () => {};
        };
      },
    });
    return files;
  };

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'quorate-policies-')), 'made');
    policies = new Policies();
    applied = () => {};
    isUpToDate = true;
    revision = 0;
  });
  afterEach(async () => {
    await files?.stop();
    rmSync(join(directory, '..'), { recursive: true, force: true });
  });

  test('follow the policies, and others are left alone', async () => {
    begin();
    apply(putPolicy('a.yaml', 'one'));
    await eventually(() => read('a.yaml') === 'one');
    writeFileSync(at('other'), 'not ours');
    apply(putPolicy('a.yaml', 'two'));
    apply(putPolicy('b', ''));
    await eventually(() => read('a.yaml') === 'two' && read('b') === '');
    apply(rollBack('a.yaml', 1));
    apply(deletePolicy('b'));
    await eventually(() => read('a.yaml') === 'one' && read('b') === null);
    await eventually(() => files?.look('b').state === 'same');
    expect(readdirSync(directory).toSorted()).toEqual(['a.yaml', 'other']);
    expect(files?.troubles()).toEqual([]);
  });

  test('are not touched before the node knows itself up to date', async () => {
    mkdirSync(directory);
    writeFileSync(at('a'), 'newer than what the disk of this node knows');
    apply(putPolicy('a', 'past'));
    isUpToDate = false;
    const looking = begin();
    apply(putPolicy('a', 'still past'));
    expect(looking.look('a').state).toBe('pending');
    expect(read('a')).toMatch(/^newer/);
    apply(putPolicy('a', 'now'));
    isUpToDate = true;
    await eventually(() => read('a') === 'now');
  });

  test('are written again where somebody changed them, and that is counted', async () => {
    const looking = begin();
    apply(putPolicy('a', 'ours'));
    await eventually(() => looking.look('a').state === 'same');
    writeFileSync(at('a'), 'theirs');
    await eventually(() => looking.look('a').rewritten === 1);
    expect(read('a')).toBe('ours');
    rmSync(at('a'));
    await eventually(() => looking.look('a').rewritten === 2);
    expect(read('a')).toBe('ours');
  });

  test('stay as somebody changed them if that is wanted, are reported, and follow the next version', async () => {
    const looking = begin(true);
    apply(putPolicy('a', 'ours'));
    await eventually(() => looking.look('a').state === 'same');
    writeFileSync(at('a'), 'theirs');
    await eventually(() => looking.look('a').state === 'differs');
    expect(looking.troubles()).toEqual([
      `policy a: ${at('a')} was changed on this node, and stays so until the next version of the policy`,
    ]);
    expect(read('a')).toBe('theirs');
    apply(putPolicy('a', 'next'));
    await eventually(() => read('a') === 'next' && looking.troubles().length === 0);
  });

  test('that cannot be written are reported with why, and written once they can', async () => {
    mkdirSync(at('a'), { recursive: true });
    writeFileSync(join(directory, '..', 'file'), '');
    const looking = begin();
    apply(putPolicy('a', 'ours'));
    await eventually(() => looking.look('a').state === 'failed');
    expect(looking.troubles()).toEqual([
      `policy a: ${at('a')} cannot be kept: something that is no file has its name`,
    ]);
    rmSync(at('a'), { recursive: true });
    await eventually(() => read('a') === 'ours' && looking.look('a').state === 'same');
  });
});
