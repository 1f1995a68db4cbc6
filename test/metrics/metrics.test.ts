// What `/metrics` of a daemon answers: figures that are true of a cluster that was just started and written to, in the form that
// Prometheus asks for. Every name in the alerts and the dashboard is one of them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QuorateClient } from '../../src/client/client.js';
import { connect } from '../../src/client/index.js';
import { startDaemon } from '../../src/main.js';
import type { Daemon } from '../../src/main.js';

const ROOM = join(import.meta.dirname, '../../src/metrics');

let directory: string;
let daemon: Daemon;
let type: string | null;
let text: string;
/** The value of each figure, by its name and labels as they stand in the text. */
let figures: ReadonlyMap<string, number>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-metrics-'));
  const ports = { listen: '127.0.0.1:0', api: '127.0.0.1:0', http: '127.0.0.1:0' };
  const base = { dataDir: join(directory, 'n1'), name: 'n1', electionTimeoutMs: 300 };
  daemon = await startDaemon({ ...base, ...ports, logLevel: 'silent' });
  const starter = new QuorateClient({ address: daemon.api });
  const client = connect({ addresses: [daemon.api] });
  try {
    await starter.start({});
    await client.store.put('a', '1');
    await client.store.put('b', '2');
  } finally {
    starter.close();
    client.close();
  }
  const response = await fetch(`http://${daemon.http}/metrics`);
  type = response.headers.get('content-type');
  text = await response.text();
  const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  figures = new Map(
    rows.map((row) => [
      row.slice(0, row.lastIndexOf(' ')),
      Number(row.slice(row.lastIndexOf(' '))),
    ]),
  );
});

afterAll(async () => {
  await daemon.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('the figures of a node that leads alone', () => {
  test.each([
    ['quorate_primary', 1],
    ['quorate_raft_has_leader', 1],
    ['quorate_raft_lag_entries', 0],
    ['quorate_store_keys', 2],
    ['quorate_sessions', 0],
    ['quorate_node_state{state="PRIMARY"}', 1],
    ['quorate_node_state{state="STANDBY"}', 0],
    ['quorate_raft_role{role="leader"}', 1],
    ['quorate_raft_members{kind="voter"}', 1],
    ['quorate_disk_overdue', 0],
    [call('started', 'Put'), 2],
    [call('handled', 'Put', 'OK'), 2],
    ['grpc_server_handling_seconds_count' + of('Put'), 2],
  ])('%s is %d', (name, value: number) => {
    expect(figures.get(name)).toBe(value);
  });

  test('say what the status says', () => {
    const { term, epoch, lastApplied, commitIndex } = daemon.status();
    const told = ['raft_term', 'epoch', 'raft_applied_index', 'raft_commit_index'];
    const values = told.map((name) => figures.get(`quorate_${name}`));
    expect(values).toEqual([term, epoch, lastApplied, commitIndex]);
  });

  test('count each synced batch and its bytes', () => {
    expect(figures.get('quorate_disk_sync_seconds_count')).toBeGreaterThan(2);
    expect(figures.get('quorate_disk_written_bytes_total')).toBeGreaterThan(100);
    expect(figures.get('quorate_tick_late_seconds_count')).toBeGreaterThan(0);
  });

  test('leave out what is not known: there is no peer, and no reign before this one', () => {
    const names = [...figures.keys()];
    expect(names.filter((name) => name.startsWith('quorate_raft_peer_'))).toEqual([]);
    expect(names).not.toContain('quorate_primary_gap_seconds');
  });
});

describe('the form', () => {
  test('is the text format of Prometheus', () => {
    expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('each figure has its help and its kind; only counters end with _total, and all of them do', () => {
    const kinds = new Map([...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, n, k]) => [n, k]));
    const helped = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name));
    expect(kinds.size).toBeGreaterThan(40);
    const wrong = [...kinds].filter(
      ([name = '', kind]) => name.endsWith('_total') !== (kind === 'counter') || !helped.has(name),
    );
    expect(wrong).toEqual([]);
  });

  test.each(['prometheus-rules.yml', 'grafana-dashboard.json'])(
    '%s speaks of figures that there are',
    (file) => {
      const used = new Set(
        [
          ...readFileSync(join(ROOM, file), 'utf8').matchAll(
            /\b(?:quorate|grpc_server|process)_\w+/g,
          ),
        ]
          .map(([name]) => name.replace(/_bucket$/, ''))
          .filter((name) => name !== 'quorate_raft_peer_lag_entries' && name !== GAP),
      );
      const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
      expect(used.size).toBeGreaterThan(5);
      expect([...used].filter((name) => !known.has(name))).toEqual([]);
    },
  );
});

const GAP = 'quorate_primary_gap_seconds';

function of(method: string, code?: string): string {
  const last = code === undefined ? '' : `,grpc_code="${code}"`;
  return `{grpc_type="unary",grpc_service="quorate.v1.Store",grpc_method="${method}"${last}}`;
}

function call(what: 'started' | 'handled', method: string, code?: string): string {
  return `grpc_server_${what}_total${of(method, code)}`;
}
