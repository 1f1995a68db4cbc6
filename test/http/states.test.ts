// Which code each path gives in each state of a node: the table that README.md of src/http promises. The nodes are real,
// brought into that state by what leads there, and held in it by a clock that stands still.
import { afterEach, describe, expect, test } from 'vitest';
import { ask, askJson } from './asking.js';
import { TIMERS, World } from './world.js';

const PATHS = [
  '/livez',
  '/readyz',
  '/health',
  '/primary',
  '/standby',
  '/read-only',
  '/read-only?lag=0',
] as const;

let world: World | null = null;

afterEach(async () => {
  await world?.stop();
  world = null;
});

async function opened(count: number): Promise<World> {
  world = await World.open(count);
  return world;
}

async function three(): Promise<World> {
  const formed = await opened(3);
  formed.form();
  return formed;
}

/** Time without ticks: the lease ends, and nobody has noticed. */
function loseLease(formed: World): void {
  formed.nowMs += TIMERS.leaseMs;
}

interface Row {
  readonly name: string;
  /** In the order of PATHS. */
  readonly codes: readonly number[];
  readonly state: string;
  readonly leadTo: () => Promise<{ readonly world: World; readonly asked: number }>;
}

const ROWS: readonly Row[] = [
  {
    name: 'a clean node',
    codes: [200, 503, 200, 503, 503, 503, 503],
    state: 'CLEAN',
    leadTo: async () => ({ world: await opened(1), asked: 1 }),
  },
  {
    name: 'a learner',
    codes: [200, 503, 200, 503, 503, 503, 503],
    state: 'JOINING',
    async leadTo() {
      const formed = await opened(2);
      formed.form({ learners: [2] });
      return { world: formed, asked: 2 };
    },
  },
  {
    name: 'a standby',
    codes: [200, 200, 200, 503, 200, 200, 200],
    state: 'STANDBY',
    leadTo: async () => ({ world: await three(), asked: 2 }),
  },
  {
    name: 'the primary',
    codes: [200, 200, 200, 200, 503, 200, 200],
    state: 'PRIMARY',
    leadTo: async () => ({ world: await three(), asked: 1 }),
  },
  {
    name: 'a primary that is told to stop, until it has handed over',
    codes: [200, 503, 200, 200, 503, 503, 503],
    state: 'PRIMARY',
    async leadTo() {
      const formed = await three();
      formed.machine(1).isStopping = true;
      return { world: formed, asked: 1 };
    },
  },
  {
    name: 'a witness',
    codes: [200, 200, 200, 503, 503, 503, 503],
    state: 'WITNESS',
    async leadTo() {
      const formed = await opened(3);
      formed.form({ witnesses: [3] });
      return { world: formed, asked: 3 };
    },
  },
  {
    name: 'a node whose disk failed',
    codes: [200, 503, 503, 503, 503, 503, 503],
    state: 'DEGRADED',
    async leadTo() {
      const formed = await three();
      formed.breakDisk(3);
      return { world: formed, asked: 3 };
    },
  },
  {
    name: 'a primary whose disk failed',
    codes: [200, 503, 503, 503, 503, 503, 503],
    state: 'DEGRADED',
    async leadTo() {
      const formed = await three();
      formed.breakDisk(1);
      return { world: formed, asked: 1 };
    },
  },
  {
    name: 'a node that was removed',
    codes: [200, 503, 503, 503, 503, 503, 503],
    state: 'REMOVED',
    async leadTo() {
      const formed = await three();
      formed.change({ remove: [formed.machine(3).node.status().nodeId] });
      formed.until('its knowing', () => {
        return formed.machine(3).node.status().condition === 'removed';
      });
      return { world: formed, asked: 3 };
    },
  },
  {
    name: 'a standby without a quorum',
    codes: [200, 503, 503, 503, 503, 200, 503],
    state: 'STANDBY',
    async leadTo() {
      const formed = await three();
      formed.cut.add(2);
      formed.pass(TIMERS.electionTimeoutMaxMs * 2);
      return { world: formed, asked: 2 };
    },
  },
  {
    name: 'a primary of before without a quorum',
    codes: [200, 503, 503, 503, 503, 200, 503],
    state: 'STANDBY',
    async leadTo() {
      const formed = await three();
      formed.cut.add(1);
      formed.pass(TIMERS.electionTimeoutMaxMs * 2);
      return { world: formed, asked: 1 };
    },
  },
  {
    name: 'a leader whose lease is over',
    codes: [200, 200, 200, 503, 200, 200, 200],
    state: 'STANDBY',
    async leadTo() {
      const formed = await three();
      loseLease(formed);
      expect(formed.machine(1).node.status().role).toBe('leader');
      return { world: formed, asked: 1 };
    },
  },
  {
    name: 'a leader that was suspended for longer than an election takes',
    codes: [200, 503, 503, 503, 503, 200, 503],
    state: 'STANDBY',
    async leadTo() {
      const formed = await three();
      formed.nowMs += TIMERS.electionTimeoutMaxMs;
      return { world: formed, asked: 1 };
    },
  },
];

