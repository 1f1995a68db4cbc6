// `quorate policy` in this process against one daemon that keeps policies as files: what each command prints for people and for programs, and
// what is refused. How members that differ stand out is shown of values.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { styleFor } from '../../cli/format.js';
import { differenceLines, policyStatusTable } from '../../cli/policy-view.js';
import { buildProgram } from '../../cli/program.js';
import { differenceOf } from '../../src/client/policy-difference.js';
import type { PolicyOnNode } from '../../src/client/policy-status.js';
import { daemonSettings } from '../../src/config/daemon-settings.js';
import { readConfig } from '../../src/config/read-config.js';
import type { QuorateError } from '../../src/errors.js';
import { startDaemon } from '../../src/main.js';
import type { Daemon } from '../../src/main.js';
import { freePorts, until } from '../forming/words.js';

const PLAIN = styleFor({ isTTY: false });
const directory = mkdtempSync(join(tmpdir(), 'quorate-policy-'));
const at = (name: string): string => join(directory, name);
let daemon: Daemon;

beforeAll(async () => {
  const [peers, api] = await freePorts(2);
  const file = at('quorate.yaml');
  writeFileSync(
    file,
    [
      `cluster: { name: Shop, accept: "tcp://127.0.0.1:${peers}", expect: 1, electionTimeout: 300ms }`,
      `node: { name: A, dataDir: data, api: "127.0.0.1:${api}", http: none, logLevel: silent }`,
      'system: { name: DEV, hosts: [A] }',
      'policies: { directory: policies }',
    ].join('\n'),
  );
  const { config } = await readConfig(file, {});
  const defaults = { dataDir: at('data') };
  const configuration = { file, config, given: {}, defaults };
  daemon = await startDaemon({ ...defaults, ...daemonSettings(config), configuration });
  await until('a primary', () => daemon.status().isPrimary);
});

