// One run from one seed: the cluster forms, then faults and clients for the time asked for, then everything is healed and
// the cluster must recover. What comes out says whether all properties held and, if not, which one, when, and how to see
// it again.

import { CodecError } from '../src/codec/codec-error.js';
import { calmed } from './calm.js';
import type { Counts } from './counts.js';
import { FactClients } from './facts/fact-clients.js';
import type { Schedule } from './fault-action.js';
import { Faults } from './faults.js';
import { recover } from './liveness.js';
import { Operator } from './operator.js';
import { drawParameters } from './parameters.js';
import type { Overrides, Parameters } from './parameters.js';
import { Streams } from './random.js';
import type { LineSink } from './trace.js';
import { NotLive, Violation } from './violation.js';
import type { VersionsInUse } from './versions.js';
import { Watchers } from './watchers.js';
import { Client } from './workload.js';
import { World } from './world.js';

/** Simulated time with faults, unless asked otherwise. */
export const RUN_DEFAULT_MS = 30_000;

/** Chance per million that machines of a run have a process to keep, and that its clients watch. */
const KEEPERS_PPM = 300_000;
const WATCHERS_PPM = 300_000;

export interface RunOptions extends Overrides {
  readonly seed: bigint;
  /** Simulated time of the phase with faults. */
  readonly timeMs?: number;
  /** Nothing goes wrong, whatever the seed says; see calm.ts. */
  readonly isCalm?: boolean;
  /** One version of the software, or two and an upgrade under way. Default: drawn; one while calm. */
  readonly versions?: VersionsInUse;
  /** Everything that is otherwise drawn from the seed once, at the beginning. */
  readonly parameters?: Parameters;
  /**
   * Exactly these faults instead of those that the seed draws, at these times since the cluster has formed; a `heal` at the
   * end of `timeMs` says who heals, else everybody does.
   */
  readonly schedule?: Schedule;
  /** Lets faults do more damage than the protocol can survive; see damage.ts. */
  readonly isDamageUnbounded?: boolean;
  /** Lets every machine run a primary-only process by the shipped keeper. Default: drawn; none while calm. */
  readonly hasKeepers?: boolean;
  /** Lets clients watch. Default: drawn; none while calm. */
  readonly hasWatchers?: boolean;
  /** Takes the lines of a readable trace. */
  readonly sink?: LineSink;
  /** Called before anything happens; may look at whatever happens in the world, but must not change it. */
  readonly watch?: (world: World) => void;
}

export type Verdict =
  | { readonly type: 'held' }
  /** A safety property did not hold. */
  | {
      readonly type: 'violated';
      readonly property: string;
      readonly detail: string;
      readonly atUs: number;
    }
  /** The healed cluster did not recover within its bound. */
  | { readonly type: 'notLive'; readonly detail: string; readonly atUs: number };

export interface RunResult {
  readonly seed: bigint;
  readonly parameters: Parameters;
  readonly verdict: Verdict;
  /** The faults that were carried out; given to another run of this seed, it is the same run. */
  readonly schedule: Schedule;
  /** Of every event with its time, place and content; two runs of a seed have the same. */
  readonly hash: string;
  readonly events: number;
  /** How often a property was asked whether it holds. */
  readonly checks: number;
  /** Client histories that could not be judged within their bounds. */
  readonly undecided: number;
  readonly simulatedUs: number;
  readonly counts: Counts;
}

/** Runs one seed to its end. Throws only if the simulator itself fails. */
export function run(options: RunOptions): RunResult {
  const streams = new Streams(options.seed);
  const { isCalm = false, sink = null, versions = isCalm ? 'one' : null } = options;
  const drawn = options.parameters ?? drawParameters(streams, options);
  const parameters = isCalm ? calmed(drawn) : drawn;
  const world = new World(streams, parameters, sink, versions);
  world.isDamageUnbounded = options.isDamageUnbounded ?? false;
  world.hasKeepers =
    options.hasKeepers ?? (!isCalm && streams.stream('keepers').chance(KEEPERS_PPM));
  const { hasWatchers } = options;
  if (hasWatchers ?? (!isCalm && streams.stream('watchers').chance(WATCHERS_PPM))) {
    world.watchers = new Watchers(world);
  }
  options.watch?.(world);
  const timeUs = (options.timeMs ?? RUN_DEFAULT_MS) * 1000;
  const verdict = judge(world, timeUs, options.schedule ?? null);
  const { counts, trace, network, nowUs } = world;
  counts.add('lost', network.counts.lost);
  counts.add('doubled', network.counts.doubled);
  counts.add('late', network.counts.late);
  counts.add('held', network.counts.held);
  return {
    seed: options.seed,
    parameters,
    verdict,
    schedule: world.schedule,
    hash: trace.hash,
    events: trace.events,
    checks: world.oracle.checks,
    undecided: world.oracle.undecided,
    simulatedUs: nowUs,
    counts,
  };
}

function judge(world: World, timeUs: number, schedule: Schedule | null): Verdict {
  try {
    trouble(world, form(world), timeUs, schedule);
    return { type: 'held' };
  } catch (error) {
    const atUs = world.nowUs;
    if (error instanceof Violation) {
      return { type: 'violated', property: error.property, detail: error.message, atUs };
    }
    // What the shipped code wrote, it cannot read: from a link or a disk, outside of any process.
    if (error instanceof CodecError) {
      return { type: 'violated', property: 'decodable', detail: error.message, atUs };
    }
    if (error instanceof NotLive) return { type: 'notLive', detail: error.message, atUs };
    throw error;
  }
}

function form(world: World): Operator {
  const operator = new Operator(world);
  world.network.isCalm = true;
  operator.found();
  const { nodes, electionTimeoutMs } = world.parameters;
  const boundUs = (5 + 10 * nodes) * electionTimeoutMs * 1000;
  while (!operator.isFormed && world.nowUs < boundUs) {
    world.runUntil(world.nowUs + electionTimeoutMs * 100);
  }
  if (!operator.isFormed) throw new NotLive(`the cluster did not form in ${boundUs / 1e6} s`);
  return operator;
}

function trouble(
  world: World,
  operator: Operator,
  timeUs: number,
  schedule: Schedule | null,
): void {
  const faults = new Faults(world);
  const facts = new FactClients(world);
  const clients = Array.from(
    { length: world.parameters.workload.clients },
    (_, at) => new Client(world, at + 1),
  );
  world.network.isCalm = false;
  world.troubleUs = world.nowUs;
  if (schedule === null) faults.begin();
  else faults.follow(schedule, timeUs);
  operator.begin();
  world.versions.begin();
  for (const client of clients) client.begin();
  facts.begin();
  world.watchers?.begin();
  world.runUntil(world.nowUs + timeUs);
  for (const client of clients) client.stop();
  facts.stop();
  operator.stop();
  faults.heal();
  world.versions.finish();
  recover(world, () => facts.unfinished());
  world.oracle.over();
}
