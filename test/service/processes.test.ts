// quorate.v1.Processes over the wire, with a keeper that answers as told: what people and scripts are shown of a node and its
// processes, and that every refusal says what to do. What the keeper decides is tested with the keeper.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { styleFor } from '../../cli/format.js';
import { monKey, monLines, monView } from '../../cli/process-view.js';
import { clusterLines } from '../../cli/status-view.js';
import { QuorateClient } from '../../src/client/client.js';
import { clusterView } from '../../src/client/cluster-view.js';
import type { ProcessView } from '../../src/keeper/process-view.js';
import type { CommandAnswer } from '../../src/keeper/words.js';
import type { ProcessPort } from '../../src/service/modules.js';
import { Stays } from '../../src/supervisor/stays.js';
import { definition } from '../supervisor/words.js';
import { CLUSTER } from '../../src/client/protos.js';
import { eventually, TestCluster } from './harness.js';

const RUNS: ProcessView = {
  name: 'AUTH_CONSOLIDATOR',
  group: 'AUTH',
  primaryOnly: true,
  state: 'running',
  pid: 4711,
  epoch: 7,
  restarts: 2,
  cpuPercent: 153,
  memoryBytes: 1_546_188_226,
  processCount: 12,
  uptimeMs: 3_725_000,
  why: null,
};
const FAILS: ProcessView = {
  ...RUNS,
  name: 'a-process-with-a-name-of-sixty-three-characters-that-nobody-reads',
  group: null,
  primaryOnly: false,
  state: 'failed',
  pid: null,
  epoch: null,
  cpuPercent: null,
  memoryBytes: null,
  processCount: 0,
  uptimeMs: null,
  why: 'exit code 3',
};

const cluster = new TestCluster();
let answer: CommandAnswer | null = null;
let views: readonly ProcessView[] | null = [RUNS, FAILS];
const commands: string[] = [];
const stays = new Stays();
const port: ProcessPort = {
  processes: [
    definition('AUTH_CONSOLIDATOR', ['x'], { group: 'AUTH', environment: { PASSWORD: 'secret' } }),
  ],
  guarantee: { kind: 'mark', why: 'no PID namespace (refused)' },
  keeperPid: 99,
  stays,
  look: () => Promise.resolve(views),
  command: (name, action) => {
    commands.push(`${action} ${name}`);
    return Promise.resolve(answer);
  },
};
let client: QuorateClient;
let bare: QuorateClient;

beforeAll(async () => {
  const kept = await cluster.add(1, {}, port);
  const other = await cluster.add(2);
  client = new QuorateClient({ address: kept.api });
  bare = new QuorateClient({ address: other.api });
  await other.ask(CLUSTER.Start, {}, { isWrite: true });
  await kept.ask(CLUSTER.Join, { addresses: [other.api] }, { isWrite: true });
  await eventually(() => kept.node.status().leaderId !== null);
});

afterAll(async () => {
  client.close();
  bare.close();
  await cluster.stop();
});

test('a node tells how it is and what runs, and no environment', async () => {
  const response = await client.listProcesses();
  expect(JSON.stringify(response)).not.toContain('secret');
  const view = monView(response);
  expect(view).toMatchObject({
    node: { name: 'n1', pid: 1, cpuPercent: null, memoryBytes: 1, version: '0.1.0' },
    supervision: { guarantee: 'mark', keeperPid: 99 },
    processes: [
      { ...RUNS, state: 'RUNNING' },
      { ...FAILS, state: 'FAILED' },
    ],
  });
  const lines = monLines(view, styleFor({}));
  expect(lines.join('\n')).toMatch(
    /AUTH_CON.* RUNNING +primary +4711 +2 +12 +153 % +1\.4 GiB +1 h 2 m/,
  );
  expect(lines.at(-1)).toMatch(/\(FAILED\): exit code 3$/);
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
  const later = await client.listProcesses();
  expect(monKey(monView(later))).toBe(monKey(view));
});

