// Plays a scenario and measures it: how long nothing was committed, how many leaders were elected, who led in the end, how
// soon a healed cluster commits again. What is measured is looked at after every event, not sampled.

import type { NodeId } from '../../src/raft/types.js';
import { calmed } from '../calm.js';
import { recover } from '../liveness.js';
import { Operator } from '../operator.js';
import { drawParameters } from '../parameters.js';
import type { Parameters } from '../parameters.js';
import { Streams } from '../random.js';
import type { Verdict } from '../run.js';
import { NotLive, Violation } from '../violation.js';
import { Client } from '../workload.js';
import { World } from '../world.js';
import type { Expectation, Scenario, Step } from './scenario.js';

export interface Measures {
  /** Longest time without a newly committed entry while the faults lasted. */
  readonly downtimeMs: number;
  readonly elections: number;
  /** Who led in the highest term when the faults ended; null: nobody. */
  readonly leader: number | null;
  /** When that node began to lead; null: nobody led. */
  readonly leaderSinceMs: number | null;
  readonly committed: number;
  /** From the healing to the next committed entry; null: there was none. */
  readonly recoveryMs: number | null;
}

export interface Played {
  readonly verdict: Verdict;
  readonly measures: Measures;
  readonly hash: string;
  readonly simulatedUs: number;
  /** What was expected and did not come true; empty: all did. */
  readonly unmet: readonly string[];
}

/** Seeds to look through for machines that are all alike. */
const SEEDS_TRIED_MAX = 10_000n;
/** Without an expectation of its own nothing else is asked than that all properties hold. */
const WARM_UP_TIMEOUTS = 4;

/** Plays it; `watch` is told of the world before anything happens. Throws only if the simulator itself fails. */
export function play(scenario: Scenario, watch: (world: World) => void = () => undefined): Played {
  const streams = plainStreams(scenario);
  const world = new World(streams, parametersOf(scenario, streams), null, 'one');
  watch(world);
  const stage = new Stage(world, scenario);
  const verdict = judge(world, () => stage.play());
  const { measures } = stage;
  const unmet = verdict.type === 'held' ? unmetIn(scenario.expect, measures) : [];
  return { verdict, measures, hash: world.trace.hash, simulatedUs: world.nowUs, unmet };
}

function judge(world: World, run: () => void): Verdict {
  try {
    run();
    return { type: 'held' };
  } catch (error) {
    const atUs = world.nowUs;
    if (error instanceof Violation) {
      return { type: 'violated', property: error.property, detail: error.message, atUs };
    }
    if (error instanceof NotLive) return { type: 'notLive', detail: error.message, atUs };
    throw error;
  }
}

class Stage {
  readonly #world: World;
  readonly #scenario: Scenario;
  #beganUs = 0;
  #committed = 0;
  #committedUs = 0;
  #quietUs = 0;
  #term = 0;
  #leader: number | null = null;
  #leaderSinceUs = 0;
  #electionsBefore = 0;
  #elections = 0;
  #committedBefore = 0;
  #recoveryUs: number | null = null;

  constructor(world: World, scenario: Scenario) {
    this.#world = world;
    this.#scenario = scenario;
  }

  play(): void {
    const world = this.#world;
    const { forMs, electionTimeoutMs, steps } = this.#scenario;
    const operator = this.#form();
    const clients = Array.from(
      { length: world.parameters.workload.clients },
      (_, at) => new Client(world, at + 1),
    );
    for (const client of clients) client.begin();
    world.network.isCalm = false;
    world.runUntil(world.nowUs + WARM_UP_TIMEOUTS * electionTimeoutMs * 1000);
    this.#begin();
    const untilUs = this.#beganUs + forMs * 1000;
    for (const step of steps) this.#take(step, untilUs);
    this.#runUntil(untilUs, () => false);
    this.#close();
    for (const client of clients) client.stop();
    operator.stop();
    world.act({ type: 'heal', core: null, outside: 'cut' });
    this.#recover();
    world.oracle.over();
  }

  get measures(): Measures {
    return {
      downtimeMs: Math.round(this.#quietUs / 1000),
      elections: this.#elections,
      leader: this.#leader,
      leaderSinceMs:
        this.#leader === null ? null : Math.round((this.#leaderSinceUs - this.#beganUs) / 1000),
      committed: this.#committed - this.#committedBefore,
      recoveryMs: this.#recoveryUs === null ? null : Math.round(this.#recoveryUs / 1000),
    };
  }

  #form(): Operator {
    const world = this.#world;
    const { leader, electionTimeoutMs } = this.#scenario;
    const operator = new Operator(world);
    world.network.isCalm = true;
    operator.found();
    const boundUs = (40 + 10 * this.#scenario.nodes) * electionTimeoutMs * 1000;
    const isReady = (): boolean => operator.isFormed && (leader === null || this.#leads(leader));
    while (!isReady() && world.nowUs < boundUs) {
      if (operator.isFormed && leader !== null)
        world.act({ type: 'handOver', to: leader as NodeId });
      world.runUntil(world.nowUs + electionTimeoutMs * 1000, isReady);
    }
    if (!isReady()) throw new NotLive(`the cluster did not form in ${boundUs / 1e6} s`);
    return operator;
  }

  #leads(id: number): boolean {
    const leader = this.#world.leader();
    return leader?.id === id && leader.process?.node.status().isPrimary === true;
  }

  #begin(): void {
    const world = this.#world;
    this.#beganUs = world.nowUs;
    world.troubleUs = world.nowUs;
    this.#committed = world.oracle.history.committedIndex;
    this.#committedBefore = this.#committed;
    this.#committedUs = world.nowUs;
    this.#electionsBefore = world.counts.of('elections');
    this.#look();
    this.#leaderSinceUs = world.nowUs;
  }

