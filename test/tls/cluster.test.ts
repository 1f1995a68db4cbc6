// Real daemons with certificates form a cluster, and what an operator does to it over the years happens in seconds, under a
// writer: certificates renewed, the CA replaced by another, a primary killed, and none of it by a restart. Who asks is
// known by certificate, and nobody can pretend to be somebody else.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon } from '../../cli/demo/daemon.js';
import { connect } from '../../src/client/index.js';
import { NodeLinks } from '../../src/client/node-links.js';
import { QuorateClient } from '../../src/client/client.js';
import { CLUSTER } from '../../src/client/protos.js';
import { QuorateError } from '../../src/errors.js';
import { TlsIdentity } from '../../src/tls/identity.js';
import type { TlsFiles } from '../../src/tls/identity.js';
import { Authority } from '../support/authority.js';
import { BIN, run } from '../support/cluster.js';

const LIMIT_MS = 120_000;
const WRITE_PAUSE_MS = 20;
const root = mkdtempSync(join(tmpdir(), 'quorate-tls-cluster-'));
const oldCa = await Authority.make('CA of last year');
const newCa = await Authority.make('CA of this year');

let cluster: LocalCluster;
let alice: TlsFiles;
let writer: Writer;

/** Where a daemon's certificate, key and CA are; the same files all along. */
function directoryOf(name: string): string {
  return join(root, name);
}

function write(by: Authority, name: string, trusted: readonly Authority[]): Promise<TlsFiles> {
  return by.write(directoryOf(name), { name }, trusted);
}

beforeAll(async () => {
  const files = new Map<string, TlsFiles>();
  for (const name of ['n1', 'n2', 'n3']) files.set(name, await write(oldCa, name, [oldCa]));
  alice = await oldCa.write(directoryOf('alice'), { name: 'alice', use: 'client', hosts: [] });
  cluster = await LocalCluster.plan({
    nodes: 3,
    electionTimeout: '500ms',
    bin: BIN,
    prefersUsualPorts: false,
    tls: (name) => files.get(name) ?? alice,
  });
  await cluster.startAll();
  await cluster.form();
  writer = new Writer(cluster.daemons, TlsIdentity.load(alice));
  writer.begin();
}, LIMIT_MS);

afterAll(async () => {
  await writer?.end();
  await cluster?.close();
  rmSync(root, { recursive: true, force: true });
});

/** Writes one session after the other, at whichever node answers; each write must succeed in the end. */
class Writer {
  readonly #clients: readonly QuorateClient[];
  readonly tls: TlsIdentity;
  #writing: Promise<void> | null = null;
  #isOver = false;
  acknowledged = 0;
  readonly #retried: QuorateError[] = [];

  constructor(daemons: readonly Daemon[], tls: TlsIdentity) {
    this.tls = tls;
    this.#clients = daemons.map(({ api }) => new QuorateClient({ address: api, tls }));
  }

  /** Writes that met an end that did not accept it; what a slow machine does to others is tried again. */
  refusals(): string[] {
    return this.#retried.filter(({ code }) => code === 'TLS_FAILED').map(String);
  }

  begin(): void {
    this.#writing = this.#work();
  }

  /** Waits until it has written so much more. */
  async hasWritten(more: number): Promise<void> {
    const goal = this.acknowledged + more;
    await until(`${more} writes more`, () => this.acknowledged >= goal);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
    for (const client of this.#clients) client.close();
  }

  async #work(): Promise<void> {
    for (let at = 0; !this.#isOver; at += 1) {
      const client = this.#clients[at % this.#clients.length];
      try {
        await client?.putSession({ id: `s${this.acknowledged}` }, { timeoutMs: 10_000 });
        this.acknowledged += 1;
        await pause(WRITE_PAUSE_MS);
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        this.#retried.push(error);
        await pause(WRITE_PAUSE_MS);
      }
    }
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`did not happen: ${what}`);
    await pause(20);
  }
}

function logged(daemon: Daemon, sentence: string): number {
  return readFileSync(daemon.logPath, 'utf8').split(sentence).length - 1;
}

