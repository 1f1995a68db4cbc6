// Traces of writes through three daemons with real disks and sockets, in this process, and a collector that is an HTTP server of the test.
// Asserted is what an operator looks at: one trace, spans of all nodes under the right parents, in causal order; and that a collector
// that is down or silent holds nothing up.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/client/connect.js';
import { NodeLinks } from '../../src/client/node-links.js';
import { CLUSTER, STORE } from '../../src/client/protos.js';
import { startDaemon } from '../../src/main.js';
import type { Daemon } from '../../src/main.js';
import { eventually, patiently } from '../service/harness.js';
import { Collector } from './collector.js';
import type { Received } from './collector.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
/** Long enough that n1 leads to the end of the test on a busy machine. */
const ELECTION_TIMEOUT_MS = 1500;

const directory = mkdtempSync(join(tmpdir(), 'quorate-tracing-'));
const collector = new Collector();
const links = new NodeLinks();
let daemons: Daemon[] = [];

beforeAll(async () => {
  await collector.listen();
  for (const name of ['n1', 'n2', 'n3']) {
    const daemon = await startDaemon({
      dataDir: join(directory, name),
      name,
      listen: '127.0.0.1:0',
      api: '127.0.0.1:0',
      http: '127.0.0.1:0',
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      logLevel: 'silent',
      traceEndpoint: collector.url,
      traceSample: 0,
    });
    daemons.push(daemon);
    const [first] = daemons;
    if (daemon === first) await links.ask(daemon.api, CLUSTER.Start, {}, asked());
    else await links.ask(daemon.api, CLUSTER.Join, { addresses: [first?.api ?? ''] }, asked());
  }
  await patiently(() => daemons[0]?.status().settledVoters.length === 3);
});

afterAll(async () => {
  links.close();
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  collector.close();
  rmSync(directory, { recursive: true, force: true });
  daemons = [];
});

function asked(traceparent: string | null = null) {
  const metadata = new Metadata();
  if (traceparent !== null) metadata.set('traceparent', traceparent);
  return { metadata, timeoutMs: 10_000, isWrite: true };
}

function put(at: number, key: string, traceparent: string | null) {
  const request = { key, value: Buffer.from('x') };
  return links.ask(daemons[at]?.api ?? '', STORE.Put, request, asked(traceparent));
}

async function traceOf(traceId: string, count: number): Promise<readonly Received[]> {
  const found = (): Received[] => collector.spans.filter((span) => span.traceId === traceId);
  await eventually(() => found().length >= count);
  return found();
}

function one(spans: readonly Received[], node: string, name: string): Received {
  const found = spans.filter((span) => span.node === node && span.name === name);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw new Error(`expected one ${name} of ${node} among ${spans.map((s) => s.name).join(', ')}`);
}

async function figures(at: number): Promise<string> {
  const answer = await fetch(`http://${daemons[at]?.http ?? ''}/metrics`);
  return answer.text();
}

describe('a write that a caller traces, asked of a follower', () => {
  let spans: readonly Received[];

  beforeAll(async () => {
    await put(1, 'traced', `00-${TRACE_ID}-${CALLER}-01`);
    spans = await traceOf(TRACE_ID, 11);
  });

  test('is one trace with the spans of all three nodes', () => {
    const shape = spans.map(({ node, name, attributes }) => {
      const peer = attributes['quorate.peer'];
      return `${node} ${name}${peer === undefined ? '' : ` to ${peer}`}`;
    });
    expect(shape.sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'n1 apply',
      'n1 disk sync',
      'n1 group commit',
      'n1 quorate.v1.Store/Put',
      'n1 replicate to n2',
      'n1 replicate to n3',
      'n1 write',
      'n2 disk sync',
      'n2 forward',
      'n2 quorate.v1.Store/Put',
      'n3 disk sync',
    ]);
  });

  test('has each span under the one that caused it, and not before it', () => {
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const parents = spans.map((span) => {
      const parent = byId.get(span.parentSpanId);
      expect(span.startNs).toBeGreaterThanOrEqual(parent?.startNs ?? 0n);
      expect(span.endNs).toBeGreaterThanOrEqual(span.startNs);
      return `${span.node} ${span.name} < ${parent === undefined ? span.parentSpanId : `${parent.node} ${parent.name}`}`;
    });
    expect(parents.sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'n1 apply < n1 write',
      'n1 disk sync < n1 write',
      'n1 group commit < n1 write',
      'n1 quorate.v1.Store/Put < n2 forward',
      'n1 replicate < n1 write',
      'n1 replicate < n1 write',
      'n1 write < n1 quorate.v1.Store/Put',
      'n2 disk sync < n1 replicate',
      'n2 forward < n2 quorate.v1.Store/Put',
      `n2 quorate.v1.Store/Put < ${CALLER}`,
      'n3 disk sync < n1 replicate',
    ]);
  });

  test('is applied once two disks have it, and answered after that', () => {
    const syncs = ['n1', 'n2', 'n3'].map((node) => one(spans, node, 'disk sync').endNs);
    const second = syncs.sort((a, b) => (a < b ? -1 : 1))[1] ?? 0n;
    const apply = one(spans, 'n1', 'apply');
    expect(apply.startNs).toBeGreaterThanOrEqual(second);
    const answers = ['n1 quorate.v1.Store/Put', 'n2 forward', 'n2 quorate.v1.Store/Put'];
    const ends = answers.map((text) => {
      const [node = '', name = ''] = text.split(' ');
      return one(spans, node, name).endNs;
    });
    expect([apply.endNs, ...ends]).toEqual([apply.endNs, ...ends].sort((a, b) => (a < b ? -1 : 1)));
  });

  test('names its place in the log on every node, and its request', () => {
    const { attributes } = one(spans, 'n1', 'write');
    expect(attributes['quorate.index']).toBeGreaterThan(0);
    for (const node of ['n1', 'n2', 'n3']) {
      const sync = one(spans, node, 'disk sync').attributes;
      expect(sync['quorate.index']).toBe(attributes['quorate.index']);
      expect(sync['quorate.term']).toBe(attributes['quorate.term']);
    }
    const ids = ['n1', 'n2'].map(
      (node) => one(spans, node, 'quorate.v1.Store/Put').attributes['quorate.request_id'],
    );
    expect(new Set(ids).size).toBe(1);
  });
});

