// Makes a failing run short: first its faults, by delta debugging on the recorded schedule, then what else can go wrong with
// messages, disks and clients, then its time. A smaller run counts only if it violates the same property. Every candidate is
// a run from the same seed, so the result is one too, and can be repeated bit for bit.

import { setImmediate } from 'node:timers/promises';

import type { Schedule } from '../fault-action.js';
import type { Parameters } from '../parameters.js';
import { run } from '../run.js';
import type { RunResult, Verdict } from '../run.js';
import type { Setting } from '../setting.js';
import { ddmin } from './ddmin.js';

/** A run that depends on nothing but this. */
export interface Candidate {
  readonly seed: bigint;
  readonly timeMs: number;
  readonly parameters: Parameters;
  readonly schedule: Schedule;
}

export interface Size {
  readonly faults: number;
  readonly events: number;
  /** Simulated time from the end of forming to the failure. */
  readonly ms: number;
}

export interface Minimised {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
  readonly hash: string;
  readonly before: Size;
  readonly after: Size;
  readonly runs: number;
  /** It ran out of time, or was interrupted: perhaps it could be smaller. */
  readonly isCut: boolean;
}

export interface MinimiseOptions {
  readonly isOver: () => boolean;
  readonly onStep: (what: string, size: Size, runs: number) => void;
}

/** What one run of a candidate came to. */
interface Tried {
  readonly result: RunResult;
  readonly size: Size;
}

/** Null: the run does not fail. */
export async function minimise(
  setting: Setting,
  options: MinimiseOptions,
): Promise<Minimised | null> {
  const first = tryOut(setting);
  if (first.result.verdict.type === 'held') return null;
  return new Minimiser(setting, first, options).minimise();
}

class Minimiser {
  readonly #options: MinimiseOptions;
  readonly #before: Size;
  readonly #wanted: Verdict;
  #best: Candidate;
  #tried: Tried;
  #runs = 1;
  #what = '';

  constructor({ seed, timeMs = 30_000 }: Setting, first: Tried, options: MinimiseOptions) {
    const { schedule, parameters, verdict } = first.result;
    this.#best = { seed, timeMs, parameters, schedule };
    this.#tried = first;
    this.#before = first.size;
    this.#wanted = verdict;
    this.#options = options;
  }

  async minimise(): Promise<Minimised> {
    const { isOver } = this.#options;
    await this.#end();
    await this.#faults();
    await this.#messages();
    await this.#faults();
    await this.#time();
    await this.#end();
    const { result, size } = this.#tried;
    return {
      candidate: this.#best,
      verdict: result.verdict,
      hash: result.hash,
      before: this.#before,
      after: size,
      runs: this.#runs,
      isCut: isOver(),
    };
  }

  /** Takes the candidate if it fails in the same way. */
  async #isSo(part: Partial<Candidate>): Promise<boolean> {
    const candidate = { ...this.#best, ...part };
    // Between two runs an interrupt is heard.
    await setImmediate();
    this.#runs += 1;
    const tried = tryOut(candidate);
    const isSame = isSameFailure(tried.result.verdict, this.#wanted);
    if (isSame) {
      this.#best = candidate;
      this.#tried = tried;
    }
    this.#options.onStep(this.#what, this.#tried.size, this.#runs);
    return isSame;
  }

  /** Nothing is needed after the failure. */
  async #end(): Promise<void> {
    this.#what = 'end';
    const { size, result } = this.#tried;
    if (result.verdict.type !== 'violated' || size.ms >= this.#best.timeMs) return;
    const timeMs = size.ms + 1;
    const schedule = this.#best.schedule.filter(({ atUs }) => atUs <= timeMs * 1000);
    await this.#isSo({ timeMs, schedule });
  }

  async #faults(): Promise<void> {
    this.#what = 'faults';
    const isSo = (schedule: Schedule): Promise<boolean> => this.#isSo({ schedule });
    await ddmin(this.#best.schedule, isSo, this.#options.isOver);
  }

  /** Whatever else may go wrong, or be asked for, one after the other. */
  async #messages(): Promise<void> {
    this.#what = 'messages';
    for (const simpler of SIMPLER) {
      if (this.#options.isOver()) return;
      const parameters = simpler(this.#best.parameters);
      if (JSON.stringify(parameters) === JSON.stringify(this.#best.parameters)) continue;
      await this.#isSo({ parameters });
    }
  }

  /** Faults follow one another sooner. */
  async #time(): Promise<void> {
    this.#what = 'time';
    for (const factor of [0.25, 0.5, 0.75]) {
      for (let at = 0; at < this.#best.schedule.length; at += 1) {
        if (this.#options.isOver()) return;
        await this.#isSo({ schedule: sooner(this.#best.schedule, at, factor) });
      }
    }
  }
}

function tryOut(setting: Setting): Tried {
  let troubleUs = (): number => 0;
  const result = run({ ...setting, watch: (world) => (troubleUs = () => world.troubleUs) });
  const { verdict, events, schedule, simulatedUs } = result;
  const atUs = verdict.type === 'held' ? simulatedUs : verdict.atUs;
  const ms = Math.max(0, Math.ceil((atUs - troubleUs()) / 1000));
  return { result, size: { faults: schedule.length, events, ms } };
}

function isSameFailure(one: Verdict, other: Verdict): boolean {
  if (one.type === 'violated' && other.type === 'violated') return one.property === other.property;
  return one.type === other.type;
}

/** The gap before the action at `at` shrinks, and all that follows comes sooner. */
function sooner(schedule: Schedule, at: number, factor: number): Schedule {
  const from = schedule[at - 1]?.atUs ?? 0;
  const gapUs = (schedule[at]?.atUs ?? from) - from;
  const byUs = Math.floor(gapUs * (1 - factor));
  return schedule.map((planned, place) =>
    place < at ? planned : { ...planned, atUs: planned.atUs - byUs },
  );
}

type Simpler = (parameters: Parameters) => Parameters;

const network = (part: Partial<Parameters['network']>): Simpler => {
  return (all) => ({ ...all, network: { ...all.network, ...part } });
};
const workload = (part: Partial<Parameters['workload']>): Simpler => {
  return (all) => ({ ...all, workload: { ...all.workload, ...part } });
};
const facts = (part: Partial<Parameters['facts']>): Simpler => {
  return (all) => ({ ...all, facts: { ...all.facts, ...part } });
};

const SIMPLER: readonly Simpler[] = [
  network({ stragglerPpm: 0 }),
  network({ duplicatePpm: 0 }),
  network({ lossPpm: 0 }),
  (all) => ({ ...all, disk: { ...all.disk, slowSyncPpm: 0 } }),
  workload({ membershipEveryUs: null }),
  workload({ handOverEveryUs: null }),
  (all) => ({ ...all, reigns: { ...all.reigns, wishEveryUs: null } }),
  (all) => ({ ...all, reigns: { ...all.reigns, hasHooks: false } }),
  facts({ lockClients: 0 }),
  facts({ jobWorkers: 0 }),
  facts({ providers: 0 }),
  facts({ policyClients: 0 }),
  workload({ clients: 1 }),
  workload({ sessions: 1 }),
  workload({ thinkMeanUs: 2_000_000 }),
  workload({ thinkMeanUs: 600_000 }),
];
