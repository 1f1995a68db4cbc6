// What keeps a daemon from starting, and what it then prints: each row of mistakes-start.md on real ports and real
// directories. Nothing may be left running, and nothing of another program may be touched.
// To record it again: QUORATE_TRANSCRIPTS=write npx vitest run test/e2e/mistakes-start
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../cli/demo/cluster.js';
import { BIN, startCleanDaemons } from '../support/cluster.js';
import { expectTyped, Transcript } from '../support/transcript.js';

let directory: string;
let cluster: LocalCluster;
let occupant: Server;
let unused = 0;

const transcript = new Transcript(
  join(import.meta.dirname, 'mistakes-start.md'),
  `# A daemon that does not start

What \`quorate start\` answers where an address or a data directory cannot be used: one line, exit code 1 or 2, and
nothing was written to a directory that is not its own. n1 is a member of cluster quorate that runs with the data
directory ./n1; something else listens at 127.0.0.1:7001.`,
  (text) =>
    text
      .replaceAll(cluster.daemon('n1').plan.address, '127.0.0.1:6000')
      .replaceAll(cluster.daemon('n1').plan.api, '127.0.0.1:6001')
      .replaceAll(addressOf(occupant), '127.0.0.1:7001')
      .replaceAll(dataOf('n1'), './n1')
      .replaceAll(directory, '.')
      .replace(
        /there are (?:[\da-f.:]+(?:, | and )?)+(?:\d+ more)?(?=\. )/,
        'there are 127.0.0.1 and 192.168.2.10',
      )
      // Containers often mount it so that nobody may write there.
      .replace('/sys/quorate: read-only file system', '/sys/quorate: operation not permitted'),
  () => ROWS,
);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-mistakes-'));
  occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
  cluster = await startCleanDaemons(1);
  await cluster.form();
  prepare();
});

afterAll(async () => {
  await cluster.close();
  occupant.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Directories as operators leave them behind. */
function prepare(): void {
  writeFileSync(join(directory, 'notes.txt'), 'not a directory');
  mkdirSync(join(directory, 'newer'));
  writeFileSync(join(directory, 'newer', 'FORMAT'), 'quorate data directory, format 7\n');
  mkdirSync(join(directory, 'foreign'));
  writeFileSync(join(directory, 'foreign', 'FORMAT'), 'PostgreSQL 16\n');
  mkdirSync(join(directory, 'lost'));
  writeFileSync(join(directory, 'lost', 'FORMAT'), 'quorate data directory, format 1\n');
  // The daemon still writes to the original; only who the copy belongs to matters here, and that was written at first.
  cpSync(dataOf('n1'), join(directory, 'copy'), { recursive: true });
}

function dataOf(name: string): string {
  return join(cluster.daemon(name).plan.directory, 'data');
}

function addressOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ANY = ['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--http', 'none'];

/** `args` may name `{peers}`, `{api}`, `{taken}`, `{n1}` and `{dir}`. Ports that do not matter are not shown. */
interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly isAlone?: true;
}

const ROWS: readonly Row[] = [
  { name: 'The port for peers is in use', args: ['--listen', '{taken}', '--api', '127.0.0.1:0'] },
  { name: 'The port for clients is in use', args: ['--listen', '127.0.0.1:0', '--api', '{taken}'] },
  {
    name: 'The port for health checks is in use',
    args: ['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--http', '{taken}'],
  },
  {
    name: 'One port for both, taken by another node',
    args: ['--listen', '{peers}', '--api', '{api}'],
  },
  {
    name: 'The same port for peers and for clients',
    args: ['--listen', '127.0.0.1:7100', '--api', '127.0.0.1:7100'],
  },
  {
    name: 'An address of another machine',
    args: ['--listen', '203.0.113.7:6000', '--insecure', '--api', '127.0.0.1:0'],
  },
  {
    name: 'A host name that nobody knows',
    args: ['--listen', 'no-such-host.invalid:6000', '--insecure', '--api', '127.0.0.1:0'],
  },
  { name: 'A data directory in use by another daemon', args: [...ANY, '--data-dir', '{n1}'] },
  { name: 'A file where the directory should be', args: [...ANY, '--data-dir', '{dir}/notes.txt'] },
  { name: 'A file on the way to it', args: [...ANY, '--data-dir', '{dir}/notes.txt/n1'] },
  { name: 'A directory that may not be made', args: [...ANY, '--data-dir', '/sys/quorate'] },
  { name: 'A data directory of a newer version', args: [...ANY, '--data-dir', '{dir}/newer'] },
  { name: 'A directory of something else', args: [...ANY, '--data-dir', '{dir}/foreign'] },
  { name: 'A data directory that lost its database', args: [...ANY, '--data-dir', '{dir}/lost'] },
  { name: 'An empty data directory name', args: [...ANY, '--data-dir', ''] },
  {
    name: 'A member started under the name of another cluster',
    args: [...ANY, '--data-dir', '{dir}/copy', '--cluster', 'production'],
    isAlone: true,
  },
];

test('a member keeps the timers of its cluster, and says so where others were asked for', async () => {
  const args = [...ANY, '--data-dir', join(directory, 'copy'), '--election-timeout', '5s'];
  const child = spawn(process.execPath, [BIN, 'start', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text: Buffer) => {
    log += text.toString();
    // Once: a second signal forces.
    if (!child.killed && log.includes('the daemon is up')) child.kill('SIGTERM');
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(0);
  const [first = ''] = log.split('\n');
  expect(JSON.parse(first)).toMatchObject({ level: 'warn', askedMs: 5000, keptMs: 300 });
});

describe('a daemon does not start:', () => {
  test.each(ROWS)('$name', async ({ name, args, isAlone }) => {
    const { address, api } = cluster.daemon('n1').plan;
    const words: Record<string, string> = {
      '{peers}': address,
      '{api}': api,
      '{taken}': addressOf(occupant),
      '{n1}': dataOf('n1'),
      '{dir}': directory,
    };
    const filled = args.map((arg) => arg.replace(/\{\w+\}/, (word) => words[word] ?? word));
    // Each daemon has a directory of its own, so that the address is what keeps it from starting.
    unused += 1;
    const data = args.includes('--data-dir') ? [] : ['--data-dir', join(directory, `d${unused}`)];
    const shown = filled.map((arg) => (arg === '' ? "''" : arg)).join(' ');
    const typed = [
      'quorate start',
      shown.replaceAll(/--((listen|api) 127\.0\.0\.1:0|http none) ?/g, ''),
    ];
    const shownAs = typed.join(' ').trim();
    await expectTyped(transcript, {
      name,
      args: ['start', ...filled, ...data, ...(args.includes('--http') ? [] : ['--http', 'none'])],
      shown: shownAs,
      ...(isAlone === true || data.length > 0 ? { isAlone: true as const } : {}),
    });
  });
});
