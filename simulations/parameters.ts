// What a run is like, drawn from its seed: how many nodes, how fast their timers, how bad their network and disks, which
// faults and how often, what clients do. Every seed draws its own mixture (a swarm), with whole kinds of trouble left
// out at random, because bugs hide where one kind of trouble is common and another is absent.
// Source for the idea: "Swarm Testing", Groce et al. 2012.

import type { Limits } from '../src/raft/options.js';
import { LIMITS } from '../src/raft/options.js';
import type { SnapshotLimits } from '../src/node/snapshot-taker.js';
import type { ClientSessionLimits } from '../src/state-machine/command.js';
import { CLIENT_SESSION_LIMITS } from '../src/state-machine/command.js';
import type { Stream, Streams } from './random.js';

/** Chance per million that a run has clients of one kind of further facts. */
const FACT_PPM = 250_000;

/** How delays are distributed: all alike, mostly short, now and then very long, or of a short path and a long one. */
const DELAY_SHAPES = ['constant', 'exponential', 'longTail', 'twoPaths'] as const;

/** How messages travel. Times in microseconds, chances per million messages. */
export interface NetworkParameters {
  readonly delayShape: (typeof DELAY_SHAPES)[number];
  readonly delayMinUs: number;
  readonly delayMeanUs: number;
  readonly lossPpm: number;
  readonly duplicatePpm: number;
  /** A message that takes much longer than the others, up to `stragglerMaxUs`. */
  readonly stragglerPpm: number;
  readonly stragglerMaxUs: number;
  /** A link delivers in the order of sending, as one stream does; duplicates and stragglers then hold up the rest. */
  readonly isOrdered: boolean;
}

/** How long a sync takes, in microseconds. */
export interface DiskParameters {
  readonly syncMeanUs: number;
  readonly slowSyncPpm: number;
  readonly slowSyncMaxUs: number;
}

/** Mean times between faults of a kind, in microseconds; null: this kind does not happen. */
export interface FaultParameters {
  readonly partitionEveryUs: number | null;
  readonly partitionMeanUs: number;
  readonly crashEveryUs: number | null;
  readonly downMeanUs: number;
  readonly pauseEveryUs: number | null;
  readonly pauseMeanUs: number;
  readonly clogEveryUs: number | null;
  /** A process is slow for a while. */
  readonly slowEveryUs: number | null;
  readonly clockEveryUs: number | null;
  /** Disks hang and fail. */
  readonly diskEveryUs: number | null;
  /** Machines and disks are lost for good, as far as the cluster can survive it; see damage.ts. */
  readonly lossEveryUs: number | null;
  /** Chance per million that in the end only some nodes heal. */
  readonly corePpm: number;
  /** Chance per million that a vote, a TimeoutNow or a snapshot chunk brings a fault upon those who exchange it. */
  readonly aimedPpm: number;
  /** Chance per million that whoever is asked for a vote or a pre-vote restarts, and is there again at once. */
  readonly restartPpm: number;
}

/** What clients and the operator do. */
export interface WorkloadParameters {
  readonly clients: number;
  /** Mean pause of one client between two operations. */
  readonly thinkMeanUs: number;
  readonly sessions: number;
  readonly ttlMinMs: number;
  readonly ttlMaxMs: number;
  readonly valueBytesMax: number;
  /** Null: the operator hands over, or changes the members, never. */
  readonly handOverEveryUs: number | null;
  readonly membershipEveryUs: number | null;
  /** After how many election timeouts the cluster removes voters that it does not hear; null: it is told nothing. */
  readonly autoRemoveTimeouts: number | null;
}

/** Clients of further facts; 0: nobody asks for this kind. */
export interface FactParameters {
  /** Mean pause of one of them between two wishes. */
  readonly thinkMeanUs: number;
  readonly lockClients: number;
  readonly jobWorkers: number;
  readonly providers: number;
  readonly policyClients: number;
}

/** What an operator, health checks and hooks do to reigns, and how long processes take to end. */
export interface ReignParameters {
  /** Mean time between two acts: rules change, a health check turns, a primary is named; null: never. */
  readonly wishEveryUs: number | null;
  /** What the keeper gives its process to end, and what a hand-over waits for that, beside an election timeout. */
  readonly stopGraceMs: number;
  readonly stopLimitMs: number;
  /** How long hooks run on average; with `false` below there are none. */
  readonly hookMeanUs: number;
  readonly hasHooks: boolean;
  /** Chance per million that the hook before promotion refuses. */
  readonly hookRefusesPpm: number;
}

