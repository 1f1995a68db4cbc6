// How late Quorate's event loops are while everything happens at once: writes with snapshots, a wave of sessions whose lives end
// together, and an empty node that catches up. Beside them runs a process with as large a heap that only makes garbage: how late that is
// is the fault of the machine and of the runtime. A heartbeat can be late by no more than the loop of the leader.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { timersFor } from '../../../src/raft/options.js';
import { nodeClient } from '../load/node-client.js';
import { MONITOR, notesIn } from '../notes.js';
import { quorate, QuorateRunning } from '../systems/quorate.js';
import { keysFrom, VALUE } from '../workloads.js';
import { fill, put, untilHolds } from './scene.js';
import type { Figure, Scene, Trial } from './scene.js';
import { hold } from './sessions.js';

const MONITOR_FILE = 'monitor.ndjson';
const MARKER = 'bench/marker';
const IN_FLIGHT = 64;
/** What is aimed at: p99.9 of a daemon above that of the control process. */
const ABOVE_CONTROL_MAX_MS = 50;
const ELECTION_TIMEOUT_MS = 1000;

export const STALLS: Scene = {
  name: 'stalls',
  seconds: (isQuick) => (isQuick ? 25 : 110),
  async run(trial) {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-stalls-'));
    const running = await QuorateRunning.start(3, 1, (_name, own) => monitored(own));
    try {
      return await stalled(trial, running, directory);
    } finally {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

function monitored(directory: string): string[] {
  const file = join(directory, MONITOR_FILE);
  return ['env', `NODE_OPTIONS=--import ${MONITOR}`, `QUORATE_BENCH_MONITOR=${file}`];
}

async function stalled(
  trial: Trial,
  running: QuorateRunning,
  directory: string,
): Promise<Figure[]> {
  const [keys, sessions, seconds] = trial.isQuick ? [2000, 1000, 8] : [50_000, 20_000, 45];
  trial.tell(`stalls: ${keys} keys`);
  await fill({ running, system: quorate }, keys);
  const { at: leader } = await running.leader();
  const files = running.addresses.map((_, at) => fileOf(running, at));
  const heap = Math.max(0, ...notesIn(files[leader] ?? '').map(({ heapUsed }) => heapUsed));
  const control = startControl(join(directory, MONITOR_FILE), heap);
  try {
    await pause(2000);
    const term = await termOf(running, leader);
    const fromMs = Date.now();
    await everything(trial, running, sessions, seconds);
    const elections = (await termOf(running, leader)) - term;
    const latesOf = (file: string): number[] =>
      notesIn(file)
        .filter(({ atMs }) => atMs >= fromMs)
        .flatMap(({ lates }) => lates)
        .sort((a, b) => a - b);
    const daemons = files.map(latesOf);
    const idle = latesOf(join(directory, MONITOR_FILE));
    return figures(daemons, daemons[leader] ?? [], idle, elections);
  } finally {
    control.kill('SIGKILL');
  }
}

function figures(
  daemons: readonly (readonly number[])[],
  leader: readonly number[],
  control: readonly number[],
  elections: number,
): Figure[] {
  const figure = (system: string, what: string, ...values: readonly number[]): Figure => {
    return { scene: 'stalls', system, what, values };
  };
  const most = (late: readonly number[]): number => late.at(-1) ?? NaN;
  const p999 = (late: readonly number[]): number =>
    late[Math.floor(0.999 * (late.length - 1))] ?? NaN;
  const above = daemons.map((late) => p999(late) - p999(control));
  const { heartbeatMs, leaseMs } = timersFor(ELECTION_TIMEOUT_MS);
  const gap = heartbeatMs + most(leader);
  return [
    figure('control', 'ms late p99.9', p999(control)),
    figure('control', 'ms late at most', most(control)),
    figure('quorate', 'ms late p99.9', ...daemons.map(p999)),
    figure('quorate', 'ms late at most', ...daemons.map(most)),
    figure('quorate', `ms p99.9 above control (aim: ${ABOVE_CONTROL_MAX_MS})`, ...above),
    figure('quorate', `ms between heartbeats at most (aim: ${leaseMs / 2})`, gap),
    figure('quorate', 'elections (aim: 0)', elections),
  ];
}

/** Writes all the time; a third of it in, a node joins; at half of it the sessions end. */
async function everything(
  trial: Trial,
  running: QuorateRunning,
  sessions: number,
  seconds: number,
): Promise<void> {
  const { address } = await running.leader();
  const requests = keysFrom(1000).map((key) => quorate.requests.write(key, VALUE));
  const load = nodeClient(address, requests, IN_FLIGHT, seconds);
  const contender = { running, system: quorate };
  const joining = async (): Promise<void> => {
    await pause((seconds * 1000) / 3);
    trial.tell('stalls: a node joins');
    await put(contender, MARKER, 'here');
    const at = await running.join();
    await untilHolds(contender, running.addresses[at] ?? '', MARKER, 'here');
  };
  const ttlMs = Math.max(2000, (seconds * 1000) / 2);
  const wave = hold(trial, running, 0, sessions, performance.now() + seconds * 1000, ttlMs);
  trial.tell(`stalls: writes for ${seconds} s`);
  const [{ failures }] = await Promise.all([load, joining(), wave]);
  if (failures > 0) throw new Error(`${failures} writes failed under the load`);
}

function startControl(file: string, heap: number): ChildProcess {
  return fork(new URL('control.mjs', import.meta.url), [String(heap)], {
    execArgv: ['--import', MONITOR],
    env: { ...process.env, QUORATE_BENCH_MONITOR: file },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

function fileOf(running: QuorateRunning, at: number): string {
  return join(running.daemonAt(at).plan.directory, MONITOR_FILE);
}

async function termOf(running: QuorateRunning, at: number): Promise<number> {
  return (await running.daemonAt(at).client.nodeStatus()).term;
}
