// `quorate explain` finds the cause of six fail-overs of one cluster of real daemons: an order, a kill, a pause, a partition, a disk
// that hangs and a health check that fails. Each is certain, fits what the log says, and tells for how long nobody was primary.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { askAll } from '../../../cli/explain-notes.js';
import { explanationView } from '../../../cli/explain-view.js';
import type { ExplanationView } from '../../../cli/explain-view.js';
import { QuorateClient } from '../../../src/client/client.js';
import type { CauseKind } from '../../../src/explain/causes.js';
import { BIN } from '../../support/cluster.js';
import { eventually, ExplainedCluster } from './cluster.js';
import type { Subject } from './cluster.js';

let cluster: ExplainedCluster;

beforeAll(async () => {
  cluster = new ExplainedCluster();
  await cluster.start();
});

afterAll(async () => {
  await cluster?.close();
});

interface Row {
  readonly cause: CauseKind;
  /** Lets it happen to the primary; answers how to mend it once somebody else is primary. */
  readonly strike: (primary: Subject, others: readonly Subject[]) => Promise<() => void>;
  readonly words: RegExp;
  /** Whether a proof of stop told the gap. */
  readonly isProven: boolean;
}

const ROWS: readonly Row[] = [
  {
    cause: 'handOver',
    strike: async (primary, [next]) => {
      await primary.client.setPrimary({ name: next?.name ?? '', reason: 'new disks' });
      return () => {};
    },
    words: /handed over, as an operator asked/,
    isProven: true,
  },
  {
    cause: 'killed',
    strike: (primary) => {
      primary.signal('SIGKILL');
      return Promise.resolve(() => primary.start());
    },
    words: /was killed/,
    isProven: false,
  },
  {
    cause: 'paused',
    strike: (primary) => {
      primary.signal('SIGSTOP');
      return Promise.resolve(() => primary.signal('SIGCONT'));
    },
    words: /did not run for a while/,
    isProven: false,
  },
  {
    cause: 'partition',
    strike: (primary, others) => {
      for (const { name } of others) {
        cluster.mesh.cut(primary.name, name);
        cluster.mesh.cut(name, primary.name);
      }
      return Promise.resolve(() => cluster.mesh.heal());
    },
    words: /cut off from the others/,
    isProven: false,
  },
  {
    cause: 'hungDisk',
    strike: async (primary, [other]) => {
      primary.disk.set({ syncHangs: true });
      const write = { key: 'k', value: Buffer.from('v') };
      // It is not answered before the disk answers, or somebody else leads.
      const written = other?.client.putStore(write, { timeoutMs: 8000 }).catch(() => null);
      await primary.disk.hanging();
      return () => {
        primary.disk.set();
        void written;
      };
    },
    words: /waited for its disk/,
    isProven: false,
  },
  {
    cause: 'healthCheck',
    strike: (primary) => {
      primary.setSick(true);
      return Promise.resolve(() => primary.setSick(false));
    },
    words: /its health check failed/,
    isProven: true,
  },
];

/** Why the reign began that followed this epoch. */
async function explained(from: Subject, epoch: number): Promise<ExplanationView> {
  const members = cluster.subjects.map(({ name, api }) => ({ name, api }));
  const told = await askAll(from.client, members, (address) => new QuorateClient({ address }));
  const at = told.reigns.findIndex((it) => it.epoch === epoch);
  const [before = null, reign] = told.reigns.slice(at);
  if (at < 0 || reign === undefined) throw new Error(`no reign after epoch ${epoch} is known`);
  return explanationView({ ...told, reign, before });
}

test.each(ROWS)('finds that the reason was: $cause', async (row) => {
  const { primary, others, epoch } = await cluster.whole();
  const mend = await row.strike(primary, others);
  await cluster.failedOver(primary, epoch);
  mend();
  const next = await cluster.whole();
  // The one that was struck may still be writing down what it missed.
  const view = await eventually('the cause', async () => {
    const said = await explained(next.primary, epoch);
    if (said.cause.kind !== row.cause) throw new Error(JSON.stringify(said, null, 1));
    return said;
  });
  expect(view.cause).toMatchObject({ certainty: 'certain', agreesWithLog: true });
  expect(view.before?.node).toBe(primary.name);
  expect(view.sentence).toMatch(row.words);
  expect(view.silent).toEqual([]);
  expect(view.chain.map(({ kind }) => kind)).toContain('elected');
  expect(view.before?.endedBy === 'proof').toBe(row.isProven);
  expect(view.reign.gapMs).toBeGreaterThanOrEqual(0);
});

test('prints it within 100 columns, and as an object', async () => {
  const [first] = cluster.subjects;
  const run = (...words: string[]): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, [BIN, 'explain', '--node', first?.api ?? '', ...words]);
  const { stdout } = await run();
  expect(stdout).toMatch(/became primary \(epoch \d+\) .* ago because n\d/);
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  const { explanations } = JSON.parse((await run('--since', '1h', '--json')).stdout) as {
    explanations: { cause: { kind: string } }[];
  };
  expect(explanations.map(({ cause }) => cause.kind)).toEqual([
    'first',
    ...ROWS.map(({ cause }) => cause),
  ]);
});