export interface Parameters {
  readonly nodes: number;
  readonly electionTimeoutMs: number;
  /** Clock rates: anywhere in the allowed range, all at one of its two ends, or later beyond it, which is never drawn. */
  readonly clocks: 'spread' | 'extreme' | 'beyond';
  readonly network: NetworkParameters;
  readonly disk: DiskParameters;
  readonly faults: FaultParameters;
  readonly workload: WorkloadParameters;
  readonly facts: FactParameters;
  readonly reigns: ReignParameters;
  readonly limits: Limits;
  readonly snapshots: SnapshotLimits;
  readonly clientSessions: ClientSessionLimits;
}

/** What the caller fixes instead of drawing. The draws themselves still happen, so that nothing else shifts. */
export interface Overrides {
  readonly nodes?: number;
  readonly electionTimeoutMs?: number;
  /** Lets clocks change to rates that the product does not allow for. */
  readonly clocks?: 'beyond';
}

/** Draws the mixture of this seed. */
export function drawParameters(streams: Streams, overrides: Overrides): Parameters {
  const draw = streams.stream('parameters');
  const nodes = draw.pick([3, 3, 3, 4, 5]);
  const drawnTimeoutMs = draw.pick([300, 500, 1000, 1000, 2000]);
  const electionTimeoutMs = overrides.electionTimeoutMs ?? drawnTimeoutMs;
  const timeoutUs = electionTimeoutMs * 1000;
  const clocks = draw.pick(['spread', 'extreme'] as const);
  const { restartPpm, restMeanUs } = drawRestarts(streams.stream('parameters/votersRestart'));
  const workload = drawWorkload(streams.stream('parameters/workload'), timeoutUs);
  return {
    nodes: overrides.nodes ?? nodes,
    electionTimeoutMs,
    clocks: overrides.clocks ?? clocks,
    network: drawNetwork(streams.stream('parameters/network'), timeoutUs),
    disk: drawDisk(streams.stream('parameters/disk'), timeoutUs),
    faults: { ...drawFaults(streams.stream('parameters/faults'), timeoutUs), restartPpm },
    workload: { ...workload, thinkMeanUs: restMeanUs ?? workload.thinkMeanUs },
    facts: drawFacts(streams.stream('parameters/facts')),
    reigns: drawReigns(streams.stream('parameters/reigns'), timeoutUs),
    limits: drawLimits(streams.stream('parameters/limits')),
    snapshots: drawSnapshots(streams.stream('parameters/snapshots')),
    clientSessions: drawClientSessions(streams.stream('parameters/clientSessions')),
  };
}

function drawNetwork(draw: Stream, timeoutUs: number): NetworkParameters {
  const delayShape = draw.pick(DELAY_SHAPES);
  return {
    delayShape,
    delayMinUs: draw.between(50, 1000),
    delayMeanUs: draw.between(100, Math.floor(timeoutUs / 40)),
    lossPpm: draw.pick([0, 0, 1000, 10_000, 50_000, 150_000]),
    duplicatePpm: draw.pick([0, 0, 1000, 20_000, 100_000]),
    stragglerPpm: draw.pick([0, 0, 500, 5000, 30_000]),
    stragglerMaxUs: timeoutUs * draw.between(1, 6),
    isOrdered: draw.chance(250_000),
  };
}

function drawDisk(draw: Stream, timeoutUs: number): DiskParameters {
  return {
    syncMeanUs: draw.between(100, Math.floor(timeoutUs / 50)),
    slowSyncPpm: draw.pick([0, 0, 1000, 10_000, 50_000]),
    slowSyncMaxUs: Math.floor(timeoutUs * draw.pick([0.2, 1, 2])),
  };
}

/**
 * In three of ten seeds voters restart when they are asked. A candidate that is cut off gets a vote only if nothing was written
 * meanwhile, so that in half of these seeds clients rest for long.
 */
function drawRestarts(draw: Stream): { restartPpm: number; restMeanUs: number | null } {
  if (!draw.chance(300_000)) return { restartPpm: 0, restMeanUs: null };
  const restartPpm = draw.pick([50_000, 300_000]);
  return { restartPpm, restMeanUs: draw.chance(500_000) ? 5_000_000 : null };
}