test('a share of 0 begins no trace, neither here nor at the leader, and a caller that samples nothing is heard', async () => {
  const before = collector.spans.length;
  await put(1, 'untraced', null);
  await put(1, 'untraced', `00-${'a'.repeat(32)}-${CALLER}-00`);
  await put(1, 'marked', `00-${'b'.repeat(32)}-${CALLER}-01`);
  await traceOf('b'.repeat(32), 11);
  const ids = new Set(collector.spans.slice(before).map(({ traceId }) => traceId));
  expect([...ids]).toEqual(['b'.repeat(32)]);
});

test('the client library sends the trace of its caller along, to whomever it asks', async () => {
  const traceparent = (): string => `00-${'f'.repeat(32)}-${CALLER}-01`;
  const addresses = [daemons[1]?.api ?? ''];
  const client = connect({ addresses, traceparent, clientSession: false });
  await client.store.put('by the library', 'x');
  client.close();
  // The member asked first does not lead and says who does.
  const spans = await traceOf('f'.repeat(32), 10);
  expect(one(spans, 'n1', 'quorate.v1.Store/Put').parentSpanId).toBe(CALLER);
  expect(spans.filter(({ name }) => name === 'disk sync').length).toBe(3);
});

test('a context that is none is as good as none', async () => {
  const before = collector.spans.length;
  const wrong = ['', '00-xyz', `ff-${TRACE_ID}-${CALLER}-01`, `00-${'0'.repeat(32)}-${CALLER}-01`];
  for (const text of wrong) await put(0, 'wrong', text);
  await put(0, 'right', `00-${'e'.repeat(32)}-${CALLER}-01`);
  await traceOf('e'.repeat(32), 9);
  const ids = new Set(collector.spans.slice(before).map(({ traceId }) => traceId));
  expect([...ids]).toEqual(['e'.repeat(32)]);
  expect(await figures(0)).toContain('quorate_trace_spans_dropped_total 0');
});

test('a collector that never answers holds no write up; what it does not take is dropped and counted', async () => {
  collector.mood = 'silent';
  const asked = collector.requestCount;
  for (let number = 0; number < 10; number += 1) {
    await put(0, 'silent', `00-${'c'.repeat(31)}${number}-${CALLER}-01`);
  }
  await eventually(() => collector.requestCount > asked);
  await put(0, 'silent', null);
  await eventuallyFigure(0, /^quorate_trace_spans_dropped_total [1-9]\d*$/m);
  collector.mood = 'takes';
  await put(0, 'taken', `00-${'d'.repeat(32)}-${CALLER}-01`);
  await traceOf('d'.repeat(32), 9);
});

async function eventuallyFigure(at: number, pattern: RegExp): Promise<void> {
  const endMs = Date.now() + 10_000;
  for (;;) {
    const text = await figures(at);
    if (pattern.test(text)) return;
    if (Date.now() > endMs) throw new Error(`expected ${String(pattern)} in ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
