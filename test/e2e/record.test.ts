// A fail-over of real daemons, recorded, exported and replayed by the simulator: a hand-over, the leader killed, its successor, to
// the very states of the daemons. Software with a planted bug replays the same file to other states, and says so. What a
// daemon that is stopped leaves behind is replayed too.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon } from '../../cli/demo/daemon.js';
import { copyWith, FOLDERS } from '../../simulations/mutants/plant.js';
import type { RecordSummary } from '../../src/recorder/summary.js';
import { mustSucceed, run, startCleanDaemons } from '../support/cluster.js';
import type { CommandEnd } from '../support/cluster.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

interface Replayed {
  readonly verdict: { readonly type: string };
  readonly lives: readonly {
    readonly node: string;
    readonly difference: string | null;
    readonly state: string;
  }[];
}

interface Standing {
  readonly term: number;
  readonly applied: number;
}

let cluster: LocalCluster;
let survivors: readonly Daemon[];
let victim: string;
let file: string;
let exported: CommandEnd;
/** Where every survivor stood just before and just after it was exported. */
const before = new Map<string, Standing>();
const after = new Map<string, Standing>();

beforeAll(async () => {
  cluster = await startCleanDaemons(3);
  await cluster.form();
  file = join(cluster.directory, 'fail-over.qrec');
  const [first] = cluster.daemons;
  if (first === undefined) throw new Error('expected daemons');
  await first.client.putStore({ key: 'a', value: Buffer.from('secret-payload-one') });
  const { primary: reigning } = await cluster.settled();
  const target = cluster.daemons.find(({ name }) => name !== reigning)?.name ?? '';
  await first.client.setPrimary({ name: target, reason: 'test' }, { timeoutMs: 30_000 });
  const { primary } = await cluster.settled();
  victim = primary ?? '';
  await cluster.daemon(victim).stop('SIGKILL');
  survivors = cluster.running;
  const isReplaced = (name: string | null): boolean => name !== null && name !== victim;
  await cluster.until('a new primary', (view) => isReplaced(view.primary));
  const [asked] = survivors;
  await asked?.client.putStore(
    { key: 'b', value: Buffer.from('secret-payload-two') },
    { timeoutMs: 30_000 },
  );
  for (const daemon of survivors) before.set(daemon.name, await standing(daemon));
  const node = ['--node', survivors[0]?.api ?? ''];
  exported = await run(['record', 'export', '--all-nodes', '--out', file, '--json', ...node]);
  for (const daemon of survivors) after.set(daemon.name, await standing(daemon));
}, 120_000);

afterAll(async () => {
  await cluster.close();
});

test('the command exports the records of all that answer, and says who did not', async () => {
  const node = ['--node', survivors[0]?.api ?? ''];
  expect({ code: exported.code, stderr: exported.stderr }).toEqual({ code: 3, stderr: '' });
  const told = JSON.parse(exported.stdout) as {
    file: string;
    nodes: { node: string }[];
    missing: string[];
  };
  expect(told).toMatchObject({ file, missing: [victim] });
  expect(told.nodes.map((each) => each.node).toSorted()).toEqual(survivors.map(({ name }) => name));
  expect(readFileSync(file).includes('secret-payload')).toBe(false);
  const again = await run(['record', 'export', '--out', file, ...node]);
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('EEXIST');
});

test('the simulator replays it to the states of the daemons, and draws it', async () => {
  const page = join(cluster.directory, 'fail-over.html');
  const { code, stdout, stderr } = await replay(file, '--json', '--html', page);
  expect(stderr).toBe('');
  const { verdict, lives } = JSON.parse(stdout) as Replayed;
  expect({ code, verdict }).toEqual({ code: 0, verdict: { type: 'held' } });
  for (const { node, difference, state } of lives) {
    expect({ node, difference }).toEqual({ node, difference: null });
    for (const what of ['term', 'applied'] as const) {
      const value = Number(new RegExp(`, ${what} (\\d+),`).exec(state)?.[1]);
      expect(value).toBeGreaterThanOrEqual(before.get(node)?.[what] ?? Number.NaN);
      expect(value).toBeLessThanOrEqual(after.get(node)?.[what] ?? Number.NaN);
    }
  }
  const drawn = readFileSync(page, 'utf8');
  for (const name of [victim, ...survivors.map((daemon) => daemon.name)]) {
    expect(drawn).toContain(`"name":"${name}"`);
  }
});

test('the command shows who led in which term, and refuses what is no whole record', async () => {
  const shown = mustSucceed(await run(['record', 'show', file, '--json']));
  const { records } = JSON.parse(shown) as { records: RecordSummary[] };
  const roles = records.flatMap(({ roles: periods }) => periods);
  const leaders = new Set(roles.map(({ leader }) => leader));
  expect(leaders.has(victim)).toBe(true);
  expect(survivors.some(({ name }) => leaders.has(name))).toBe(true);
  expect(records.map(({ replay: how }) => how)).toEqual(['same', 'same']);
  const cut = join(cluster.directory, 'cut.qrec');
  writeFileSync(cut, readFileSync(file));
  truncateSync(cut, readFileSync(file).length - 100);
  const refused = await run(['record', 'show', cut, '--json']);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'BAD_RECORD' });
  const again = await replay(cut);
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('it is cut off: its end is missing');
});

test('software with a planted bug replays it to other states, and says so', async () => {
  const changes = [
    {
      file: 'src/raft/quorum',
      find: 'Math.floor(voterCount / 2) + 1',
      replace: 'Math.floor(voterCount / 2)',
    },
  ];
  const bug = { name: 'a quorum too small', what: 'half is enough', changes };
  const planted = copyWith(bug, { root: DIST, names: FOLDERS, extension: 'js' });
  try {
    mkdirSync(planted, { recursive: true });
    writeFileSync(join(planted, 'package.json'), '{"type":"module"}');
    const script = `
      const { runCommand } = await import(process.argv[1]);
      const tell = { out: () => {}, err: () => {}, fail: ({ code }) => console.log(code) };
      process.exitCode = await runCommand(['replay', process.argv[2], '--json'], tell);`;
    const cli = join(planted, 'simulations', 'cli.js');
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, cli, file]);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ said: said.trim(), code }).toEqual({ said: 'NOT_THE_SAME_RUN', code: 1 });
  } finally {
    rmSync(planted, { recursive: true, force: true });
  }
}, 60_000);

test('a daemon that is stopped leaves its record behind', async () => {
  const [stopped] = survivors;
  if (stopped === undefined) throw new Error('expected a survivor');
  expect(await stopped.stop('SIGTERM')).toMatchObject({ code: 0 });
  const left = filesBelow(stopped.plan.directory).find((path) => path.endsWith('-stop.qrec'));
  const { records } = JSON.parse(
    mustSucceed(await run(['record', 'show', left ?? '', '--json'])),
  ) as { records: RecordSummary[] };
  expect(records).toMatchObject([{ node: stopped.name, replay: 'same' }]);
}, 60_000);

async function standing({ client }: Daemon): Promise<Standing> {
  const { term, node } = await client.nodeStatus();
  return { term, applied: node?.lastApplied ?? 0 };
}

function filesBelow(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.map((name) => join(directory, name));
}

async function replay(...args: readonly string[]): Promise<CommandEnd> {
  return run(['simulate', 'replay', ...args]);
}