  #take({ when, afterMs, action }: Step, untilUs: number): void {
    const world = this.#world;
    if ('atMs' in when)
      this.#runUntil(Math.min(untilUs, this.#beganUs + when.atMs * 1000), () => false);
    else {
      const before = this.#term;
      const isIt = (): boolean => {
        const isNew = this.#term > before && this.#leader !== null;
        return isNew && (when.leads === 0 || this.#leader === when.leads);
      };
      this.#runUntil(untilUs, isIt);
      if (!isIt())
        throw new NotLive(`node ${when.leads} did not lead within ${this.#scenario.forMs} ms`);
    }
    this.#runUntil(Math.min(untilUs, world.nowUs + afterMs * 1000), () => false);
    world.act(action);
  }

  #runUntil(untilUs: number, isEnough: () => boolean): void {
    if (untilUs <= this.#world.nowUs) return;
    this.#world.runUntil(untilUs, () => {
      this.#look();
      return isEnough();
    });
  }

  /** Notes what an event has changed. */
  #look(): void {
    const { oracle, nowUs } = this.#world;
    const { committedIndex } = oracle.history;
    if (committedIndex > this.#committed) {
      this.#quietUs = Math.max(this.#quietUs, nowUs - this.#committedUs);
      this.#committed = committedIndex;
      this.#committedUs = nowUs;
    }
    const leader = this.#world.leader();
    const term = leader?.process?.node.raft?.state.term ?? 0;
    this.#term = Math.max(this.#term, term);
    if (leader?.id === this.#leader || (leader === null && this.#leader === null)) return;
    this.#leader = leader?.id ?? null;
    this.#leaderSinceUs = nowUs;
  }

  /** The faults are over. */
  #close(): void {
    const { nowUs, counts } = this.#world;
    this.#look();
    this.#quietUs = Math.max(this.#quietUs, nowUs - this.#committedUs);
    this.#elections = counts.of('elections') - this.#electionsBefore;
  }

  #recover(): void {
    const world = this.#world;
    const healedUs = world.nowUs;
    const { history } = world.oracle;
    const before = history.committedIndex;
    world.oracle.listen({
      changed: () => {
        if (history.committedIndex > before) this.#recoveryUs ??= world.nowUs - healedUs;
      },
    });
    recover(world);
  }
}

/** The first seed whose machines are all alike: no witness, no priority above another's. */
function plainStreams({ seed, nodes }: Scenario): Streams {
  for (let at = seed; at < seed + SEEDS_TRIED_MAX; at += 1n) {
    const streams = new Streams(at);
    const isPlain = Array.from({ length: nodes }, (_, index) => {
      const kind = streams.stream(`kind/${index + 1}`);
      return !(kind.chance(200_000) && index > 1) && kind.pick([50, 50, 50, 10, 90]) === 50;
    }).every(Boolean);
    if (isPlain) return new Streams(at);
  }
  throw new Error(`no seed from ${seed} on has machines that are all alike`);
}

/** A calm run with many small writes, and what the scenario fixes. */
function parametersOf(scenario: Scenario, streams: Streams): Parameters {
  const { nodes, electionTimeoutMs, parameters } = scenario;
  const calm = calmed(drawParameters(streams, { nodes, electionTimeoutMs }));
  return {
    ...calm,
    nodes,
    electionTimeoutMs,
    network: { ...calm.network, ...parameters.network },
    disk: { ...calm.disk, ...parameters.disk },
    workload: { ...calm.workload, clients: 2, thinkMeanUs: 100_000, ...parameters.workload },
    limits: { ...calm.limits, ...parameters.limits },
  };
}

/** What did not come true, in words. */
function unmetIn(expect: Expectation, measures: Measures): string[] {
  const { downtimeMs, elections, leader, leaderSinceMs, recoveryMs } = measures;
  const unmet: string[] = [];
  const ask = (isMet: boolean, what: string): void => {
    if (!isMet) unmet.push(what);
  };
  const { downtimeAtMostMs: most = Infinity, downtimeAtLeastMs: least = 0 } = expect;
  ask(downtimeMs <= most, `expected a downtime of at most ${most} ms, got ${downtimeMs} ms`);
  ask(downtimeMs >= least, `expected a downtime of at least ${least} ms, got ${downtimeMs} ms`);
  const { electionsAtMost = Infinity, electionsAtLeast = 0 } = expect;
  ask(
    elections <= electionsAtMost,
    `expected at most ${electionsAtMost} elections, got ${elections}`,
  );
  ask(
    elections >= electionsAtLeast,
    `expected at least ${electionsAtLeast} elections, got ${elections}`,
  );
  const wanted = expect.leader ?? leader;
  ask(leader === wanted, `expected node ${wanted} to lead at the end, got ${leader ?? 'none'}`);
  const { leaderFromMs = Infinity, recoversWithinMs = Infinity } = expect;
  ask(
    leaderFromMs === Infinity || (leaderSinceMs !== null && leaderSinceMs <= leaderFromMs),
    `expected one leader from ${leaderFromMs} ms on, got ${leaderSinceMs === null ? 'none' : `one from ${leaderSinceMs} ms on`}`,
  );
  ask(
    recoversWithinMs === Infinity || (recoveryMs !== null && recoveryMs <= recoversWithinMs),
    `expected a commit within ${recoversWithinMs} ms of healing, got ${recoveryMs ?? 'none'}`,
  );
  return unmet;
}
