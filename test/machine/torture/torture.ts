// One torture run: a real cluster, clients, and rounds of kills, pauses and cuts; then everything heals, every session and key is
// read back, and the histories are judged. The report says how much happened, so that a run that tested nothing is seen as such.
// The history is always left behind; of a run with anomalies also the daemons' data and logs.

import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { LocalCluster } from '../../../cli/demo/cluster.js';
import { Streams } from '../../../simulations/random.js';
import { anomaliesOf } from './checks.js';
import type { Anomaly } from './checks.js';
import { Load, seen } from './clients.js';
import { Recorder } from './history.js';
import type { SeenSession } from './history.js';
import { JobLoad } from './job-load.js';
import { disorder } from './linearizable.js';
import { LockLoad } from './lock-load.js';
import { Nemesis, drawRound } from './nemesis.js';
import type { Round } from './nemesis.js';
import { Places } from './places.js';
import { StoreLoad } from './store-load.js';
import { summaryOf } from './report.js';
import type { TortureReport } from './report.js';

export interface TortureOptions {
  readonly rounds: number;
  readonly seed: bigint;
  /** The built command that daemons are started from. */
  readonly bin: string;
  readonly nodes: number;
  readonly clients: number;
  /** Of the cluster, as on the command line. */
  readonly electionTimeout: string;
  /** Created if missing. */
  readonly directory: string;
  /** Whether the network is cut too, which needs root. */
  readonly partitions: boolean;
}

/** Told while it runs. */
export type Tell = (line: string) => void;

/** After all nodes answer, a write must be accepted within this. */
const RECOVERY_MAX_MS = 30_000;
/** A machine that does much else starts a daemon slowly; that is no anomaly. */
const READY_MAX_MS = 60_000;
const POLL_MS = 20;
const LOAD = { contendedIds: 3, thinkMs: 8 } as const;
const STORE_LOAD = { clients: 4, thinkMs: 15 } as const;
const CUTS = { left: 'to n1', right: 'from n1', both: 'n1 off' } as const;
/** Log lines of this level say that a human must act. */
const LOG_LEVEL_ERROR = 50;

/** Runs and judges. Rejects if the run could not be carried out; what the cluster did wrong is in the report. */
export async function torture(options: TortureOptions, tell: Tell): Promise<TortureReport> {
  const { seed, nodes, bin, electionTimeout, directory } = options;
  mkdirSync(directory, { recursive: true });
  const beganMs = performance.now();
  const history = join(directory, `history-${seed}.ndjson`);
  const recorder = new Recorder(history);
  const places = options.partitions ? new Places() : null;
  const where = places === null ? {} : { place: (at: number) => places.placeOf(at) };
  const patience = { prefersUsualPorts: false, readyTimeoutMs: READY_MAX_MS };
  const plan = { nodes, electionTimeout, bin, ...patience, ...where };
  const cluster = await LocalCluster.plan(plan);
  try {
    await cluster.startAll();
    await cluster.form();
    const run = new Run(options, cluster, recorder, places, tell);
    await run.underLoad();
    const { store, locks, jobs } = run;
    const final = await allSessions(cluster);
    const { operations } = recorder;
    const anomalies = [
      ...run.anomalies,
      ...complaintsOf(cluster),
      ...anomaliesOf(operations, final),
      ...disorder(operations, final),
      ...(await store.judge()),
      ...locks.judge(),
      ...jobs.judge(),
    ];
    const tookMs = Math.round(performance.now() - beganMs);
    const { counts: faults, wellness } = run.nemesis;
    const facts = {
      seed,
      rounds: options.rounds,
      tookMs,
      faults,
      anomalies,
      history,
      nodes,
      wellness,
      store: store.counts,
      locks: locks.counts,
      jobs: jobs.counts,
    };
    const report = summaryOf(operations, final.size, facts);
    store.close();
    locks.close();
    await jobs.close();
    if (report.anomalies.length > 0) keep(cluster, join(directory, `daemons-${seed}`));
    return report;
  } finally {
    recorder.close();
    await cluster.close();
    places?.close();
  }
}

class Run {
  readonly nemesis: Nemesis;
  readonly store: StoreLoad;
  readonly locks: LockLoad;
  readonly jobs: JobLoad;
  readonly #streams: Streams;
  readonly #options: TortureOptions;
  readonly #cluster: LocalCluster;
  readonly #recorder: Recorder;
  readonly #tell: Tell;
  readonly #anomalies: Anomaly[] = [];

