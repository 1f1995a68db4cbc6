// Whose data directory is whose, on real processes. A copy that is started beside its original ends by itself and says
// why; a node that was removed while it was down learns so from the others, and knows it ever after.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon } from '../../cli/demo/daemon.js';
import { mustSucceed, run, runAt, startCleanDaemons } from '../support/cluster.js';

describe('a data directory', () => {
  let cluster: LocalCluster;
  let n1: Daemon;
  let n3: Daemon;

  beforeAll(async () => {
    cluster = await startCleanDaemons(3);
    await cluster.form();
    await cluster.settled();
    n1 = cluster.daemon('n1');
    n3 = cluster.daemon('n3');
  });
  afterAll(async () => {
    await cluster.close();
  });

  /** The copy's own ports are any that are free. */
  const startCopy = (copy: string): ReturnType<typeof run> => {
    const ports = ['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--http', 'none'];
    return run(['start', '--data-dir', copy, ...ports, '--json']);
  };

  test('that is a copy of a running one ends by itself, and the original goes on', async () => {
    const copy = join(cluster.directory, 'copy');
    await n3.stop('SIGTERM');
    cpSync(join(n3.plan.directory, 'data'), copy, { recursive: true });
    await n3.start();
    await cluster.settled();
    const { code, stderr } = await startCopy(copy);
    expect(code).toBe(1);
    const said = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as Record<string, string>;
    expect(said['code']).toBe('RUNS_TWICE');
    expect(said['error']).toContain(copy);
    expect(said['error']).toContain('another daemon with this data directory is heard');
    expect(said['hint']).toContain('stop the other daemon');
    const view = await cluster.settled();
    expect(view.nodes.filter(({ state }) => state === 'STANDBY')).toHaveLength(2);
  });

  test('of a node removed while it was down learns it on its return, and keeps it', async () => {
    await n3.stop('SIGKILL');
    mustSucceed(await runAt(n1, 'cluster-remove-node', 'n3', '--reason', 'gone'));
    for (let turn = 0; turn < 2; turn += 1) {
      await n3.start();
      await expect
        .poll(async () => (await n3.client.nodeStatus({ timeoutMs: 1000 })).node?.state, {
          timeout: 15_000,
        })
        .toBe('REMOVED');
      const refused = await runAt(n3, 'session', 'put', 'a', 'k=v', '--json');
      expect(refused.code).toBe(1);
      expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'REMOVED' });
      await n3.stop('SIGTERM');
    }
  });
});
