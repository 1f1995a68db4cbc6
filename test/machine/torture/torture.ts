// One torture run: a real cluster, clients, and rounds of kills and pauses; then everything heals, every session is read
// back, and the history is judged. The report says how much happened, so that a run that tested nothing is seen as such.
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
import { disorder } from './linearizable.js';
import { Nemesis, drawRound } from './nemesis.js';
import type { Round } from './nemesis.js';
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
}

/** Told while it runs. */
export type Tell = (line: string) => void;

/** After all nodes answer, a write must be accepted within this. */
const RECOVERY_MAX_MS = 30_000;
const POLL_MS = 20;
const LOAD = { contendedIds: 3, thinkMs: 8 } as const;
/** Log lines of this level say that a human must act. */
const LOG_LEVEL_ERROR = 50;

/** Runs and judges. Rejects if the run could not be carried out; what the cluster did wrong is in the report. */
export async function torture(options: TortureOptions, tell: Tell): Promise<TortureReport> {
  const { seed, nodes, bin, electionTimeout, directory } = options;
  mkdirSync(directory, { recursive: true });
  const beganMs = performance.now();
  const history = join(directory, `history-${seed}.ndjson`);
  const recorder = new Recorder(history);
  const plan = { nodes, electionTimeout, bin, prefersUsualPorts: false };
  const cluster = await LocalCluster.plan(plan);
  try {
    await cluster.startAll();
    await cluster.form();
    const run = new Run(options, cluster, recorder, tell);
    await run.underLoad();
    const final = await allSessions(cluster);
    const { operations } = recorder;
    const anomalies = [
      ...run.anomalies,
      ...complaintsOf(cluster),
      ...anomaliesOf(operations, final),
      ...disorder(operations, final),
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
    };
    const report = summaryOf(operations, final.size, facts);
    if (report.anomalies.length > 0) keep(cluster, join(directory, `daemons-${seed}`));
    return report;
  } finally {
    recorder.close();
    await cluster.close();
  }
}

class Run {
  readonly nemesis: Nemesis;
  readonly #options: TortureOptions;
  readonly #cluster: LocalCluster;
  readonly #recorder: Recorder;
  readonly #tell: Tell;
  readonly #anomalies: Anomaly[] = [];

  constructor(options: TortureOptions, cluster: LocalCluster, recorder: Recorder, tell: Tell) {
    this.#options = options;
    this.#cluster = cluster;
    this.#recorder = recorder;
    this.#tell = tell;
    this.nemesis = new Nemesis(cluster.daemons, () => recorder.nowUs());
  }

  get anomalies(): Anomaly[] {
    const daemons = this.nemesis.anomalies.map((detail) => {
      return { check: 'daemons live until they are killed', detail };
    });
    return [...daemons, ...this.#anomalies];
  }

  /** All rounds; at the end everybody is well and nobody asks any more. */
  async underLoad(): Promise<void> {
    const { seed, clients, rounds, nodes } = this.#options;
    const streams = new Streams(seed);
    const load = new Load({ clients, ...LOAD }, this.#cluster.daemons, streams, this.#recorder);
    const loading = load.run();
    try {
      for (let at = 1; at <= rounds; at += 1) {
        load.round = at;
        const round = drawRound(streams.stream(`rounds/${at}`), nodes);
        await pause(round.quietMs);
        await this.nemesis.carryOut(round);
        if (round.waits || at === rounds) await this.#untilServed(at);
        this.#tell(this.#lineOf(at, round));
      }
    } finally {
      load.stop();
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

  #lineOf(at: number, { kills, freezes, waits }: Round): string {
    const { rounds } = this.#options;
    const killed = kills.map(({ node }) => `n${node + 1}`).join('+');
    const frozen = freezes.map(({ node, forMs }) => `n${node + 1} for ${forMs} ms`).join(', ');
    const pauses = frozen === '' ? '' : `, SIGSTOP ${frozen}`;
    const next = waits ? 'served again' : 'not waited for';
    const count = this.#recorder.operations.length;
    return `round ${at} of ${rounds}: kill -9 ${killed}${pauses}; ${next}; ${count} operations so far`;
  }
}

/** Every session, from a linearizable list in pages. */
async function allSessions(cluster: LocalCluster): Promise<Map<string, SeenSession>> {
  const all = new Map<string, SeenSession>();
  const [first] = cluster.daemons;
  if (first === undefined) return all;
  for (let afterId = ''; ;) {
    const { sessions, more } = await first.client.listSessions({ afterId, limit: 1000 });
    for (const session of sessions) {
      all.set(session.id, seen(session));
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