afterAll(async () => {
  await daemon.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a command; answers what it printed on standard output. */
async function printed(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ];
  try {
    await buildProgram(() => {}).parseAsync([...args, '--node', daemon.api], { from: 'user' });
    return lines.join('');
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

async function printedJson(...args: string[]): Promise<unknown> {
  return JSON.parse(await printed(...args, '--json'));
}

async function refused(...args: string[]): Promise<QuorateError> {
  return printed(...args).then(
    (output) => Promise.reject(new Error(`expected a refusal, got ${output}`)),
    (error: unknown) => error as QuorateError,
  );
}

function written(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

describe('policy', () => {
  test('is put, shown first with --dry-run, told with its history, rolled back and deleted', async () => {
    const one = written('one', 'limit: 1\nname: x\n');
    const two = written('two', 'limit: 2\nname: x\n');
    expect(await printed('policy', 'put', 'p.yaml', one, '--reason', 'begin')).toBe(
      'Policy p.yaml has version 1.\n',
    );
    expect(await printed('policy', 'put', 'p.yaml', two, '--dry-run')).toBe(
      '--- p.yaml version 1\n+++ p.yaml as it would be\n@@ -1,2 +1,2 @@\n-limit: 1\n+limit: 2\n name: x\n',
    );
    expect(
      await refused('policy', 'put', 'p.yaml', two, '--dry-run', '--if-version', '2'),
    ).toMatchObject({ code: 'VERSION_MISMATCH', data: { actual: '1' } });
    expect(await printedJson('policy', 'put', 'p.yaml', two, '--if-version', '1')).toEqual({
      name: 'p.yaml',
      version: 2,
      unchanged: false,
      dryRun: false,
    });
    expect(await printed('policy', 'get', 'p.yaml')).toBe('limit: 2\nname: x\n');
    expect(await printed('policy', 'get', 'p.yaml', '1', '--stale')).toBe('limit: 1\nname: x\n');
    expect(await printedJson('policy', 'diff', 'p.yaml')).toMatchObject({ from: 1, to: 2 });
    expect(await printed('policy', 'rollback', 'p.yaml', '1', '--reason', 'worse')).toBe(
      'Policy p.yaml has version 3.\n',
    );
    expect(await printed('policy', 'diff', 'p.yaml', '1')).toBe('');
    expect(await printed('policy', 'history', 'p.yaml')).toMatch(
      /^VERSION +AGE +BYTES +WHO +WHAT AND WHY\n +3 .* 127\.0\.0\.1 at A  rolled back to 1: worse\n +2 .* put\n +1 .* put: begin\n$/,
    );
    expect(await printed('policy', 'list')).toMatch(/^POLICY .*\np\.yaml +3 /);
    expect(await printed('policy', 'delete', 'p.yaml')).toBe('Policy p.yaml is deleted.\n');
    expect(await refused('policy', 'get', 'p.yaml')).toMatchObject({
      code: 'POLICY_NOT_FOUND',
      hint: 'It never was, or is deleted; `quorate policy history p.yaml` shows what is remembered of it.',
    });
    expect(await printedJson('policy', 'delete', 'p.yaml')).toMatchObject({ existed: false });
    expect(await printed('policy', 'rollback', 'p.yaml', '2', '--dry-run')).toMatch(
      /^--- no p\.yaml\n\+\+\+ p\.yaml as it would be\n/,
    );
  });

  test('is a file of the daemon, which says so, and says when it is not', async () => {
    await printed('policy', 'put', 'kept', written('kept', 'ours'));
    const file = join(directory, 'policies', 'kept');
    await until('the file', () => {
      try {
        return readFileSync(file, 'utf8') === 'ours';
      } catch {
        return false;
      }
    });
    expect(await printed('policy', 'status', 'kept')).toMatch(
      /\nkept +1  all 1 member +1  1 file  agree\n$/,
    );
    rmSync(file);
    mkdirSync(file);
    type Status = { policies: { nodes: PolicyOnNode[] }[] };
    let status = (await printedJson('policy', 'status', 'kept')) as Status;
    while (status.policies[0]?.nodes[0]?.standing !== 'file-wrong') {
      status = (await printedJson('policy', 'status', 'kept')) as Status;
    }
    expect(status.policies[0]?.nodes[0]).toMatchObject({ node: 'A', version: 1, file: 'failed' });
    const detail = 'cannot be kept: something that is no file has its name';
    expect(await printed('policy', 'status', '--own', 'kept')).toContain(`failed · ${detail}\n`);
    expect(await printedJson('mon-cluster')).toMatchObject({
      nodes: [{ differs: expect.arrayContaining([`policy kept: ${file} ${detail}`]) as string[] }],
    });
  });

  test('refuses what cannot be a policy with what to do', async () => {
    const large = written('large', 'x'.repeat(256 * 1024 + 1));
    expect(await refused('policy', 'put', 'a', large)).toMatchObject({
      code: 'TOO_LARGE',
      message: `${large} has 262145 bytes, expected at most 256 KiB`,
    });
    expect(await refused('policy', 'put', 'a', at('none'))).toMatchObject({ code: 'WRONG_USAGE' });
    for (const name of ['.a', 'a/b', 'ä', 'x'.repeat(64)]) {
      expect(await refused('policy', 'get', name)).toMatchObject({
        message: expect.stringContaining('1 to 63 letters') as string,
      });
    }
    expect(await refused('policy', 'rollback', 'none', '1')).toMatchObject({
      code: 'POLICY_NOT_FOUND',
    });
    expect(await refused('policy', 'put', 'a', at('one'), '--if-version', '9')).toMatchObject({
      code: 'VERSION_MISMATCH',
      hint: 'Leave the condition out, or expect version 0, to create it.',
    });
  });
});

test('setting history tells who changed what from which value, and why', async () => {
  expect(await printed('setting', 'history')).toBe(
    'No setting was changed since the cluster was started.\n',
  );
  await printed('setting', 'set', 'failover', 'manual', '--reason', 'storage is moved');
  await printed('setting', 'set', 'failover', 'automatic');
  const who = 'A asked by 127\\.0\\.0\\.1';
  expect(await printed('setting', 'history')).toMatch(
    new RegExp(
      `^REVISION +WHAT, WHO AND WHY\\n +\\d+  failover was set to automatic, manual before: ${who}\\n +\\d+  failover was set to manual, automatic before: ${who}: storage is moved\\n$`,
    ),
  );
  const { changes } = (await printedJson('setting', 'history')) as { changes: object[] };
  expect(changes[1]).toMatchObject({ requestId: expect.stringMatching(/./) as string });
});

describe('what is shown', () => {
  test('a difference of what is no text says only that; control characters steer nothing', () => {
    const binary = { title: 'b', document: Uint8Array.from([0xff]) };
    expect(differenceOf({ title: 'a', document: null }, binary)).toContain(
      'are not text: 0 and 1 bytes',
    );
    expect(differenceOf(binary, binary)).toBe('');
    expect(differenceLines('+a\u001b[2Jb\tc\n', PLAIN)).toEqual(['+a\\u001b[2Jb\tc']);
  });

  test('members that do not run what the cluster says have lines of their own', () => {
    const row = (node: string, standing: PolicyOnNode['standing'], more: object): PolicyOnNode => {
      const plain = { version: 3, sha256: 'f', file: null, detail: null, rewritten: 0 };
      return { node, standing, ...plain, ...more };
    };
    const nodes = [
      row('A', 'agrees', { file: 'same', rewritten: 2 }),
      row('B', 'behind', { version: 2 }),
      row('C', 'unreachable', { version: null }),
    ];
    const policies = [{ name: 'p', version: 3, deleted: false, sha256: 'f', nodes }];
    expect(policyStatusTable(policies, PLAIN)).toEqual([
      'POLICY  VERSION  MEMBER    RUNS  FILE    STANDING     WHAT IS THE MATTER',
      'p             3  1 member     3  1 file  agree        changed on disk and written again: 2',
      '                 B            2  -       behind',
      '                 C            -  -       unreachable',
    ]);
  });
});