test('what is configured is shown without a keeper, and a node without processes too', async () => {
  views = null;
  const silent = monView(await client.listProcesses());
  expect(silent.processes).toMatchObject([{ name: 'AUTH_CONSOLIDATOR', state: null, pid: null }]);
  const none = monView(await bare.listProcesses());
  expect(none).toMatchObject({ node: { name: 'n2' }, supervision: null, processes: [] });
  expect(monLines(none, styleFor({})).at(-1)).toBe('No processes are configured.');
});

test('a command is carried out, or refused with what to do', async () => {
  const start = (name = 'AUTH') => client.commandProcess('start', { name, reason: 'test' });
  answer = { type: 'done', names: ['AUTH_CONSOLIDATOR'] };
  expect(await start()).toEqual({ names: ['AUTH_CONSOLIDATOR'] });
  await client.commandProcess('stop', { name: 'AUTH' });
  await client.commandProcess('restart', { name: 'AUTH' });
  expect(commands).toEqual(['start AUTH', 'stop AUTH', 'restart AUTH']);
  const refusals: readonly (readonly [CommandAnswer | null, string, RegExp])[] = [
    [{ type: 'runs' }, 'PROCESS_RUNS', /AUTH_CONSOLIDATO runs already/],
    [{ type: 'stopped' }, 'PROCESS_STOPPED', /does not run/],
    [{ type: 'unknown' }, 'UNKNOWN_PROCESS', /did you mean AUTH_CONSOLIDATOR\?/],
    [{ type: 'ending' }, 'STOPPING', /the daemon ends/],
    [null, 'KEEPER_SILENT', /does not answer/],
  ];
  for (const [said, code, message] of refusals) {
    answer = said;
    await expect(
      client.commandProcess('start', { name: 'AUTH_CONSOLIDATO' }, { retry: false }),
    ).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  }
  answer = { type: 'notPrimary' };
  // A busy machine may elect anew meanwhile.
  await vi.waitFor(
    () =>
      expect(start()).rejects.toMatchObject({
        code: 'NOT_PRIMARY',
        message: 'AUTH runs only on the primary, which is n2; this is n1',
        hint: expect.stringMatching(/--node 127\.0\.0\.1:\d+`/) as string,
      }),
    { timeout: 30_000 },
  );
  await expect(bare.commandProcess('stop', { name: 'x' })).rejects.toMatchObject({
    code: 'UNKNOWN_PROCESS',
  });
  await expect(start('no such name')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test('what stays up nowhere is named by mon, by mon-cluster on any node, and forgotten with its reign', async () => {
  const WHY = '4 times within 60 s, at last: exit code 3; every node has tried it';
  expect(stays.note({ name: FAILS.name, epoch: 7, why: WHY, retryMs: 30_000 })).toBe(true);
  expect(stays.note({ name: FAILS.name, epoch: 7, why: WHY, retryMs: 60_000 })).toBe(false);
  views = [RUNS, { ...FAILS, primaryOnly: true }];
  const line = `${FAILS.name} runs nowhere: mend what it lacks, then quorate process start ${FAILS.name} (tried again by itself 60 s after it was given up); ${WHY}`;
  const mon = monView(await client.listProcesses());
  expect(mon.processes.map(({ why }) => why)).toEqual([null, line]);
  for (const asked of [client, bare]) {
    const view = clusterView(await asked.status());
    expect(view.nodes.find(({ name }) => name === 'n1')?.trouble).toBe(line);
    expect(clusterLines(view, styleFor({})).join('').replaceAll('  ', ' ')).toContain(
      `n1: ${line}`,
    );
  }
  stays.over(6);
  expect(stays.all).toHaveLength(1);
  stays.over(7);
  expect(monView(await client.listProcesses()).processes[1]?.why).toBe(FAILS.why);
});
