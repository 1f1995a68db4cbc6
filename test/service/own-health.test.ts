// A daemon with a health check and hooks, as its configuration file says them: asked before it becomes primary, told afterwards,
// and not primary's material while its check fails. Disk, sockets and commands are real.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { expect, test } from 'vitest';

import { NodeLinks } from '../../src/client/node-links.js';
import { CLUSTER } from '../../src/client/protos.js';
import { daemonSettings } from '../../src/config/daemon-settings.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { startDaemon } from '../../src/main.js';
import { ELECTION_TIMEOUT_MS, eventually } from './harness.js';

const FILE = (folder: string): string => `
cluster: { name: c }
healthChecks:
  - { name: mount, command: [test, -e, ${folder}/mount], interval: 20ms, rise: 1, fall: 1 }
hooks:
  beforePromotion: { command: [touch, ${folder}/before], timeLimit: 30s }
  afterPromotion: { command: [sh, -c, 'echo "$QUORATE_EPOCH" > ${folder}/after'] }
`;

test('checks and hooks of a file reach the daemon', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-own-health-'));
  const parsed = parseConfig(FILE(folder), {}, folder);
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  writeFileSync(join(folder, 'mount'), '');
  const daemon = await startDaemon({
    ...daemonSettings(parsed.config),
    dataDir: join(folder, 'data'),
    name: 'n1',
    logLevel: 'silent',
    listen: '127.0.0.1:0',
    api: '127.0.0.1:0',
    http: 'none',
    electionTimeoutMs: ELECTION_TIMEOUT_MS,
  });
  const links = new NodeLinks();
  try {
    const how = { metadata: new Metadata(), timeoutMs: 30_000, isWrite: true };
    await links.ask(daemon.api, CLUSTER.Start, {}, how);
    expect(daemon.status()).toMatchObject({ isPrimary: true, unfit: null });
    expect(existsSync(join(folder, 'before'))).toBe(true);
    const after = join(folder, 'after');
    await eventually(() => existsSync(after) && readFileSync(after, 'utf8') !== '');
    expect(readFileSync(after, 'utf8')).toBe(`${daemon.status().epoch}\n`);
    rmSync(join(folder, 'mount'));
    await eventually(() => daemon.status().unfit !== null);
    // Nobody else could take over, so it stays.
    expect(daemon.status()).toMatchObject({ isPrimary: true, unfit: 'mount: exit code 1' });
    writeFileSync(join(folder, 'mount'), '');
    await eventually(() => daemon.status().unfit === null);
  } finally {
    links.close();
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

const probe = (line: string): string =>
  `cluster: { name: c }\nprocesses:\n  - { name: WEB, command: [web] }\nhealthChecks:\n  - ${line}\n`;

test.each([
  ['{ name: a }', 'healthChecks[0]: expected one of command, tcp, http, grpc'],
  ['{ name: a, tcp: "h:1", http: "http://h/" }', 'expected one of command, tcp, http, grpc'],
  ['{ name: a, tcp: h }', 'healthChecks[0].tcp: expected HOST:PORT'],
  ['{ name: a, http: h }', 'expected a URL such as http://127.0.0.1:8080/health'],
  ['{ name: a, command: [] }', 'expected a program, got an empty list'],
  ['{ name: a, tcp: "h:1", process: X }', 'there is no process X among processes'],
  ['{ name: a, tcp: "h:1", fall: 0 }', 'healthChecks[0].fall: expected'],
  ['{ name: a, tcp: "h:1", tls: {} }', 'tls is for a check by grpc or by http with a URL of https'],
  ['{ name: a, http: "http://h/", tls: {} }', 'tls is for a check by grpc or by http'],
  ['{ name: a, http: "https://h/", service: s }', 'service is for a check by grpc'],
  ['{ name: a, grpc: "h:1", tls: true }', 'healthChecks[0].tls: expected keys and values'],
  ['{ name: a, grpc: "h:1", tls: { cert: c.crt } }', 'cert and key belong together'],
  ['{ name: a, grpc: "h:1", tls: { serverName: "h/1" } }', 'expected a host name or an IP'],
])('the check %s is refused', (line, message) => {
  const parsed = parseConfig(probe(line), {}, '/');
  if (!('errors' in parsed)) throw new Error('it was taken');
  expect(parsed.errors.map((error) => error.message).join('\n')).toContain(message);
});

test('files of a check count from the directory of the configuration', () => {
  const tls = '{ ca: ca.crt, cert: /etc/me.crt, key: me.key, serverName: api.example }';
  const parsed = parseConfig(probe(`{ name: a, grpc: "h:1", tls: ${tls} }`), {}, '/etc/quorate');
  const client = { cert: '/etc/me.crt', key: '/etc/quorate/me.key' };
  expect(parsed).toMatchObject({
    config: {
      healthChecks: [
        { probe: { tls: { ca: '/etc/quorate/ca.crt', client, serverName: 'api.example' } } },
      ],
    },
  });
});

test('a check is read with its defaults', () => {
  const parsed = parseConfig(
    probe('{ name: a, grpc: "h:1", service: s, process: WEB, timeout: 1s }'),
    {},
    '/',
  );
  expect(parsed).toMatchObject({
    config: {
      healthChecks: [
        {
          name: 'a',
          probe: { type: 'grpc', host: 'h', port: 1, service: 's', tls: null },
          intervalMs: 5000,
          timeoutMs: 1000,
          rise: 2,
          fall: 3,
          process: 'WEB',
        },
      ],
      hooks: { beforePromotion: null, afterPromotion: null, beforeDemotion: null },
    },
  });
});