/** Gives every daemon other files, one daemon after the other, and waits until each has taken them: by itself, or told. */
async function replaceAll(
  by: Authority,
  trusted: readonly Authority[],
  how: 'by itself' | 'told',
): Promise<void> {
  const sentence = how === 'told' ? '"hasChanged":true' : 'were replaced';
  for (const daemon of cluster.running) {
    const before = logged(daemon, sentence);
    await write(by, daemon.name, trusted);
    if (how === 'told') process.kill(daemon.pid ?? 0, 'SIGHUP');
    await until(`${daemon.name} takes them`, () => logged(daemon, sentence) > before);
  }
}

/** How a status of one daemon fails for who trusts and shows this; null: it does not. */
async function refusalFor(daemon: Daemon, files: TlsFiles): Promise<string | null> {
  const client = new QuorateClient({ address: daemon.api, tls: TlsIdentity.load(files) });
  try {
    await client.nodeStatus({ timeoutMs: 5000 });
    return null;
  } catch (error) {
    if (error instanceof QuorateError) return error.code;
    throw error;
  } finally {
    client.close();
  }
}

function refusalsFor(files: TlsFiles): Promise<(string | null)[]> {
  return Promise.all(cluster.daemons.map((daemon) => refusalFor(daemon, files)));
}

describe('a cluster with certificates', { timeout: LIMIT_MS }, () => {
  test('knows who asks, and believes only a node about others', async () => {
    const [first, second] = cluster.daemons;
    if (first === undefined || second === undefined) throw new Error('there are three');
    const flags = ['--tls-cert', alice.certFile, '--tls-key', alice.keyFile];
    const node = ['--node', second.api, '--tls-ca', alice.caFile];
    const reason = ['--reason', 'to see'];
    const patience = ['--timeout', '60s'];
    // On a busy machine another may have been elected; who is primary already takes over from nobody.
    const { primary } = await first.client.status();
    const target = primary === 'n2' ? 'n3' : 'n2';
    const asked = await run(['set-primary', target, ...reason, ...flags, ...node, ...patience]);
    expect(asked).toMatchObject({ code: 0, stderr: '' });

    const links = new NodeLinks({ tls: TlsIdentity.load(alice) });
    const metadata = new Metadata();
    metadata.set('x-quorate-who', 'root');
    metadata.set('x-quorate-via', '7');
    const request = { name: 'n1', reason: 'pretending' };
    const options = { metadata, timeoutMs: 60_000, isWrite: true };
    await links.ask(first.api, CLUSTER.SetPrimary, request, options);
    links.close();

    const { events } = await first.client.events({ afterRevision: 0, limit: 1000, stale: false });
    const texts = events.map(({ text }) => text).join('\n');
    expect(texts).toContain('n2 asked by alice: to see');
    expect(texts).toContain('n1 asked by alice: pretending');
    expect(texts).not.toContain('root');
  });

  test('serves the client library: calls, pipelines, watches and locks', async () => {
    const addresses = cluster.daemons.map(({ api }) => api);
    const client = connect({ addresses, tls: alice });
    try {
      const { revision } = await client.store.put('tls', '1');
      const pipeline = client.store.pipeline();
      await Promise.all([pipeline.put('tls', '2'), pipeline.put('tls', '3')]);
      await pipeline.close();
      expect((await client.store.get('tls'))?.value.toString()).toBe('3');
      const told: number[] = [];
      const filters = [{ fact: 'FACT_STORE' as const, key: 'tls' }];
      for await (const update of client.watch({ filters, afterRevision: revision })) {
        if (update.type === 'changes') told.push(...update.revisions.map((each) => each.revision));
        if (told.length === 2) break;
      }
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(await client.locks.with('tls', ({ token }) => Promise.resolve(token))).toBeGreaterThan(
        0,
      );
    } finally {
      client.close();
    }
    const stranger = connect({ addresses, timeoutMs: 3000 });
    await expect(stranger.store.get('tls')).rejects.toMatchObject({ outcome: 'refused' });
    stranger.close();
  });

  test('takes renewed certificates while a writer writes, which notices nothing', async () => {
    await writer.hasWritten(20);
    await replaceAll(oldCa, [oldCa], 'by itself');
    await writer.hasWritten(20);
    expect(writer.refusals()).toEqual([]);
  });

  test('keeps its certificates when new files are bad, and survives SIGHUP', async () => {
    const [first] = cluster.daemons;
    if (first === undefined || first.pid === null) throw new Error('there are three');
    const sentence = 'new certificates cannot be used';
    await newCa.write(directoryOf('n1'), { name: 'n1' }, [oldCa]);
    process.kill(first.pid, 'SIGHUP');
    await until('it is told', () => logged(first, sentence) > 0);
    expect(await refusalFor(first, alice)).toBeNull();
    await write(oldCa, 'n1', [oldCa]);
    process.kill(first.pid, 'SIGHUP');
    await until('it is told', () => logged(first, 'were read again') > 0);
    expect(first.isRunning).toBe(true);
  });

  test('moves to another CA in three steps without a restart, which a writer does not notice', async () => {
    await replaceAll(oldCa, [oldCa, newCa], 'told');
    await oldCa.write(directoryOf('alice'), { name: 'alice', use: 'client' }, [oldCa, newCa]);
    await writer.tls.reload();
    expect(await refusalsFor(alice)).toEqual([null, null, null]);
    await replaceAll(newCa, [oldCa, newCa], 'told');
    expect(await refusalsFor(alice)).toEqual([null, null, null]);
    await newCa.write(directoryOf('alice'), { name: 'alice', use: 'client' }, [newCa]);
    await writer.tls.reload();
    await replaceAll(newCa, [newCa], 'told');
    await writer.hasWritten(20);
    expect(writer.refusals()).toEqual([]);

    const late = await oldCa.write(join(root, 'late'), { name: 'late' }, [oldCa, newCa]);
    expect(await refusalsFor(alice)).toEqual([null, null, null]);
    expect(await refusalsFor(late)).toEqual(['TLS_FAILED', 'TLS_FAILED', 'TLS_FAILED']);
  });

  test('loses its primary, and takes it back, over links with the new certificates', async () => {
    const [first] = cluster.daemons;
    if (first === undefined) throw new Error('there are three');
    const { primary: killedName = '' } = await askAt(first, (client) => client.status());
    const killed = cluster.daemon(killedName);
    await killed.stop('SIGKILL');
    await writer.hasWritten(20);
    const [other] = cluster.running;
    if (other === undefined) throw new Error('two are left');
    const { primary = '' } = await askAt(other, (client) => client.status());
    expect(cluster.running.map(({ name }) => name)).toContain(primary);
    await killed.start();
    await until('the old one is a standby', async () => {
      const { nodes } = await askAt(killed, (client) => client.status());
      return nodes.some(({ name, state }) => name === killedName && state === 'STANDBY');
    });
    await writer.end();

    expect(writer.refusals()).toEqual([]);
    const kept = await askAt(other, allSessions);
    const written = Array.from({ length: writer.acknowledged }, (_, at) => `s${at}`);
    expect(written.filter((id) => !kept.has(id))).toEqual([]);
    expect(written.length).toBeGreaterThan(80);
  });
});

/** Asks a daemon over a new connection, with the certificates that nodes have at this moment. */
async function askAt<T>(
  daemon: Daemon,
  question: (client: QuorateClient) => Promise<T>,
): Promise<T> {
  const tls = TlsIdentity.load(filesOf('n1'));
  const client = new QuorateClient({ address: daemon.api, tls });
  try {
    return await question(client);
  } finally {
    client.close();
  }
}

async function allSessions(client: QuorateClient): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let afterId = '', more = true; more;) {
    const page = await client.listSessions({ prefix: 's', afterId, limit: 1000 });
    for (const { id } of page.sessions) ids.add(id);
    afterId = page.sessions.at(-1)?.id ?? '';
    more = page.more;
  }
  return ids;
}

function filesOf(name: string): TlsFiles {
  const directory = directoryOf(name);
  const [certFile, keyFile] = ['node.crt', 'node.key'].map((file) => join(directory, file));
  return { certFile: certFile ?? '', keyFile: keyFile ?? '', caFile: join(directory, 'ca.crt') };
}
