// `config check`, `install`, `system` and `lb` in this process, against one daemon that was started with a configuration file: what
// is printed, what takes effect at once, what needs a restart and why. Where file and cluster disagree, all who ask are told.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { buildProgram } from '../../cli/program.js';
import { daemonSettings } from '../../src/config/daemon-settings.js';
import { readConfig } from '../../src/config/read-config.js';
import type { QuorateError } from '../../src/errors.js';
import { startDaemon } from '../../src/main.js';
import type { Daemon } from '../../src/main.js';
import { freePorts, until } from '../forming/words.js';

const directory = mkdtempSync(join(tmpdir(), 'quorate-install-'));
const file = join(directory, 'quorate.yaml');
let daemon: Daemon;
let text: (more?: { node?: string; cluster?: string; system?: string }) => string;

beforeAll(async () => {
  const [peers, api, http] = await freePorts(3);
  text = ({ node = '', cluster = '', system = '' } = {}) =>
    [
      `cluster: { name: Shop, accept: "tcp://127.0.0.1:${peers}", expect: 1, electionTimeout: 300ms${cluster} }`,
      `node: { name: A, dataDir: data, api: "127.0.0.1:${api}", http: "127.0.0.1:${http}"${node} }`,
      `system: { name: DEV, hosts: [A]${system} }`,
    ].join('\n');
  writeFileSync(file, text({ node: ', priority: 40, logLevel: error' }));
  const { config } = await readConfig(file, {});
  const defaults = { dataDir: join(directory, 'data') };
  const configuration = { file, config, given: {}, defaults };
  daemon = await startDaemon({ ...defaults, ...daemonSettings(config), configuration });
  await until('a primary', () => daemon.status().isPrimary);
});

afterAll(async () => {
  await daemon.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a command and answers what it printed on standard output; rejects as the command does. */
async function printed(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    lines.push(String(chunk));
    return true;
  });
  try {
    await buildProgram(() => {}).parseAsync([...args, '--node', daemon.api], { from: 'user' });
    return lines.join('');
  } finally {
    spy.mockRestore();
  }
}

async function printedJson(...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await printed(...args, '--json')) as Record<string, unknown>;
}

async function refused(...args: string[]): Promise<QuorateError> {
  return printed(...args).then(
    (output) => Promise.reject(new Error(`expected a refusal, got ${output}`)),
    (error: unknown) => error as QuorateError,
  );
}

/** What is printed of processes and health checks, without their names' section. */
function about(output: string): string[] {
  const lines = output
    .split('\n')
    .filter((line) => /: (processes|healthChecks|hooks)\./.test(line));
  return lines.map((line) => line.replace(/(processes|healthChecks)\./, ''));
}

async function states(): Promise<Record<string, { state: string; uptimeMs: number | null }>> {
  const { processes } = (await printedJson('mon')) as {
    processes: { name: string; state: string; uptimeMs: number | null }[];
  };
  return Object.fromEntries(
    processes.map(({ name, state, uptimeMs }) => [name, { state, uptimeMs }]),
  );
}

async function untilStates(wanted: Record<string, string>): Promise<void> {
  const untilMs = performance.now() + 60_000;
  for (;;) {
    const seen = Object.entries(await states()).map(([name, { state }]) => `${name} ${state}`);
    const expected = Object.entries(wanted).map(([name, state]) => `${name} ${state}`);
    if (seen.join() === expected.join()) return;
    if (performance.now() > untilMs) throw new Error(`waited in vain, seen: ${seen.join()}`);
  }
}

