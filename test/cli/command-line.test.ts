// The built command as a process: help of every command, global options anywhere, one line or one object for an error,
// exit codes, and quiet ends. Needs no daemon: what is asked for here fails or ends before one would be needed.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { BIN, run } from '../support/cluster.js';

/** Nothing listens on port 1 of this machine. */
const NOBODY = '127.0.0.1:1';

const COMMANDS = [
  'start',
  'cluster-start',
  'cluster-join',
  'cluster-add',
  'cluster-remove-node',
  'cluster-replace-node',
  'set-primary',
  'pause',
  'resume',
  'mon-cluster',
  'mon',
  'process',
  'process list',
  'process start',
  'session',
  'session put',
  'session get',
  'session list',
  'session touch',
  'session delete',
  'store',
  'store put',
  'store cas',
  'store get',
  'store list',
  'store delete',
  'store txn',
  'lock',
  'lock run',
  'lock release',
  'elect',
  'elect leader',
  'job',
  'job submit',
  'job get',
  'job work',
  'service',
  'service register',
  'service report',
  'service get',
  'service list',
  'service resolve',
  'service deregister',
  'policy',
  'policy put',
  'policy get',
  'policy list',
  'policy history',
  'policy diff',
  'policy rollback',
  'policy delete',
  'policy status',
  'setting list',
  'setting get',
  'setting history',
  'events',
  'explain',
  'check',
  'demo',
];
const CHANGING = [
  'cluster-start',
  'cluster-join',
  'cluster-add',
  'cluster-remove-node',
  'cluster-replace-node',
  'set-primary',
  'pause',
  'resume',
  'policy put',
  'policy rollback',
  'policy delete',
];

/** They change what runs, and nothing that the cluster remembers. */
const REASONED = ['process start', 'process stop', 'process restart'];

/** They change facts: they are rehearsed, and no reason is kept of them. */
const REHEARSED = [
  'session put',
  'session touch',
  'session delete',
  'store put',
  'store cas',
  'store delete',
  'store txn',
  'lock release',
  'job submit',
  'job cancel',
  'job retry',
  'service deregister',
];

