// Slices of load that take turns: one system, then the other, and the other way round in the next pair, so that what this machine does
// meanwhile falls on both. What decides is the ratio within a pair.

import type { Measured } from './load/measured.js';
import { h2load } from './load/h2load.js';
import { nodeClient } from './load/node-client.js';
import { costsOf, cpuBetween } from './processes.js';
import type { Running, System } from './systems/system.js';
import type { Workload } from './workloads.js';

export interface Contender {
  readonly system: System;
  readonly running: Running;
}

/** One slice of one system. */
export interface Slice extends Measured {
  readonly system: string;
  readonly perSecond: number;
  /** Of the leader, and of all nodes, for one request, in microseconds of processor time. */
  readonly leaderCpuUs: number;
  readonly cpuUs: number;
  /** Of the leader when it ended. */
  readonly memoryBytes: number;
  /** Of each node, the leader included. */
  readonly nodes: readonly { readonly cpuUs: number; readonly memoryBytes: number }[];
}

/** All slices of a workload at one level, in pairs. */
export interface Cell {
  readonly workload: string;
  readonly client: string;
  readonly inFlight: number;
  readonly target: number;
  readonly pairs: readonly (readonly Slice[])[];
}

const CLIENTS = { h2load, node: nodeClient } as const;
/** Measures one workload at one level, after a warm-up that is not counted. Throws if a system says that it did less than it answered. */
export async function measureCell(
  contenders: readonly Contender[],
  workload: Workload,
  inFlight: number,
  options: { readonly pairs: number; readonly seconds: number; readonly warmUpSeconds: number },
  onSlice: () => void,
): Promise<Cell> {
  const pairs: Slice[][] = [];
  for (const contender of contenders) {
    // Else reads and writes of the same keys grow dearer from cell to cell.
    await contender.running.compact();
    await load(contender, workload, inFlight, options.warmUpSeconds);
  }
  for (let pair = 0; pair < options.pairs; pair += 1) {
    const order = pair % 2 === 0 ? contenders : contenders.toReversed();
    const slices: Slice[] = [];
    for (const contender of order) {
      slices.push(await measureSlice(contender, workload, inFlight, options.seconds));
      onSlice();
    }
    pairs.push(pair % 2 === 0 ? slices : slices.toReversed());
  }
  const { name, client } = workload;
  return { workload: name, client, inFlight, target: workload.target(inFlight), pairs };
}

/** Measures one slice of one system. Throws as `measureCell` does. */
export async function measureSlice(
  contender: Contender,
  workload: Workload,
  inFlight: number,
  seconds: number,
): Promise<Slice> {
  const { running, system } = contender;
  const { at } = await running.leader();
  const before = { costs: costsOf(running.pids), revision: await running.revision() };
  const measured = await load(contender, workload, inFlight, seconds);
  const after = { costs: costsOf(running.pids), revision: await running.revision() };
  const { requests } = measured;
  if (requests === 0) throw new Error(`${system.name} answered nothing in ${seconds} s`);
  if (measured.failures > 0) throw new Error(`${system.name} failed ${measured.failures} requests`);
  const did = after.revision - before.revision;
  if (did < Math.floor(requests * workload.revisions)) {
    throw new Error(`${system.name} answered ${requests} requests and carried out ${did} writes`);
  }
  const cpu = cpuBetween(before.costs, after.costs);
  const us = (cpuSeconds: number): number => (cpuSeconds * 1e6) / requests;
  return {
    ...measured,
    system: system.name,
    perSecond: requests / measured.seconds,
    leaderCpuUs: us(cpu[at] ?? NaN),
    cpuUs: us(cpu.reduce((sum, each) => sum + each, 0)),
    memoryBytes: after.costs[at]?.memoryBytes ?? NaN,
    nodes: after.costs.map(({ memoryBytes }, node) => {
      return { cpuUs: us(cpu[node] ?? NaN), memoryBytes };
    }),
  };
}

async function load(
  { running, system }: Contender,
  workload: Workload,
  inFlight: number,
  seconds: number,
): Promise<Measured> {
  const { address } = await running.leader();
  return CLIENTS[workload.client](address, workload.requests(system.requests), inFlight, seconds);
}
