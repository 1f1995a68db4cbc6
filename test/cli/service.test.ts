// How providers of services are shown, what the commands print, and how long an offer is kept: while a command runs, until a signal, or
// until another has its place. The services are real and in this process, as the commands are; what they run is real processes.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { styleFor } from '../../cli/format.js';
import { buildProgram } from '../../cli/program.js';
import { providerLines, providerTable, providerView } from '../../cli/service-view.js';
import { changeLine, changeView } from '../../cli/watch-view.js';
import { whileOffered } from '../../cli/while-offered.js';
import { connect } from '../../src/client/index.js';
import type { Quorate } from '../../src/client/index.js';
import type { Change__Output } from '../../src/generated/quorate/v1/Change.js';
import type { Provider__Output } from '../../src/generated/quorate/v1/Provider.js';
import { eventuallyAnswers, TestCluster } from '../service/harness.js';

const PLAIN = styleFor({ isTTY: false });

const WEB: Provider__Output = {
  service: 'web',
  id: 'web-5',
  address: '10.0.0.5:80',
  load: 3,
  health: 'PROVIDER_HEALTHY',
  tags: { zone: 'b', v: '2' },
  session: 's1',
  node: 'n2',
  registration: 17,
  reportedMsAgo: 1500,
  revision: 21,
  withheld: '',
};
const SICK: Provider__Output = {
  ...WEB,
  id: 'web-6',
  health: 'PROVIDER_DRAINING',
  tags: {},
  session: '',
  withheld: 'draining',
};

describe('a provider is shown', () => {
  test('with where it is, how well, and why nobody is sent there', () => {
    expect(providerLines(providerView(WEB), PLAIN)).toEqual([
      'web/web-5 · 10.0.0.5:80 · load 3 · healthy',
      '  zone=b v=2',
      '  at n2 · session s1 · reported 1.5 s ago',
    ]);
    expect(providerLines(providerView(SICK), PLAIN)).toEqual([
      'web/web-6 · 10.0.0.5:80 · load 3 · draining',
      '  nobody is sent there: draining',
      '  at n2 · kept with member n2 · reported 1.5 s ago',
    ]);
  });

  test('as a row of a table, and as a line of a watch', () => {
    expect(providerTable([providerView(WEB), providerView(SICK)], PLAIN)).toEqual([
      'SERVICE  ID     ADDRESS      LOAD  HEALTH    NODE  TAGS',
      'web      web-5  10.0.0.5:80     3  healthy   n2    zone=b v=2',
      'web      web-6  10.0.0.5:80     3  draining  n2',
    ]);
    const change = { fact: 'FACT_SERVICE', key: 'web/web-5', provider: WEB, expired: false };
    const view = changeView('change', 21, change as Change__Output);
    expect(view).toMatchObject({ fact: 'service', value: { id: 'web-5', session: 's1' } });
    expect(view.value).not.toHaveProperty('withheld');
    expect(changeLine(view, 'now', change as Change__Output, PLAIN)).toBe(
      'now       21  service  web/web-5 10.0.0.5:80 · load 3 · healthy',
    );
  });
});

const cluster = new TestCluster();
const directory = mkdtempSync(join(tmpdir(), 'quorate-service-'));
let client: Quorate;
let api = '';

beforeAll(async () => {
  const [node] = await cluster.form(1);
  api = node?.api ?? '';
  client = connect({ addresses: [api] });
});

