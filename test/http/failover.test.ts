// Real daemons through a hand-over, a pause and a kill of the primary, watched over HTTP as load balancers would. No two
// nodes may answer 200 on /primary at the same instant. Samples show that as follows.
// 1. A 200 that was asked for at `sentMs` and received at `heardMs` was true at some instant between the two, on one clock.
// 2. Reigns follow each other by epoch. So if a node was primary of an earlier epoch after one was primary of a later epoch,
//    the two overlapped, and at some instant both would have answered 200.
// 3. That is proven wherever a 200 of the earlier epoch was *sent* after a 200 of a later epoch was *heard*. No sample is
//    accused wrongly, however slow the machine is.
// 4. Each node is asked again as soon as it answered, so an overlap that is longer than two rounds of asking is found; the
//    test says how long they took.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon } from '../../cli/demo/daemon.js';
import { startCleanDaemons } from '../support/cluster.js';
import { ask, eventually } from './asking.js';

const ROUNDS = process.env['QUORATE_TEST_LONG'] === '1' ? 15 : 1;
const PAUSE_MS = 1;
/** A node that does not answer is asked anew, so that it always has a young question when it wakes. */
const ANSWER_MS = 400;
const LIMIT_MS = 60_000 * (ROUNDS + 1);

interface Sample {
  readonly node: string;
  readonly sentMs: number;
  readonly heardMs: number;
  /** Null: no answer. */
  readonly status: number | null;
  readonly epoch: number;
}

/** Asks every node again and again, each at its own pace; a node that does not answer keeps nobody waiting. */
class Balancer {
  readonly samples: Sample[] = [];
  readonly #asking: Promise<void>[];
  #isOver = false;

  constructor(daemons: readonly Daemon[]) {
    // Three askers a node, so that one of them has just asked at any moment.
    this.#asking = daemons.flatMap((daemon) => [0, 1, 2].map(() => this.#askOn(daemon)));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#asking);
  }

  /** Since `sinceMs` another node than `old` was primary, and `old` was asked after that was heard. */
  hasAskedAfterChange(old: string, sinceMs: number): boolean {
    const change = this.samples.find(({ node, status, sentMs }) => {
      return node !== old && status === 200 && sentMs >= sinceMs;
    });
    if (change === undefined) return false;
    return this.samples.some(({ node, sentMs }) => node === old && sentMs > change.heardMs);
  }

  async #askOn({ name, plan }: Daemon): Promise<void> {
    const port = Number(plan.http.split(':')[1]);
    while (!this.#isOver) {
      const sentMs = performance.now();
      const asked = await ask(port, '/primary', { limitMs: ANSWER_MS }).catch(() => null);
      const heardMs = performance.now();
      const { epoch } = JSON.parse(asked?.text ?? '{"epoch":0}') as { epoch: number };
      this.samples.push({ node: name, sentMs, heardMs, status: asked?.status ?? null, epoch });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Pairs that prove two primaries at one instant: the earlier reign was asked for after the later one was heard of. */
function overlaps(samples: readonly Sample[]): [Sample, Sample][] {
  const yes = samples.filter(({ status }) => status === 200);
  const firstHeard = new Map<number, Sample>();
  for (const sample of yes) {
    const known = firstHeard.get(sample.epoch);
    if (known === undefined || sample.heardMs < known.heardMs) {
      firstHeard.set(sample.epoch, sample);
    }
  }
  return [...firstHeard.values()].flatMap((later) =>
    yes
      .filter(({ epoch, sentMs }) => epoch < later.epoch && sentMs >= later.heardMs)
      .map((earlier): [Sample, Sample] => [earlier, later]),
  );
}

let cluster: LocalCluster;

beforeAll(async () => {
  cluster = await startCleanDaemons(3);
  await cluster.form();
  await cluster.settled();
}, 60_000);

afterAll(() => cluster.close());

/** Who is primary by HTTP alone: one node answers 200, and the others do not. */
async function onlyPrimary(): Promise<Daemon> {
  let found: Daemon | undefined;
  const look = async (): Promise<void> => {
    const answers = cluster.running.map(async (daemon) => {
      const port = Number(daemon.plan.http.split(':')[1]);
      return { daemon, status: (await ask(port, '/primary').catch(() => null))?.status };
    });
    const yes = (await Promise.all(answers)).filter(({ status }) => status === 200);
    found = yes.length === 1 ? yes[0]?.daemon : undefined;
  };
  const endMs = performance.now() + 30_000;
  while (found === undefined && performance.now() < endMs) await look();
  if (found === undefined) throw new Error('expected one primary');
  return found;
}

describe('what counts as an overlap', () => {
  const sample = (epoch: number, sentMs: number, heardMs: number, status = 200): Sample => {
    return { node: `n${epoch}`, epoch, sentMs, heardMs, status };
  };

  test.each([
    { name: 'one after the other', samples: [sample(4, 0, 1), sample(9, 2, 3)], count: 0 },
    { name: 'answers that cross', samples: [sample(4, 1, 9), sample(9, 2, 3)], count: 0 },
    { name: 'a refusal afterwards', samples: [sample(9, 2, 3), sample(4, 4, 5, 503)], count: 0 },
    { name: 'the earlier afterwards', samples: [sample(9, 2, 3), sample(4, 4, 5)], count: 1 },
    {
      name: 'again and again',
      samples: [sample(9, 2, 3), sample(4, 4, 5), sample(4, 5, 6)],
      count: 2,
    },
  ])('$name: $count', ({ samples, count }) => {
    expect(overlaps(samples)).toHaveLength(count);
  });
});

test(
  'no two nodes answer 200 on /primary at the same instant, and one does again after each fail-over',
  async () => {
    const balancer = new Balancer(cluster.daemons);
    const changes: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const how of ['hand-over', 'pause', 'kill'] as const) {
        const old = await onlyPrimary();
        const sinceMs = performance.now();
        if (how === 'hand-over') {
          const next = cluster.running.find((daemon) => daemon !== old) ?? old;
          await next.client.setPrimary({ name: next.name, reason: 'test' });
        }
        if (how === 'pause') process.kill(old.pid ?? 0, 'SIGSTOP');
        if (how === 'kill') await old.stop('SIGKILL');
        await eventually('another primary', () => balancer.hasAskedAfterChange(old.name, sinceMs));
        // It wakes with questions in its ears that were asked when another was primary, and before anything else.
        if (how === 'pause') process.kill(old.pid ?? 0, 'SIGCONT');
        if (how === 'kill') await old.start();
        await cluster.settled();
        changes.push(`${how} of ${old.name} to ${(await onlyPrimary()).name}`);
      }
    }
    await balancer.end();
    const { samples } = balancer;
    const yes = samples.filter(({ status }) => status === 200);
    expect(overlaps(samples)).toEqual([]);
    expect(changes).toHaveLength(3 * ROUNDS);
    expect(new Set(yes.map(({ epoch }) => epoch)).size).toBeGreaterThan(3 * ROUNDS);
    const took = yes.map(({ sentMs, heardMs }) => heardMs - sentMs).sort((a, b) => a - b);
    const median = took[Math.floor(took.length / 2)] ?? 0;
    process.stderr.write(
      `/primary: ${samples.length} samples, ${yes.length} of them 200, median ${median.toFixed(1)} ms; ${changes.join(', ')}\n`,
    );
  },
  LIMIT_MS,
);