describe('by state:', () => {
  test.each(ROWS)('$name', async ({ codes, state, leadTo }) => {
    const { world: ready, asked } = await leadTo();
    const { port } = ready.machine(asked);
    const told = [];
    for (const path of PATHS) told.push((await ask(port, path)).status);
    expect(told).toEqual(codes);
    const { text } = await ask(port, '/livez');
    expect(JSON.parse(text)).toMatchObject({ node: `n${asked}`, state });
  });

  test('whatever is refused says why', async () => {
    for (const { leadTo } of ROWS) {
      const { world: ready, asked } = await leadTo();
      for (const path of PATHS) {
        const { status, text } = await ask(ready.machine(asked).port, path);
        const { why } = JSON.parse(text) as { why?: string };
        expect(status === 200 ? why === undefined : (why ?? '').length > 10).toBe(true);
      }
      await ready.stop();
    }
  });
});

describe('/primary', () => {
  interface Told {
    readonly state: string;
    readonly primary: string | null;
    readonly epoch: number;
    readonly why?: string;
  }

  test('of a standby names the primary', async () => {
    const { machines } = await three();
    const told = await askJson<Told>(machines[1]?.port ?? 0, '/primary');
    expect(told).toMatchObject({ status: 503, state: 'STANDBY', primary: 'n1' });
    expect(told.why).toBe('n1 is primary');
  });

  test('of a standby that hears nobody names nobody', async () => {
    const formed = await three();
    formed.nowMs += TIMERS.electionTimeoutMinMs + 1;
    const told = await askJson<Told>(formed.machine(2).port, '/primary');
    expect(told).toMatchObject({ status: 503, primary: null });
  });

  test('ends with the lease to the millisecond, while nothing else happens', async () => {
    const formed = await three();
    const { node, port } = formed.machine(1);
    const untilMs = formed.nowMs + TIMERS.leaseMs;
    while (node.status().isPrimary && formed.nowMs < untilMs) formed.nowMs += 1;
    expect((await ask(port, '/primary')).status).toBe(503);
    formed.nowMs -= 1;
    expect((await ask(port, '/primary')).status).toBe(200);
  });

  test('is over on the old primary before it begins on the new one', async () => {
    const formed = await three();
    formed.cut.add(1);
    const sums: number[] = [];
    for (let step = 0; step < 400; step += 1) {
      formed.pass(TIMERS.tickMs);
      const codes = await Promise.all(formed.machines.map(({ port }) => ask(port, '/primary')));
      sums.push(codes.filter(({ status }) => status === 200).length);
    }
    expect(Math.max(...sums)).toBe(1);
    expect(sums).toContain(0);
    expect(sums.at(-1)).toBe(1);
    expect((await ask(formed.machine(1).port, '/primary')).status).toBe(503);
  });

  test.each([
    { query: 'epoch=EPOCH', at: 1, code: 200 },
    { query: 'epoch=000EPOCH', at: 1, code: 200 },
    { query: 'epoch=0', at: 1, code: 409 },
    { query: 'epoch=9007199254740991', at: 1, code: 409 },
    // A standby has no reign that could be another one.
    { query: 'epoch=EPOCH', at: 2, code: 503 },
    { query: 'epoch=0', at: 2, code: 503 },
    { query: 'epoch=', at: 1, code: 400 },
    { query: 'epoch', at: 1, code: 400 },
    { query: 'epoch=-1', at: 1, code: 400 },
    { query: 'epoch=%2B4', at: 1, code: 400 },
    { query: 'epoch=4.0', at: 1, code: 400 },
    { query: 'epoch=1e3', at: 1, code: 400 },
    { query: 'epoch=0x4', at: 1, code: 400 },
    { query: 'epoch=%204', at: 1, code: 400 },
    { query: 'epoch=٤', at: 1, code: 400 },
    { query: 'epoch=9007199254740992', at: 1, code: 400 },
    { query: `epoch=${'9'.repeat(400)}`, at: 1, code: 400 },
    { query: 'epoch=EPOCH&epoch=EPOCH', at: 1, code: 400 },
    { query: 'epoch=4', at: 1, code: 400, more: '&x=1' },
    { query: 'epcoh=0', at: 1, code: 400 },
    { query: 'epoch=abc', at: 2, code: 400 },
  ])('?$query at n$at: $code', async ({ query, at, code, more = '' }) => {
    const formed = await three();
    const { epoch } = formed.machine(1).node.status();
    const filled = encodeURI(query.replaceAll('EPOCH', String(epoch))).replaceAll('%25', '%');
    const { status, text } = await ask(formed.machine(at).port, `/primary?${filled}${more}`);
    expect(status).toBe(code);
    const told = JSON.parse(text) as Told & { error?: string; hint?: string };
    expect(code === 400 ? (told.hint ?? '') : String(told.epoch)).not.toBe('');
  });
});

describe('/read-only?lag=N', () => {
  test('counts what a live leader has committed and this node has not applied', async () => {
    const formed = await three();
    const { port, node } = formed.machine(3);
    const entriesOf = async (): Promise<number> =>
      (await askJson<{ lagEntries: number }>(port, '/read-only')).lagEntries;
    expect(await entriesOf()).toBe(0);
    formed.machine(3).isStarved = true;
    for (let write = 0; write < 5; write += 1) {
      formed.write();
    }
    formed.pass(TIMERS.heartbeatMs * 2);
    expect(node.status().lagEntries).toBe(5);
    expect((await ask(port, '/read-only?lag=5')).status).toBe(200);
    const { status, text } = await ask(port, '/read-only?lag=4');
    expect(status).toBe(503);
    expect(text).toContain('this node lacks 5 entries, more than 4');
    expect((await ask(port, '/read-only?lag=four')).status).toBe(400);
    expect((await ask(port, '/read-only?epoch=4')).status).toBe(400);
  });
});