afterAll(async () => {
  client.close();
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a command in this process; answers what it printed. */
async function quorate(...words: readonly string[]): Promise<string> {
  let printed = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    const program = buildProgram(() => {});
    await program.parseAsync(['node', 'quorate', 'service', ...words, '--node', api]);
  } finally {
    spy.mockRestore();
  }
  return printed;
}

describe('the commands', () => {
  test('register, tell, list, resolve and take away', async () => {
    expect(await quorate('list')).toBe('No providers.\n');
    const words =
      'register db 10.0.0.7:5432 --member --id a --load 4 --tag role=main --tag v=2'.split(' ');
    const registered = await quorate(...words, '--at', 'n1');
    expect(registered).toBe('db/a is registered.\n');
    await client.sessions.put('mine', {});
    await quorate('register', 'db', '10.0.0.8:5432', '--session', 'mine', '--id', 'b');
    const page = JSON.parse(await quorate('list', 'db', '--json')) as object;
    expect(page).toMatchObject({
      providers: [
        { id: 'a', load: 4, tags: { role: 'main', v: '2' }, session: null, node: 'n1' },
        { id: 'b', load: 0, tags: {}, session: 'mine', withheld: null },
      ],
      more: false,
    });
    expect(await quorate('list', 'db', '--limit', '1', '--after', 'db/a')).toContain('0.8:5432');
    expect(await quorate('resolve', 'db', '--rule', 'least-loaded')).toBe('10.0.0.8:5432\n');
    expect(await quorate('resolve', 'db', '--tag', 'v=2')).toBe('10.0.0.7:5432\n');
    expect(await quorate('resolve', 'db', '--avoid', 'b')).toBe('10.0.0.7:5432\n');
    expect(await quorate('report', 'db', 'b', '--health', 'draining')).toBe('db/b is told.\n');
    expect(await quorate('get', 'db', 'b')).toContain('nobody is sent there: draining');
    const resolved = JSON.parse(await quorate('resolve', 'db', '--json')) as object;
    expect(resolved).toMatchObject({ id: 'a', candidates: 1, health: 'healthy' });
    expect(await quorate('deregister', 'db', 'a')).toBe('db/a is gone.\n');
    expect(await quorate('deregister', 'db', 'a')).toBe('db/a was not there.\n');
  });

  test('refuse what cannot be meant', async () => {
    const failed = (...words: readonly string[]): Promise<unknown> =>
      quorate(...words).catch((error: unknown) => error);
    expect(await failed('report', 'db', 'a')).toMatchObject({ code: 'WRONG_USAGE' });
    const both = await failed('register', 'db', 'x:1', '--member', '--', 'true');
    expect(both).toMatchObject({ code: 'WRONG_USAGE' });
    expect(await failed('get', 'db', 'none')).toMatchObject({ code: 'PROVIDER_NOT_FOUND' });
    const told = await failed('report', 'db', 'none', '--load', '1');
    expect(told).toMatchObject({ code: 'PROVIDER_NOT_FOUND' });
    expect(await failed('resolve', 'nobody')).toMatchObject({ code: 'NO_PROVIDER' });
  });
});

describe('an offer is kept', () => {
  const offered = (id: string, command: readonly string[]): Promise<number> => {
    const options = { address: `${id}:80`, id };
    return whileOffered(client, { service: 'kept', command, options, onOffered: () => {} });
  };

  test('while a command runs, whose exit code is the answer', async () => {
    const file = join(directory, 'said');
    const script = `echo "$QUORATE_SERVICE $QUORATE_SERVICE_ID" > ${file}; exit 7`;
    expect(await offered('code', ['sh', '-c', script])).toBe(7);
    expect(readFileSync(file, 'utf8')).toBe('kept code\n');
    expect(await client.services.get('kept', 'code')).toBeNull();
    const missing = offered('missing', ['/no/such/program']);
    await expect(missing).rejects.toMatchObject({ code: 'WRONG_USAGE' });
    expect(await client.services.get('kept', 'missing')).toBeNull();
  });

  test('until another has its place: the command is stopped', async () => {
    const running = offered('twice', ['sleep', '60']).catch((error: unknown) => error);
    const provider = await eventuallyAnswers(
      () => client.services.get('kept', 'twice'),
      (found) => found !== null,
    );
    expect(provider?.address).toBe('twice:80');
    const other = await client.services.register('kept', { id: 'twice', address: 'other:80' });
    expect(await running).toMatchObject({ code: 'PROVIDER_REPLACED' });
    expect((await client.services.resolve('kept')).address).toBe('other:80');
    await other.close();
  });
});