function drawFaults(draw: Stream, timeoutUs: number): Omit<FaultParameters, 'restartPpm'> {
  const every = (): number | null => {
    const mean = timeoutUs * draw.between(3, 20);
    return draw.chance(750_000) ? mean : null;
  };
  return {
    partitionEveryUs: every(),
    partitionMeanUs: timeoutUs * draw.between(1, 4),
    crashEveryUs: every(),
    downMeanUs: Math.floor(timeoutUs * draw.pick([0.1, 0.5, 2])),
    pauseEveryUs: every(),
    pauseMeanUs: Math.floor(timeoutUs * draw.pick([0.1, 0.5, 1.5])),
    aimedPpm: draw.pick([0, 5000, 30_000, 100_000]),
    clogEveryUs: every(),
    slowEveryUs: every(),
    clockEveryUs: every(),
    diskEveryUs: every(),
    lossEveryUs: every(),
    corePpm: 500_000,
  };
}

function drawWorkload(draw: Stream, timeoutUs: number): WorkloadParameters {
  return {
    clients: draw.between(1, 4),
    thinkMeanUs: draw.pick([50_000, 200_000, 600_000]),
    sessions: draw.between(1, 6),
    ttlMinMs: 2000,
    ttlMaxMs: draw.pick([3000, 10_000, 60_000]),
    valueBytesMax: draw.pick([8, 64, 2048]),
    handOverEveryUs: draw.chance(700_000) ? timeoutUs * draw.between(2, 20) : null,
    membershipEveryUs: draw.chance(700_000) ? timeoutUs * draw.between(3, 15) : null,
    autoRemoveTimeouts: draw.pick([null, null, 10, 15]),
  };
}

function drawFacts(draw: Stream): FactParameters {
  const count = (most: number): number => {
    const some = draw.between(1, most);
    return draw.chance(FACT_PPM) ? some : 0;
  };
  return {
    thinkMeanUs: draw.pick([200_000, 500_000]),
    lockClients: count(4),
    jobWorkers: count(3),
    providers: count(3),
    policyClients: count(2),
  };
}

function drawReigns(draw: Stream, timeoutUs: number): ReignParameters {
  const stopGraceMs = draw.pick([50, 400, 400, Math.floor(timeoutUs / 250)]);
  return {
    wishEveryUs: draw.chance(400_000) ? timeoutUs * draw.between(2, 10) : null,
    stopGraceMs,
    stopLimitMs: draw.pick([stopGraceMs + 200, stopGraceMs + 200, 0]),
    hasHooks: draw.chance(400_000),
    hookMeanUs: Math.floor(timeoutUs * draw.pick([0.02, 0.5, 2])),
    hookRefusesPpm: draw.pick([0, 50_000, 300_000]),
  };
}

function drawLimits(draw: Stream): Limits {
  return {
    ...LIMITS,
    messageEntriesMax: draw.pick([1, 4, 64]),
    messageBytesMax: draw.pick([256, 4096, LIMITS.messageBytesMax]),
    inflightMessagesMax: draw.pick([1, 3, 16]),
    uncommittedEntriesMax: draw.pick([8, 64, 512]),
    committedEntriesMax: draw.pick([1, 16, 1024]),
    keptEntriesMax: draw.pick([0, 5, 50]),
    promotionLagMax: draw.pick([10, 250]),
    newcomerPatience: draw.pick([4, 6, 10]),
    newcomerStall: draw.pick([3, 6]),
  };
}

function drawSnapshots(draw: Stream): SnapshotLimits {
  return {
    entriesMax: draw.pick([20, 60, 200, 2000]),
    bytesMax: 32 * 1024 * 1024,
    partRowsMax: draw.pick([2, 16, 256]),
    partsPerTurn: draw.pick([1, 4]),
    chunkBytes: draw.pick([256, 4096, 65_536]),
  };
}

function drawClientSessions(draw: Stream): ClientSessionLimits {
  const max = CLIENT_SESSION_LIMITS;
  const sessionAnswersBytesMax = draw.pick([800, 8192, max.sessionAnswersBytesMax]);
  return {
    sessionsMax: draw.pick([2, 4, max.sessionsMax, max.sessionsMax]),
    idleMs: draw.pick([2000, 10_000, max.idleMs, max.idleMs]),
    windowMax: draw.pick([2, 16, max.windowMax]),
    sessionAnswersBytesMax,
    answersBytesMax: sessionAnswersBytesMax * draw.pick([1, 2, 16]),
    forgetBatchMax: draw.pick([1, 32]),
  };
}
