// `npm run bench:services`: three providers of a service on one machine, one of them killed with SIGKILL again and again, and how long
// after that it is still picked. It prints its method and its figures and ends by itself: 0 if the bounds held, 1 if not, 2 for wrong usage.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { connect } from '../../../src/client/index.js';
import type { Quorate, ServiceProvider } from '../../../src/client/index.js';
import { startCleanDaemons } from '../../support/cluster.js';
import { machineLine } from '../crowds/crowd.js';
import { median } from '../statistics.js';

const USAGE = 'usage: npm run bench:services -- [--rounds 10] [--ttl 2000] [--callers 4]';
const METHOD = `Three daemons, three providers (processes with a session of the time to live given), all on this machine. Callers of each way
pick one every 5 ms: \`resolve\` asks the cluster for each pick (linearizable), \`balancer\` picks from its watch and is told of no failure,
\`failed\` is a balancer whose callers really connect and say with whom they failed. Every round kills one provider with SIGKILL at
a random moment and takes, over all callers of a way, the time from the kill to the last pick of the dead one; then it is started again.
Bounds: a session ends at most its time to live after the kill; \`resolve\` never answers it later than that, a
balancer is told at most max(ttl/4, 1 s) later. Both get 250 ms for a busy machine.
`;
const SERVER = fileURLToPath(new URL('../../examples/balanced-server.mjs', import.meta.url));
const SERVICE = 'bench';
const IDS = ['a', 'b', 'c'] as const;
const PICK_MS = 5;
const GRACE_MS = 250;

type Way = 'resolve' | 'balancer' | 'failed';
const WAYS: readonly Way[] = ['resolve', 'balancer', 'failed'];

/** What one way did since the last kill. */
interface Seen {
  /** Time of the last pick of the dead one, from the kill, in milliseconds; 0: it was not picked. */
  lastMs: number;
  deadPicks: number;
  picks: number;
}

interface Plan {
  readonly rounds: number;
  readonly ttl: number;
  readonly callers: number;
}

class Rounds {
  readonly #plan: Plan;
  readonly #addresses: readonly string[];
  readonly #client: Quorate;
  readonly #providers = new Map<string, ChildProcess>();
  readonly #ended = new AbortController();
  /** Registration of the one that was killed; 0: none is dead. */
  #dead = 0;
  #killedAtMs = 0;
  #seen = new Map<Way, Seen>();

  constructor(plan: Plan, addresses: readonly string[]) {
    this.#plan = plan;
    this.#addresses = addresses;
    this.#client = connect({ addresses });
  }

