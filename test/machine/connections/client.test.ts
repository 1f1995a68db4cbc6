// The command line against hosts that do not answer as a daemon does, with readers that go away, and under signals.
// Whatever happens it ends in time, says one line that names the address and the next step, and has the right exit code.

import { afterEach, describe, expect, test } from 'vitest';

import { BadHost } from '../../support/bad-hosts.js';
import { BIN, startCleanDaemons } from '../../support/cluster.js';
import { Namespaces } from '../partition/namespaces.js';
import { begin, quorate, shell } from './running.js';
import type { End } from './running.js';

const TIMEOUT_MS = 1500;
/** Starting and ending Node on a busy machine. */
const START_MS = 15_000;

const WRITE = ['session', 'put', 'x', 'a=1'];

let cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  cleanUps = [];
});

async function badHost(behaviour: string): Promise<BadHost> {
  const host = await BadHost.start(behaviour);
  cleanUps.push(() => host.close());
  return host;
}

function at(address: string): string[] {
  return ['--node', address, '--timeout', `${TIMEOUT_MS}ms`];
}

function expectNoAnswer(end: End, address: string): void {
  expect(end.stderr).toMatch(/^quorate: [^\n]*[.!?] [^\n]*\.\n$/);
  expect(end.stderr).toContain(address);
  expect(end.stderr).not.toMatch(/metadata filters|LB pick|\bat .*\.js:/);
  expect(end).toMatchObject({ code: 3, stdout: '' });
  expect(end.tookMs).toBeLessThan(TIMEOUT_MS + START_MS);
}

describe('a host that', () => {
  test.each([
    ['accepts and says nothing', ['session', 'get', 'x']],
    ['speaks HTTP/1', ['mon-cluster']],
    ['takes the request and never answers', ['session', 'put', 'x', 'a=1']],
    ['begins an answer and hangs up', ['events']],
  ])('%s is no answer', async (behaviour, command) => {
    const { address } = await badHost(behaviour);
    expectNoAnswer(await quorate(...command, ...at(address)).end, address);
  });

  test('swallows every packet is no answer', async () => {
    const namespaces = Namespaces.create();
    cleanUps.push(() => namespaces.remove());
    namespaces.cut(namespaces.right);
    const address = `${namespaces.right.address}:6001`;
    const command = [process.execPath, BIN, ...WRITE, ...at(address)];
    const end = await begin('ip', namespaces.inside(namespaces.left, command)).end;
    expectNoAnswer(end, address);
    expect(end.stderr).not.toContain('may have happened');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('never answers is left at once by %s', async (signal, code) => {
    const host = await badHost('takes the request and never answers');
    const running = quorate(...WRITE, '--node', host.address, '--timeout', '60s');
    await host.asked;
    const signalledMs = performance.now();
    running.child.kill(signal);
    expect(await running.end).toMatchObject({ code, stdout: '', stderr: '' });
    expect(performance.now() - signalledMs).toBeLessThan(START_MS);
  });
});

test('output to a reader that goes away ends quietly, to a full disk with 1 and one line', async () => {
  const cluster = await startCleanDaemons(2);
  cleanUps.push(() => cluster.close());
  await cluster.form();
  const [daemon] = cluster.daemons;
  const attributes = { a: Buffer.alloc(200_000, 'x') };
  for (const id of ['one', 'two', 'three']) await daemon?.client.putSession({ id, attributes });
  const node = `--node ${daemon?.api}`;
  const piped = (command: string, reader: string): Promise<End> =>
    shell(`quorate ${command} ${node} | ${reader}; exit \${PIPESTATUS[0]}`);

  const list = await piped('session list --json', 'head -c 9');
  expect(list).toMatchObject({ code: 0, stdout: '{"session', stderr: '' });
  expect(await piped('session get none 2>&1', 'true')).toMatchObject({ code: 1, stderr: '' });

  const full = await shell(`quorate session get one --json ${node} > /dev/full`);
  expect(full.code).toBe(1);
  expect(full.stderr).toMatch(/^quorate: cannot write to standard output: ENOSPC[^\n]*\n$/);

  // A watch writes nothing, so that it cannot notice, until there is a change to tell.
  const watch = piped('mon-cluster --watch --json', 'head -n 1');
  let isOver = false;
  void watch.then(() => (isOver = true));
  for (let turn = 0; !isOver; turn += 1) {
    const name = `n${(turn % 2) + 1}`;
    await cluster.settled();
    await cluster.daemon(name).client.setPrimary({ name, reason: 'test' });
  }
  expect(await watch).toMatchObject({ code: 0, stderr: '' });
});
