// What is said of a process that cannot be started, before anything is started; and that nothing of a long line is lost on the way
// to the log. In process: the namespaces and the trees of real processes are in supervisor.test.ts.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import { launchOf } from '../../src/supervisor/containment.js';
import { tellLines } from '../../src/supervisor/output.js';
import { definition } from './words.js';

const folder = mkdtempSync(join(tmpdir(), 'quorate-launch-'));
afterAll(() => rmSync(folder, { recursive: true }));
const plain = join(folder, 'plain.sh');
writeFileSync(plain, 'echo');
mkdirSync(join(folder, 'bin'));
const program = join(folder, 'bin', 'runs');
writeFileSync(program, '#!/bin/sh\n');
chmodSync(program, 0o755);

const CONTAINMENT = { guarantee: 'mark-only', why: '', before: [] } as const;

test.each<[string, string[], Parameters<typeof definition>[2], string]>([
  ['nothing there', ['/no/such'], {}, 'there is no program /no/such'],
  ['nothing of that name', ['no-such-name'], {}, 'there is no program no-such-name in PATH='],
  ['not executable', [plain], {}, `${plain} is not executable; chmod +x`],
  ['a directory', [folder], {}, `${folder} is a directory, not a program`],
  [
    'relative to another directory',
    ['./runs'],
    { workingDirectory: folder },
    `there is no program ${join(folder, 'runs')}: ./runs counts from its working directory ${folder}`,
  ],
  ['no directory', ['sh'], { workingDirectory: '/no/such' }, 'directory /no/such does not exist'],
  ['a file as directory', ['sh'], { workingDirectory: plain }, `${plain} is not a directory`],
])('says why it cannot start %s', (_, command, how, why) => {
  expect(() => launchOf(definition('x', command, how), CONTAINMENT)).toThrow(why);
});

test('starts a relative program from its working directory', () => {
  const how = { workingDirectory: join(folder, 'bin') };
  expect(launchOf(definition('x', ['./runs'], how), CONTAINMENT).program).toBe('./runs');
});

test('tells a long line in pieces, whole, wherever the stream is cut', async () => {
  const text = `${'x'.repeat(20_000)}end\n\nshort\n${'y'.repeat(8192)}\nlast`;
  for (const chunk of [text.length, 5000, 8192]) {
    const told: string[] = [];
    const parts = text.match(new RegExp(`[^]{1,${chunk}}`, 'g')) ?? [];
    const stream = Readable.from(parts.map((part) => Buffer.from(part)));
    const ended = new Promise((resolve) => stream.on('end', resolve));
    const sink = { line: (line: string) => void told.push(line), dropped: () => undefined };
    tellLines(stream, sink, () => 0);
    await ended;
    const lengths = [8192, 8192, 3619, 0, 5, 8192, 4];
    expect(told.map((line) => line.length)).toEqual(lengths);
    expect(told.join('')).toBe(text.replaceAll('\n', ''));
  }
});