describe('help', () => {
  test.each(COMMANDS)(
    'of %s has usage, options and examples, and exits with 0',
    async (command) => {
      const { stdout, stderr, code } = await run([...command.split(' '), '--help']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: quorate ${command}`));
      expect(stdout).toMatch(new RegExp(`Examples:\\n  quorate ${command}`));
      for (const option of ['--json', '--node <address>', '--timeout <duration>']) {
        expect(stdout).toContain(option);
      }
      const isJudged = CHANGING.includes(command) || REASONED.includes(command);
      expect(stdout.includes('--dry-run')).toBe(isJudged || REHEARSED.includes(command));
      expect(stdout.includes('--reason <text>')).toBe(isJudged);
      for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(103);
    },
  );

  test('lists the commands, and not the spellings of older products', async () => {
    const { stdout, code } = await run(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(command.split(' ')[0]);
    expect(stdout).not.toMatch(/SetPrimary|MonCluster/);
  });

  test('the version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    [['--help']],
    [['--version']],
    [['session', 'put', '--help']],
    [['session', 'put', 'x']],
  ])('%j loads no gRPC', async (args) => {
    const spy = `data:text/javascript,${encodeURIComponent(
      `import { createRequire } from 'node:module';
         const { cache } = createRequire(${JSON.stringify(BIN)});
         process.on('exit', () => console.error(Object.keys(cache).filter((path) => path.includes('grpc')).length + ' loaded'));`,
    )}`;
    const { stderr } = await run(args, { execArgs: ['--import', spy] });
    expect(stderr).toMatch(/(^|\n)0 loaded\n$/);
  });

  test('a command that asks a node does load it, so that the check above can fail', async () => {
    const spy = `data:text/javascript,${encodeURIComponent(
      `import { createRequire } from 'node:module';
       const { cache } = createRequire(${JSON.stringify(BIN)});
       process.on('exit', () => console.error(Object.keys(cache).filter((path) => path.includes('grpc')).length + ' loaded'));`,
    )}`;
    const { stderr } = await run(['events', '--node', NOBODY], { execArgs: ['--import', spy] });
    expect(stderr).toMatch(/\n[1-9]\d* loaded\n$/);
  });
});

describe('global options', () => {
  test.each([
    ['before the command', ['--json', '--node', NOBODY, '--timeout', '1s', 'session', 'get', 'x']],
    ['after the command', ['session', 'get', 'x', '--timeout', '1s', '--node', NOBODY, '--json']],
    ['in between', ['session', '--node', NOBODY, 'get', '--json', 'x', '--timeout', '1s']],
    ['with =', ['session', `--node=${NOBODY}`, 'get', 'x', '--json', '--timeout=1s']],
    ['beside own options', ['session', 'get', '--stale', '--json', 'x', '--node', NOBODY]],
  ])('are accepted %s', async (_name, args) => {
    const { stdout, stderr, code } = await run(args);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    const told = JSON.parse(stderr) as Record<string, string>;
    expect(Object.keys(told)).toEqual(['error', 'code', 'hint']);
    expect(told).toMatchObject({ code: 'UNREACHABLE' });
    expect(told['error']).toContain(NOBODY);
  });

  test('the environment names the node, and the option wins', async () => {
    const env = { QUORATE_NODE: '127.0.0.1:2' };
    expect((await run(['events'], { env })).stderr).toContain('127.0.0.1:2 ');
    expect((await run(['events', '--node', NOBODY], { env })).stderr).toContain(`${NOBODY} `);
    const wrong = await run(['events'], { env: { QUORATE_NODE: 'a b' } });
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
  });

  test('an older spelling is the same command', async () => {
    const { stderr, code } = await run(['MonCluster', '--node', NOBODY]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^quorate: 127\.0\.0\.1:1 cannot be reached: .*\n$/);
  });
});

describe('simulate', () => {
  test('has help of its own, and loads the simulator only when asked', async () => {
    const { stdout, code } = await run(['simulate', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: quorate simulate COMMAND/);
  });

  test('runs a seed and says so, with --json wherever it stands', async () => {
    const plain = await run(['simulate', 'run', '--seed', '42', '--time', '1s']);
    expect(plain.code).toBe(0);
    expect(plain.stdout).toMatch(/^seed 42\n/);
    const json = await run(['--json', 'simulate', 'run', '--seed', '42', '--time', '1s']);
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({ seed: '42' });
  });

  test('refuses what it does not know with 2', async () => {
    const plain = await run(['simulate', 'run', '--sead', '42']);
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toMatch(/^quorate: .*--sead.* See `quorate simulate --help`\.\n$/);
    const json = await run(['simulate', 'walk', '--json']);
    expect(json).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(json.stderr)).toMatchObject({ code: 'WRONG_USAGE' });
  });

  test('checks a history within the --timeout of the command line', async () => {
    const history = 'test/simulation/histories/kv/c01-ok.txt';
    expect(await run(['simulate', 'check', history, '--timeout', '30s'])).toMatchObject({
      code: 0,
    });
    const json = await run(['simulate', 'check', history, '--timeout', '1x', '--json']);
    expect(json.code).toBe(2);
  });
});

describe('wrong usage', () => {
  test.each([
    ['an unknown command', ['cluster-strat'], /Did you mean cluster-start\?/],
    ['an unknown option', ['mon-cluster', '--wacth'], /Did you mean --watch\?/],
    ['a missing argument', ['session', 'get'], /missing required argument 'id'/],
    ['no attribute', ['session', 'put', 'x'], /missing required argument 'KEY=VALUE'/],
    [
      'KEY without =',
      ['session', 'put', 'x', 'novalue'],
      /KEY=VALUE: expected a key, = and a value, got "novalue"/,
    ],
    ['a key given twice', ['session', 'put', 'x', 'a=1', 'a=2'], /"a" is given twice/],
    ['too many arguments', ['mon-cluster', 'n1'], /too many arguments/],
    ['a duration without a unit', ['events', '--timeout', '10'], /a duration such as/],
    ['a life that is too short', ['session', 'put', 'x', 'a=1', '--ttl', '1s'], /2s to 24h/],
    ['an address without brackets', ['cluster-join', '::1'], /IPv6 address in brackets/],
    ['a name with a space', ['cluster-remove-node', 'a b'], /1 to 63 letters/],
    ['a revision that is no number', ['events', '--after', 'x'], /a whole number/],
    ['too many nodes', ['demo', '--nodes', '99'], /a whole number from 1 to 9/],
    ['a story about two', ['demo', '--story', '--nodes', '2'], /--story is about 3 nodes/],
    [
      'an address off loopback',
      ['start', '--listen', '0.0.0.0', '--advertise', '10.0.0.1'],
      /--insecure/,
    ],
  ])('%s ends with 2 and one line', async (_name, args, message) => {
    const plain = await run(args);
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toMatch(/^quorate: [^\n]*\n$/);
    expect(plain.stderr).toMatch(message);
  });

  test('with --json it is an object', async () => {
    const { stderr, code } = await run(['session', 'put', 'x', 'novalue', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'WRONG_USAGE',
      hint: 'See `quorate session put --help`.',
    });
  });

  test.each([[[]], [['session']]])('%j alone shows the help on standard error', async (args) => {
    const { stdout, stderr, code } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: quorate/);
  });
});

describe('the end of a process', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s is exit code %d', async (signal, code) => {
    const child = spawn(process.execPath, [BIN, 'mon-cluster', '--watch', '--node', NOBODY], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // Its first line says that it looks, and therefore that it listens to signals.
    await new Promise((resolve) => child.stderr.once('data', resolve));
    child.kill(signal);
    expect(await ended).toBe(code);
  });

  test('is quiet when the reader goes away', async () => {
    const child = spawn(process.execPath, [BIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
