// What machines hold on their disks that all went down in the middle of two attempts: each of two coordinators heard another half of
// the nodes, both asked one node between them, and it promised the lower attempt first. Nothing is founded yet, and every rule of
// src/forming/README.md was kept on the way there. Plain functions of machines and a stream.

import { encodeFormingRecord } from '../../src/codec/forming-codec.js';
import type { Attempt, FormingRecord } from '../../src/forming/types.js';
import type { Stream } from '../random.js';
import { CLUSTER_NAME, founderOf } from './machines.js';
import type { Disk, Machine } from './machines.js';

/** Writes the promises; the machines are 2N - 1 that expect N. */
export function promiseTwo(machines: readonly Machine[], dice: Stream): void {
  const sorted = machines.toSorted((a, b) => (a.disk.installId < b.disk.installId ? -1 : 1));
  // The one between them must not be the lowest of any half, which coordinates.
  const shared = sorted.pop();
  const [plan] = machines.map((machine) => machine.plan);
  if (shared === undefined || plan?.type !== 'count') return;
  const size = plan.count;
  const isLower = new Set<Machine>();
  while (isLower.size < size - 1) isLower.add(dice.pick(sorted));
  const halves = [
    sorted.filter((one) => isLower.has(one)),
    sorted.filter((one) => !isLower.has(one)),
  ];
  for (const [at, half] of halves.entries()) {
    const number = at + 1;
    const [coordinator] = half;
    if (coordinator === undefined) continue;
    const founders = [...half, shared]
      .map(({ name, disk, life }) => founderOf(name, disk, life))
      .sort((a, b) => a.id - b.id);
    const attempt: Attempt = {
      clusterId: `${number}`.repeat(32),
      clusterName: CLUSTER_NAME,
      number,
      coordinator: coordinator.disk.installId,
      plan,
      electionTimeoutMs: 1000,
      isManual: false,
      founders,
    };
    const isRefused = number === 1;
    const bound: readonly Machine[] = isRefused ? [shared, coordinator] : half;
    for (const one of bound) hold(one.disk, { floor: number, promise: attempt });
    if (!isRefused) continue;
    // One of them has refused already, which the others have not heard.
    for (const one of half.slice(1, 2)) hold(one.disk, { floor: number, promise: null });
  }
}

function hold(disk: Disk, record: FormingRecord): void {
  disk.record = encodeFormingRecord(record);
  disk.promised = record.promise?.clusterId ?? null;
}