  async run(): Promise<ReadonlyMap<Way, readonly Seen[]>> {
    const all = new Map<Way, Seen[]>(WAYS.map((way) => [way, []]));
    for (const id of IDS) this.#start(id);
    await this.#until((found) => found.length === IDS.length);
    const callers = WAYS.flatMap((way) =>
      Array.from({ length: this.#plan.callers }, () => this.#call(way)),
    );
    for (let round = 0; round < this.#plan.rounds; round += 1) {
      await pause(500 + Math.random() * this.#plan.ttl);
      const id = IDS[round % IDS.length] ?? 'a';
      await this.#kill(id);
      for (const [way, seen] of this.#seen) all.get(way)?.push(seen);
      this.#start(id);
      await this.#until((found) => found.length === IDS.length);
    }
    this.#ended.abort();
    await Promise.all(callers);
    return all;
  }

  close(): void {
    this.#ended.abort();
    for (const child of this.#providers.values()) child.kill('SIGKILL');
    this.#client.close();
  }

  #start(id: string): void {
    const args = [SERVER, SERVICE, id, String(this.#plan.ttl), ...this.#addresses];
    this.#providers.set(id, spawn(process.execPath, args, { stdio: 'ignore' }));
  }

  /** Kills it, and goes on until nobody can pick it any more. */
  async #kill(id: string): Promise<void> {
    const found = await this.#client.services.get(SERVICE, id);
    this.#seen = new Map(WAYS.map((way) => [way, { lastMs: 0, deadPicks: 0, picks: 0 }]));
    this.#killedAtMs = performance.now();
    this.#dead = found?.registration ?? 0;
    this.#providers.get(id)?.kill('SIGKILL');
    await pause(this.#plan.ttl + Math.max(this.#plan.ttl / 4, 1000) + 2 * GRACE_MS);
    this.#dead = 0;
  }

  async #until(holds: (found: readonly ServiceProvider[]) => boolean): Promise<void> {
    const endMs = performance.now() + 60_000;
    for (;;) {
      const found: ServiceProvider[] = [];
      for await (const of of this.#client.services.list({ service: SERVICE })) {
        if (of.withheld === null) found.push(of);
      }
      if (holds(found)) return;
      if (performance.now() > endMs) throw new Error('the providers did not come up in time');
      await pause(50);
    }
  }

  async #call(way: Way): Promise<void> {
    const client = connect({ addresses: this.#addresses });
    const balancer = client.services.balancer(SERVICE);
    const { signal } = this.#ended;
    try {
      await balancer.next();
      while (!signal.aborted) {
        const provider =
          way === 'resolve' ? await client.services.resolve(SERVICE) : await balancer.next();
        this.#note(way, provider);
        if (way === 'failed' && !(await answers(provider))) balancer.failed(provider);
        await pause(PICK_MS);
      }
    } finally {
      balancer.close();
      client.close();
    }
  }

  #note(way: Way, { registration }: ServiceProvider): void {
    const seen = this.#seen.get(way);
    if (seen === undefined || this.#dead === 0) return;
    seen.picks += 1;
    if (registration !== this.#dead) return;
    seen.deadPicks += 1;
    seen.lastMs = performance.now() - this.#killedAtMs;
  }
}

async function answers({ address }: ServiceProvider): Promise<boolean> {
  try {
    await (await fetch(`http://${address}/`)).text();
    return true;
  } catch {
    return false;
  }
}

async function main(plan: Plan): Promise<boolean> {
  console.log(METHOD);
  const cluster = await startCleanDaemons(3);
  let rounds: Rounds | null = null;
  try {
    await cluster.form();
    await cluster.settled();
    rounds = new Rounds(
      plan,
      cluster.daemons.map(({ api }) => api),
    );
    const all = await rounds.run();
    console.log(machineLine());
    console.log(`${plan.rounds} kills, time to live ${plan.ttl} ms, ${plan.callers} callers a way`);
    let hasHeld = true;
    for (const [way, seen] of all) {
      const times = seen.map(({ lastMs }) => lastMs);
      const [longest] = times.toSorted((a, b) => b - a);
      const dead = seen.reduce((sum, { deadPicks }) => sum + deadPicks, 0) / seen.length;
      const late = way === 'resolve' ? 0 : Math.max(plan.ttl / 4, 1000);
      const boundMs = plan.ttl + late + GRACE_MS;
      hasHeld &&= (longest ?? 0) <= boundMs;
      const figures = `median ${median(times).toFixed(0)} ms, longest ${(longest ?? 0).toFixed(0)} ms`;
      console.log(
        `${way.padEnd(9)} last picked ${figures} after the kill (bound ${boundMs} ms); ${dead.toFixed(1)} picks of the dead a kill`,
      );
    }
    console.log(hasHeld ? 'held' : 'FAILED: a dead provider was picked for longer than its bound');
    return hasHeld;
  } finally {
    rounds?.close();
    await cluster.close();
  }
}

/** Null: wrong usage. */
function wished(): Plan | null {
  const options = {
    rounds: { type: 'string', default: '10' },
    ttl: { type: 'string', default: '2000' },
    callers: { type: 'string', default: '4' },
  } as const;
  try {
    const { values } = parseArgs({ options });
    const plan = {
      rounds: Number(values.rounds),
      ttl: Number(values.ttl),
      callers: Number(values.callers),
    };
    const isSound = Object.values(plan).every((each) => Number.isSafeInteger(each) && each >= 1);
    return isSound && plan.ttl >= 2000 ? plan : null;
  } catch {
    return null;
  }
}

const plan = wished();
if (plan === null) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = (await main(plan)) ? 0 : 1;
}