  constructor(
    options: TortureOptions,
    cluster: LocalCluster,
    recorder: Recorder,
    places: Places | null,
    tell: Tell,
  ) {
    this.#options = options;
    this.#cluster = cluster;
    this.#recorder = recorder;
    this.#tell = tell;
    const nowUs = (): number => recorder.nowUs();
    this.nemesis = new Nemesis(cluster.daemons, nowUs, places);
    this.#streams = new Streams(options.seed);
    const file = join(options.directory, `store-${options.seed}.ndjson`);
    const addresses = cluster.daemons.map(({ api }) => api);
    this.store = new StoreLoad({ ...STORE_LOAD, file }, addresses, this.#streams, nowUs);
    this.locks = new LockLoad(addresses, this.#streams, nowUs);
    this.jobs = new JobLoad(addresses, this.#streams);
  }

  get anomalies(): Anomaly[] {
    const daemons = this.nemesis.anomalies.map((detail) => {
      return { check: 'daemons live until they are killed', detail };
    });
    return [...daemons, ...this.#anomalies];
  }

  /** All rounds; at the end everybody is well and nobody asks any more. */
  async underLoad(): Promise<void> {
    const { clients, rounds, nodes, partitions } = this.#options;
    const streams = this.#streams;
    const load = new Load({ clients, ...LOAD }, this.#cluster.daemons, streams, this.#recorder);
    const others = [this.store, this.locks, this.jobs];
    const loading = Promise.all([load, ...others].map((each) => each.run()));
    try {
      for (let at = 1; at <= rounds; at += 1) {
        load.round = at;
        this.store.round = at;
        const round = drawRound(streams.stream(`rounds/${at}`), nodes, partitions);
        await pause(round.quietMs);
        await this.nemesis.carryOut(round);
        if (round.waits || at === rounds) await this.#untilServed(at);
        this.#tell(this.#lineOf(at, round));
      }
    } finally {
      for (const each of [load, ...others]) each.stop();
      await loading;
    }
    await this.#cluster.settled(RECOVERY_MAX_MS);
  }

  /** Until a write that began after this moment is acknowledged. */
  async #untilServed(round: number): Promise<void> {
    const fromUs = this.#recorder.nowUs();
    const { operations } = this.#recorder;
    const deadlineMs = performance.now() + RECOVERY_MAX_MS;
    let at = operations.length;
    while (performance.now() < deadlineMs) {
      for (; at < operations.length; at += 1) {
        const operation = operations[at];
        const isAnswer = operation !== undefined && operation.callUs >= fromUs;
        if (isAnswer && operation.answer.type === 'session') return;
      }
      await pause(POLL_MS);
    }
    const detail = `nothing was answered within ${RECOVERY_MAX_MS} ms after round ${round}`;
    this.#anomalies.push({ check: 'the service comes back', detail });
  }

  #lineOf(at: number, { kills, freezes, partition, waits }: Round): string {
    const { rounds } = this.#options;
    const names = kills.map(({ node }) => `n${node + 1}`).join('+');
    const killed = names === '' ? 'no kill' : `kill -9 ${names}`;
    const cuts = partition === null ? '' : `, cut ${CUTS[partition.cut]} for ${partition.forMs} ms`;
    const frozen = freezes.map(({ node, forMs }) => `n${node + 1} for ${forMs} ms`).join(', ');
    const pauses = frozen === '' ? '' : `, SIGSTOP ${frozen}`;
    const next = waits ? 'served again' : 'not waited for';
    const count = this.#recorder.operations.length;
    const all = count + this.store.size;
    return `round ${at} of ${rounds}: ${killed}${pauses}${cuts}; ${next}; ${all} operations so far`;
  }
}

/** How the ids of sessions begin that hold locks: they are the client library's own, and in no history. */
const LOCK_SESSIONS = 'lock/';

/** Every session that was asked for, from a linearizable list in pages. */
async function allSessions(cluster: LocalCluster): Promise<Map<string, SeenSession>> {
  const all = new Map<string, SeenSession>();
  const [first] = cluster.daemons;
  if (first === undefined) return all;
  for (let afterId = ''; ;) {
    const { sessions, more } = await first.client.listSessions({ afterId, limit: 1000 });
    for (const session of sessions) {
      if (!session.id.startsWith(LOCK_SESSIONS)) all.set(session.id, seen(session));
      afterId = session.id;
    }
    if (!more) return all;
  }
}

/** What daemons logged as an error: nothing that this does to them is one. */
function complaintsOf({ daemons }: LocalCluster): Anomaly[] {
  return daemons.flatMap(({ name, logPath }) => {
    const lines = readFileSync(logPath, 'utf8').split('\n');
    return lines
      .filter((line) => isError(line))
      .map((line) => ({ check: 'no daemon logs an error', detail: `${name}: ${line}` }));
  });
}

function isError(line: string): boolean {
  if (line === '') return false;
  try {
    const { level } = JSON.parse(line) as { readonly level?: number | string };
    return level === 'error' || level === 'fatal' || Number(level) >= LOG_LEVEL_ERROR;
  } catch {
    // A line that was cut off by a kill says nothing; anything else that is no JSON was not written by the logger.
    return !line.startsWith('{');
  }
}

function keep({ directory, daemons }: LocalCluster, target: string): void {
  for (const { name } of daemons) {
    cpSync(join(directory, name), join(target, name), { recursive: true });
  }
}