describe('config check', () => {
  test('tells what a file means, and whether it says what runs', async () => {
    const output = await printed('config', 'check', file, '--running');
    expect(output).toContain(`${file} is right: cluster Shop, 1 host, 0 items, 0 processes.`);
    expect(output).toContain('A runs what the file says.');
  });

  test('refuses a file with errors, and prints them as data with --json', async () => {
    const wrong = join(directory, 'wrong.yaml');
    writeFileSync(wrong, 'cluster: { name: Shop, expct: 1 }\nnode: { priority: 101 }');
    expect(await refused('config', 'check', wrong, '--json')).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${wrong} has 2 errors`,
    });
    expect(await refused('install', wrong, '--json')).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('install', () => {
  test('shows first, then activates what it can, and says why the rest needs a restart or stays', async () => {
    writeFileSync(
      file,
      text({
        node: ', priority: 70, logLevel: silent',
        cluster: ', connect: "tcp://127.0.0.1:1"',
        system: ', items: { location: LO }',
      }).replace('electionTimeout: 300ms', 'electionTimeout: 400ms'),
    );
    const plan = await printedJson('install', file, '--dry-run');
    expect(plan).toMatchObject({ node: 'A', dryRun: true, revision: null, note: null });
    const told = (plan['differences'] as Record<string, unknown>[]).map(
      ({ key, runs, says, effect }) => [key, runs, says, effect],
    );
    expect(told).toEqual([
      ['cluster.electionTimeout', '300ms', '400ms', 'never'],
      ['cluster.connect', '', 'tcp://127.0.0.1:1', 'restart'],
      ['node.priority', '40', '70', 'live'],
      ['node.logLevel', 'error', 'silent', 'live'],
    ]);
    expect(plan['activated']).toEqual([
      'adds the system: none becomes DEV, A',
      'adds item location',
    ]);
    expect(daemon.status().configuration.members[0]?.priority).toBe(40);

    const output = await printed('install', file, '--reason', 'a test');
    expect(output).toContain('Activated: adds item location');
    expect(output).toContain('Activated: node.priority 40 becomes 70');
    expect(output).toContain('Needs a restart of A: cluster.connect');
    expect(output).toContain('Stays: cluster.electionTimeout 300ms, not 400ms');
    await until('the row', () => daemon.status().configuration.members[0]?.priority === 70);

    const again = await printedJson('install', file);
    expect(again['activated']).toEqual([]);
    expect((again['differences'] as { key: string }[]).map(({ key }) => key)).toEqual([
      'cluster.electionTimeout',
      'cluster.connect',
    ]);
    expect(await printed('system')).toBe('System: DEV, A\nlocation = LO\n');
  });

  test('tells in mon-cluster and on the HTTP port where the file disagrees with the cluster', async () => {
    const differs = ['cluster.electionTimeout is 300ms in the cluster, 400ms in the file'];
    const view = (await printedJson('mon-cluster')) as { nodes: { differs?: string[] }[] };
    expect(view.nodes[0]?.differs).toEqual(differs);
    expect(await printed('mon-cluster')).toContain(`A's configuration file: ${differs[0]}`);
    const health = await fetch(`http://${daemon.http}/health`);
    expect(await health.json()).toMatchObject({ differs });
  });

  test('opens no file but its own, and none that holds something else there', async () => {
    const other = join(directory, 'other.yaml');
    writeFileSync(other, text({ system: ', items: { location: NY }' }));
    const output = await printed('install', other, '--dry-run');
    expect(output).toContain('Would be activated: changes item location');
    expect(output).toContain(`was started with ${file}, not with ${other}`);
    const client = new (await import('../../src/client/client.js')).QuorateClient({
      address: daemon.api,
    });
    try {
      const asked = client.install({ file, sha256: Buffer.alloc(32), dryRun: true });
      await expect(asked).rejects.toMatchObject({ code: 'OTHER_CONFIG_FILE' });
      const wrong = client.install({ file, sha256: Buffer.alloc(3) });
      await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    } finally {
      client.close();
    }
  });

  test('starts, ends and starts again exactly those processes that changed', async () => {
    const own = text({
      node: ', priority: 70, logLevel: silent',
      system: ', items: { location: LO }',
    });
    const install = async (...lines: string[]): Promise<string[]> => {
      writeFileSync(file, [own, ...lines].join('\n'));
      return about(await printed('install', file));
    };
    const a = '  - { name: a, command: [sleep, "1000"] }';
    const b = '  - { name: b, command: [sleep, "1000"], primaryOnly: true, stopGrace: 5s }';
    writeFileSync(file, [own, 'processes:', a, b].join('\n'));
    expect(about(await printed('config', 'check', file, '--running'))).toEqual([
      'Would be activated: a: new: it starts',
      'Would be activated: b: new: it starts where the primary is',
    ]);
    expect(await printedJson('mon')).toMatchObject({ processes: [] });
    // The daemon was started without any process, so there was no keeper either.
    expect(await install('processes:', a, b)).toEqual([
      'Activated: a: new: it starts; here now',
      'Activated: b: new: it starts where the primary is; here now',
    ]);
    await untilStates({ a: 'RUNNING', b: 'RUNNING' });

    const againMs = performance.now();
    const other = b.replace('"1000"', '"2000"').replace('5s', '6s');
    const check = 'healthChecks: [{ name: t, tcp: "127.0.0.1:1", fall: 1 }]';
    const hook = 'hooks: { afterPromotion: { command: ["true"] } }';
    expect(await install('processes:', a, other, check, hook)).toEqual([
      'Activated: b: another command, stopGrace: where it runs it ends within its grace, and starts as the file says; it was told to end, and starts again',
      'Activated: t: new: it counts from its first result on',
      'Activated: hooks.afterPromotion: new: from the next occasion on',
    ]);
    await until('the verdict', () => daemon.status().unfit?.startsWith('t: ') === true);
    await untilStates({ a: 'RUNNING', b: 'RUNNING' });
    const sinceMs = performance.now() - againMs;
    const { a: same, b: restarted } = await states();
    expect(same?.uptimeMs).toBeGreaterThan(sinceMs);
    expect(restarted?.uptimeMs).toBeLessThan(performance.now() - againMs);

    expect(await install('processes:', other)).toEqual([
      'Activated: a: no longer said: it ends within its grace, and is supervised no more; it was told to end',
      'Activated: t: no longer said: it ends',
      'Activated: hooks.afterPromotion: no longer said: from the next occasion on',
    ]);
    await until('the verdict', () => daemon.status().unfit === null);
    await untilStates({ b: 'RUNNING' });
    expect(await install()).toHaveLength(1);
    await untilStates({});
  }, 120_000);

  test('changes nothing for a file of another cluster, or one that is broken by now', async () => {
    writeFileSync(file, text().replace('Shop', 'Other'));
    expect(await refused('install', file)).toMatchObject({ code: 'CLUSTER_NAME_MISMATCH' });
    writeFileSync(file, 'cluster: {');
    expect(await refused('install', file, '--json')).toMatchObject({ code: 'CONFIG_INVALID' });
    await daemon.reload();
    expect(daemon.status().configuration.members[0]?.priority).toBe(70);
  });
});

describe('lb', () => {
  test.each([
    ['haproxy', 'http-check send meth GET uri /primary', '    server A 127.0.0.1:'],
    ['nginx', 'listen 127.0.0.1:7002;', '        server 127.0.0.1:'],
    ['envoy', 'path: "/primary"', 'address: "127.0.0.1"'],
  ])('%s is told every member and how to check it', async (product, check, member) => {
    const output = await printed('lb', product, '--http', `A=${daemon.http?.split(':')[1]}`);
    expect(output).toContain(check);
    expect(output).toContain(member);
    expect((await printedJson('lb', product))['product']).toBe(product);
  });

  test('refuses a port for a node that is no member', async () => {
    expect(await refused('lb', 'haproxy', '--http', 'B=80')).toMatchObject({
      code: 'UNKNOWN_NODE',
    });
  });
});
