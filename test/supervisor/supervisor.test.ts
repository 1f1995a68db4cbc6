// Real processes under the real keeper: those that behave, and those that ignore signals, detach their children, flood their
// output, exit at once, hold too much or cannot be started. And what holds when the keeper itself is killed or stopped.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findContainment } from '../../src/supervisor/containment.js';
import { clock, definition, script, supervise, until } from './words.js';

const folder = mkdtempSync(join(tmpdir(), 'quorate-supervisor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A lease that a round beginning now gives. */
function leaseOf(epoch: number, leaseMs = 1000) {
  const nowMs = clock.nowMs();
  return { epoch, fromMs: 0, untilMs: nowMs + leaseMs, leaseMs } as Parameters<
    Awaited<ReturnType<typeof supervise>>['supervisor']['lease']
  >[0];
}

/** Where what runs says until when it lived, in seconds since boot. */
const lived = join(folder, 'lived');
const livedMs = (): number =>
  Math.max(...readFileSync(lived, 'utf8').trim().split('\n').map(Number)) * 1000;

/** Ignores SIGTERM, and so does a child in a session of its own whose parent is gone. */
const STUBBORN = script(
  `trap '' TERM; (setsid sh -c 'trap "" TERM; while :; do cut -d" " -f1 /proc/uptime >> ${lived}; sleep 0.05; done' &) ; while :; do sleep 0.05; done`,
);

/** The best that this machine permits, and what is left without it. */
const GUARANTEES = [...new Set([findContainment(null).guarantee, 'mark' as const])];

describe.each(GUARANTEES)('with descendants held by a %s', (atMost) => {
  test('whatever ignores SIGTERM and detaches is dead before its lease ends, without the daemon', async () => {
    const process = definition('stubborn', STUBBORN, { primaryOnly: true, stopGraceMs: 300 });
    const { supervisor, alive } = await supervise([process], { atMost });
    expect(supervisor.guarantee?.kind).toBe(atMost);
    expect(alive()).toEqual([]);
    const order = leaseOf(5, 4000);
    supervisor.lease(order);
    await until('all of it runs', () => alive().length >= (atMost === 'namespace' ? 4 : 2));
    await until('all of it is dead', () => alive().length === 0);
    expect(livedMs()).toBeLessThan(order.untilMs);
  });

  test('a hand-over ends gracefully at first and says when nothing is left', async () => {
    const polite = definition(
      'polite',
      script(
        `trap 'echo bye; exit 0' TERM; echo "epoch $QUORATE_EPOCH at $QUORATE_NODE"; while :; do sleep 0.02; done`,
      ),
      {
        primaryOnly: true,
      },
    );
    const stubborn = definition('stubborn', STUBBORN, { primaryOnly: true, stopGraceMs: 300 });
    const { supervisor, lines, alive } = await supervise([polite, stubborn], { atMost });
    supervisor.lease(leaseOf(5, 60_000));
    await until('it runs', () => lines.some((line) => line.includes('epoch 5 at 127.0.0.1:1')));
    await until('both run', () => alive('stubborn').length > 1);
    let leftAtWord = -1;
    supervisor.stop(5, () => {
      leftAtWord = alive().length;
    });
    await until('the word', () => leftAtWord !== -1);
    expect(leftAtWord).toBe(0);
    expect(lines.some((line) => line.startsWith('info bye'))).toBe(true);
  });
});

test('a keeper that is killed takes everything with it, and another takes over', async () => {
  const stubborn = definition('stubborn', STUBBORN, { primaryOnly: true, stopGraceMs: 300 });
  const { supervisor, lines, alive } = await supervise([stubborn]);
  supervisor.lease(leaseOf(5, 60_000));
  await until('it runs', () => alive().length > 3);
  const before = alive();
  const keeper = supervisor.keeperPid ?? 0;
  process.kill(keeper, 'SIGKILL');
  await until('all of before is dead', () => !alive().some((pid) => before.includes(pid)));
  await until('it runs again', () => alive().length > 3);
  expect(supervisor.keeperPid).not.toBe(keeper);
  expect(lines.some((line) => line.includes('the keeper died'))).toBe(true);
});

test.each([
  ['before the lease ends', 2200, 'the keeper does not say that nothing runs'],
  ['also while the lease is long', 60_000, 'the keeper does not answer'],
])('a keeper that is stopped is killed by the daemon %s', async (_, leaseMs, reason) => {
  const stubborn = definition('stubborn', STUBBORN, { primaryOnly: true, stopGraceMs: 300 });
  const { supervisor, lines, alive } = await supervise([stubborn]);
  supervisor.lease(leaseOf(5, 60_000));
  await until('it runs', () => alive().length > 3);
  const before = alive();
  process.kill(supervisor.keeperPid ?? 0, 'SIGSTOP');
  const order = leaseOf(5, leaseMs);
  supervisor.lease(order);
  await until('all of before is dead', () => !alive().some((pid) => before.includes(pid)));
  expect(livedMs()).toBeLessThan(order.untilMs);
  expect(lines.some((line) => line.includes(reason))).toBe(true);
});

test('a keeper that takes over starts nothing during a hand-over, nor under a reign that is over', async () => {
  const db = definition('db', STUBBORN, { primaryOnly: true, stopGraceMs: 300 });
  const { supervisor, alive } = await supervise([db]);
  const runs = (): Promise<void> => until('it runs', () => alive('db').length > 0);
  /** The state of the process under another keeper, which has read everything that it was told before. */
  const underAnother = async (): Promise<string | undefined> => {
    const before = supervisor.keeperPid;
    process.kill(before ?? 0, 'SIGKILL');
    await until('another keeper', () => ![before, null].includes(supervisor.keeperPid));
    return (await supervisor.look(60_000))?.[0]?.state;
  };
  const order = leaseOf(5, 60_000);
  supervisor.lease(order);
  await runs();
  supervisor.stop(5, () => undefined);
  expect(await underAnother()).toBe('standby');
  supervisor.resume(5);
  await runs();
  await new Promise<void>((resolve) => supervisor.stop(5, resolve));
  // Its proof of stop is proposed.
  supervisor.over(5);
  expect(await underAnother()).toBe('standby');
  supervisor.lease({ ...order, untilMs: order.untilMs + 1000 });
  expect((await supervisor.look(60_000))?.[0]).toMatchObject({ state: 'standby', pid: null });
  supervisor.lease(leaseOf(6, 60_000));
  await runs();
  expect((await supervisor.look(60_000))?.[0]?.epoch).toBe(6);
}, 120_000);

test('a process gets what any program needs and its own variables, nothing else of the daemon', async () => {
  const before = { ...process.env };
  Object.assign(process.env, { QUORATE_KEY: 'secret', SECRET_OF_DAEMON: 'x', LC_TIME: 'C' });
  const { lines } = await supervise([
    definition('shows', script('tr "\\0" "\\n" < /proc/self/environ; echo end; sleep 1000'), {
      environment: { OWN: 'mine' },
      stopGraceMs: 100,
    }),
  ]);
  process.env = before;
  await until('it was said', () => lines.some((line) => line.startsWith('info end')));
  const names = lines.flatMap((line) => /^info (\w+)=/.exec(line)?.[1] ?? []);
  const own = ['OWN', 'QUORATE_NODE', 'QUORATE_NODE_NAME', 'QUORATE_RUN', 'LC_TIME', 'PATH'];
  expect(names).toEqual(expect.arrayContaining(own));
  const known =
    /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TMPDIR|XDG_RUNTIME_DIR|LC_\w+|PWD)$/;
  expect(names.filter((name) => !own.includes(name) && !known.test(name))).toEqual([]);
});

test('a group starts and ends in order; what was stopped stays so under another keeper', async () => {
  const member = (name: string) =>
    definition(
      name,
      script(
        `trap 'echo ${name} ends; exit 0' TERM; echo ${name} ready; while :; do sleep 0.02; done`,
      ),
      {
        group: 'G',
        primaryOnly: name !== 'c',
      },
    );
  const { supervisor, lines, alive } = await supervise([member('a'), member('b'), member('c')]);
  // A signal that comes before the trap is set would end them without a word.
  const areReady = (...names: readonly string[]): boolean =>
    names.every((name) => lines.some((line) => line.startsWith(`info ${name} ready`)));
  const runs = (): string[] =>
    lines.flatMap((line) => /a process runs .*"process":"(\w)"/.exec(line)?.[1] ?? []);
  supervisor.lease(leaseOf(5, 60_000));
  await until('all run', () => areReady('a', 'b', 'c') && runs().length === 3);
  expect(runs().filter((name) => name !== 'c')).toEqual(['a', 'b']);
  await supervisor.command('a', 'stop', 5000);
  await supervisor.command('c', 'stop', 5000);
  await until('they are dead', () => alive('a').length + alive('c').length === 0);
  const first = supervisor.keeperPid;
  process.kill(first ?? 0, 'SIGKILL');
  await until('another keeper runs it', () => {
    return supervisor.keeperPid !== first && alive('b').length > 0;
  });
  const view = (await supervisor.look(5000)) ?? [];
  expect(view.map(({ name, state }) => [name, state])).toEqual([
    ['a', 'stopped'],
    ['b', 'running'],
    ['c', 'stopped'],
  ]);
  lines.length = 0;
  supervisor.lease(leaseOf(6, 60_000));
  await until('both run in the next reign', () => areReady('a', 'b'));
  expect(alive('c')).toEqual([]);
  lines.length = 0;
  const ended = new Promise<void>((resolve) => supervisor.stop(6, resolve));
  await ended;
  const ends = (): string[] => lines.flatMap((line) => /^info (\w) ends/.exec(line)?.[1] ?? []);
  await until('both have said so', () => ends().length === 2);
  expect(ends()).toEqual(['b', 'a']);
});

test('misfits are told apart: exits at once, cannot be started, holds too much, floods', async () => {
  const restart = { limit: 1, withinMs: 60_000 };
  const file = join(folder, 'flood.log');
  const { supervisor, lines, alive } = await supervise([
    definition('exits', script('exit 3'), { restart }),
    definition('absent', ['no-such-program-here'], { restart }),
    definition('homeless', script('true'), { workingDirectory: '/no/such/place', restart }),
    definition('nobody', script('true'), { user: 'no-such-user', restart }),
    definition(
      'greedy',
      ['node', '-e', 'const a = []; setInterval(() => a.push(Buffer.alloc(8e6, 1)), 10)'],
      {
        memoryBytes: 150_000_000,
        restart: { limit: 0, withinMs: 1000 },
      },
    ),
    definition('floods', script('while :; do echo 0123456789; done'), { stopGraceMs: 100 }),
    definition('files', script('while :; do echo 0123456789; done'), {
      stopGraceMs: 100,
      output: { file, maxBytes: 20_000, keep: 2 },
    }),
    definition('waits', script('sleep 1000'), { start: false, group: 'LATER' }),
    definition('other', script('id -u; sleep 1000'), { user: 'nobody', stopGraceMs: 100 }),
  ]);
  const said = (text: string): boolean => lines.some((line) => line.includes(text));
  await until('what exits is given up', () => said('2 times within 60 s, at last: exit code 3'));
  await until('absent', () => said('cannot be started: there is no program no-such-program-here'));
  await until('homeless', () => said('its working directory /no/such/place does not exist'));
  await until('nobody', () => said('there is no user no-such-user'));
  await until('greedy', () => said('more than its 143.1 MiB'));
  await until('the flood is cut', () => said('it writes faster than the log takes'));
  await until('the file is rotated', () => {
    try {
      return readFileSync(`${file}.2`).length > 0;
    } catch {
      return false;
    }
  });
  await until('another user', () => lines.some((line) => line.startsWith('info 65534')));
  const view = (await supervisor.look(5000)) ?? [];
  const states = Object.fromEntries(view.map(({ name, state }) => [name, state]));
  expect(states).toMatchObject({
    exits: 'failed',
    absent: 'failed',
    floods: 'running',
    waits: 'stopped',
  });
  const done = { type: 'done', names: ['waits'] };
  expect(await supervisor.command('LATER', 'start', 5000)).toEqual(done);
  expect(await supervisor.command('nothing', 'start', 5000)).toEqual({ type: 'unknown' });
  await until('it was started', () => alive('waits').length > 0);
  await until('it is measured', () => lines.length > 0 && alive('floods').length > 0);
  await supervisor.end();
  expect(alive()).toEqual([]);
  expect(said('the keeper did not end in time')).toBe(false);
});
