// What the subcommands that run seeds share: the options that say which seeds, for how long and how many nodes, read
// once and checked, and how a fresh seed is drawn. A seed is the only thing in a run that comes from outside.

import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';

import { durationOption, UsageError, wholeOption } from '../arguments.js';
import { parseSeed } from '../random.js';
import { ELECTION_TIMEOUT_MAX_MS, ELECTION_TIMEOUT_MIN_MS } from '../../src/raft/options.js';
import { RUN_DEFAULT_MS } from '../run.js';
import type { Setting } from '../setting.js';

const FRESH_SEED_BYTES = 8;
export const SEEDS_MAX = 100_000_000;
const WORKERS_MAX = 256;
/** Fewer seeds for each process than this are sooner done here than a process has started. */
const SEEDS_A_WORKER_MIN = 8;

/** Options of every subcommand that runs seeds, for `parseOptions`. */
export const RUN_OPTIONS = {
  seed: { type: 'string' },
  time: { type: 'string' },
  nodes: { type: 'string' },
  'election-timeout': { type: 'string' },
  versions: { type: 'string' },
  processes: { type: 'string' },
  json: { type: 'boolean' },
} as const;

interface RunTexts {
  readonly seed?: string | undefined;
  readonly time?: string | undefined;
  readonly nodes?: string | undefined;
  readonly 'election-timeout'?: string | undefined;
  readonly versions?: string | undefined;
  readonly processes?: string | undefined;
}

/** The seed that was given, or a fresh one. Throws a `UsageError`. */
export function seedIn(text: string | undefined): bigint {
  if (text === undefined) return randomBytes(FRESH_SEED_BYTES).readBigUInt64BE();
  const seed = parseSeed(text);
  if (seed === null) {
    throw new UsageError(`expected a seed of 64 bits, decimal or 0x…, got ${text}`);
  }
  return seed;
}

/** One run as asked for. Throws a `UsageError`. */
export function settingIn(texts: RunTexts): Setting {
  const { seed, time, nodes, versions, processes } = texts;
  if (versions !== undefined && versions !== 'one' && versions !== 'mixed') {
    throw new UsageError(`expected --versions one or mixed, got ${versions}`);
  }
  if (processes !== undefined && processes !== 'none' && processes !== 'kept') {
    throw new UsageError(`expected --processes none or kept, got ${processes}`);
  }
  const count = wholeOption('--nodes', nodes, 1, 7);
  const electionTimeoutMs = electionTimeoutIn(texts['election-timeout']);
  return {
    seed: seedIn(seed),
    timeMs: durationOption('--time', time) ?? RUN_DEFAULT_MS,
    ...(count === null ? {} : { nodes: count }),
    ...(electionTimeoutMs === null ? {} : { electionTimeoutMs }),
    ...(versions === undefined ? {} : { versions }),
    ...(processes === undefined ? {} : { hasKeepers: processes === 'kept' }),
  };
}

/** In milliseconds, within what the service accepts; null: not given. Throws a `UsageError`. */
export function electionTimeoutIn(text: string | undefined): number | null {
  const ms = durationOption('--election-timeout', text);
  if (ms === null || (ms >= ELECTION_TIMEOUT_MIN_MS && ms <= ELECTION_TIMEOUT_MAX_MS)) return ms;
  const range = `${ELECTION_TIMEOUT_MIN_MS}ms to ${ELECTION_TIMEOUT_MAX_MS}ms`;
  throw new UsageError(`expected --election-timeout from ${range}, got ${text}`);
}

/** Processes that run seeds side by side; as many as there are cores, unless asked otherwise. Throws a `UsageError`. */
export function workersIn(text: string | undefined, runs: number): number {
  const asked = wholeOption('--workers', text, 1, WORKERS_MAX);
  if (asked !== null) return Math.min(asked, runs);
  return Math.max(1, Math.min(availableParallelism(), Math.floor(runs / SEEDS_A_WORKER_MIN)));
}

/** Refuses what stands there without an option. Throws a `UsageError`. */
export function refuseOthers(positionals: readonly string[]): void {
  if (positionals[0] !== undefined) {
    throw new UsageError(`expected an option, got ${positionals[0]}`);
  }
}
