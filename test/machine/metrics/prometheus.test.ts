// A real Prometheus that scrapes three real daemons with the shipped alert rules: all three are seen, and when the primary is killed
// the alert of a fail-over fires, names the cluster's job, and the new epoch is what `mon-cluster` says. Needs Debian's prometheus, so
// that it belongs to the long form.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { LocalCluster } from '../../../cli/demo/cluster.js';
import { freePorts } from '../../forming/words.js';
import { startCleanDaemons } from '../../support/cluster.js';

const RULES = fileURLToPath(new URL('../../../src/metrics/prometheus-rules.yml', import.meta.url));
const LIMIT_MS = 60_000;
const POLL_MS = 200;

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  /** Seconds, and the value as text. */
  readonly value: readonly [number, string];
}

let cluster: LocalCluster;
let prometheus: ChildProcess;
let address: string;

beforeAll(async () => {
  cluster = await startCleanDaemons(3);
  await cluster.form();
  await cluster.settled();
  const targets = cluster.daemons.map(({ plan }) => plan.http);
  const configuration = {
    global: { scrape_interval: '500ms', scrape_timeout: '400ms', evaluation_interval: '500ms' },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'quorate', static_configs: [{ targets }] }],
  };
  // YAML contains JSON.
  const file = join(cluster.directory, 'prometheus.yml');
  writeFileSync(file, JSON.stringify(configuration));
  const [port] = await freePorts(1);
  address = `127.0.0.1:${port}`;
  const options = [`--config.file=${file}`, `--web.listen-address=${address}`];
  options.push(`--storage.tsdb.path=${join(cluster.directory, 'prometheus')}`);
  prometheus = spawn('prometheus', options, { stdio: 'ignore' });
});

afterAll(async () => {
  if (prometheus?.kill('SIGKILL')) await once(prometheus, 'exit');
  await cluster?.close();
});

/** What Prometheus answers, once it does and it is what is waited for. */
async function until<Data>(path: string, isDone: (data: Data) => boolean): Promise<Data> {
  const endMs = performance.now() + LIMIT_MS;
  let last = 'nothing yet';
  while (performance.now() < endMs) {
    try {
      const response = await fetch(`http://${address}/api/v1/${path}`);
      const { data } = (await response.json()) as { readonly data: Data };
      if (isDone(data)) return data;
      last = JSON.stringify(data);
    } catch (error) {
      last = String(error);
    }
    await pause(POLL_MS);
  }
  throw new Error(`${path} did not become what it should in ${LIMIT_MS} ms; last: ${last}`);
}

async function query(words: string, isDone: (found: readonly Sample[]) => boolean) {
  const path = `query?query=${encodeURIComponent(words)}`;
  const { result } = await until<{ readonly result: readonly Sample[] }>(path, (data) =>
    isDone(data.result),
  );
  return result;
}

test(
  'three daemons are scraped, and a fail-over raises its alert',
  { timeout: 180_000 },
  async () => {
    await query('up == 1', (found) => found.length === 3);
    await query('sum(quorate_primary)', ([one]) => one?.value[1] === '1');
    const quiet = await until<{ readonly alerts: readonly Alert[] }>('alerts', () => true);
    expect(quiet.alerts.filter(({ state }) => state === 'firing')).toEqual([]);

    const before = await cluster.settled();
    await cluster.daemon(before.primary ?? '').stop('SIGKILL');
    const isFailover = ({ state, labels }: Alert): boolean =>
      state === 'firing' && labels['alertname'] === 'QuorateFailover';
    const { alerts } = await until<{ readonly alerts: readonly Alert[] }>('alerts', (data) =>
      data.alerts.some(isFailover),
    );
    expect(alerts.find(isFailover)?.labels['job']).toBe('quorate');

    const after = await cluster.settled();
    expect(after.epoch).toBeGreaterThan(before.epoch);
    await query('max(quorate_epoch)', ([one]) => one?.value[1] === String(after.epoch));
    await query('up == 0', (found) => found.length === 1);
  },
);
