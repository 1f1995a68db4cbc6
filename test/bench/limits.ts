// The bare limits of what Quorate stands on, measured in the same run: a grpc-js server that only answers, under the same load, and
// LevelDB writing one synced batch after another. No system on these libraries can do better.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { h2load } from './load/h2load.js';
import { median } from './statistics.js';
import { ended, serving } from './systems/child.js';
import { quorate } from './systems/quorate.js';
import { VALUE_BYTES } from './workloads.js';

export interface Limits {
  /** Requests a second of an echo, by requests in flight. */
  readonly echo: Readonly<Record<number, number>>;
  /** Synced batches a second, one after the other, by writes in a batch. */
  readonly syncedBatches: Readonly<Record<number, number>>;
}

const SLICES = 3;

export async function measureLimits(
  inFlight: readonly number[],
  seconds: number,
  onSlice: () => void,
): Promise<Limits> {
  const echo: Record<number, number> = {};
  const server = await serving(new URL('echo-child.ts', import.meta.url));
  const address = `127.0.0.1:${server.port}`;
  try {
    const requests = [quorate.requests.write('bench/000000', new Uint8Array(VALUE_BYTES))];
    for (const level of inFlight) {
      const rates: number[] = [];
      for (let slice = 0; slice < SLICES; slice += 1) {
        const measured = await h2load(address, requests, level, seconds);
        rates.push(measured.requests / measured.seconds);
        onSlice();
      }
      echo[level] = median(rates);
    }
  } finally {
    await ended(server);
  }
  const syncedBatches: Record<number, number> = {};
  for (const writes of [1, 64]) {
    syncedBatches[writes] = await syncedBatchesPerSecond(writes, seconds);
    onSlice();
  }
  return { echo, syncedBatches };
}

async function syncedBatchesPerSecond(writes: number, seconds: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-level-'));
  const database = new Level<Buffer, Buffer>(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  try {
    await database.open();
    const value = Buffer.alloc(VALUE_BYTES, 'x');
    const fromMs = performance.now();
    let batches = 0;
    while (performance.now() - fromMs < seconds * 1000) {
      const operations = Array.from({ length: writes }, (_, at) => {
        return { type: 'put' as const, key: Buffer.from(`${batches}/${at}`), value };
      });
      await database.batch(operations, { sync: true });
      batches += 1;
    }
    return (batches * 1000) / (performance.now() - fromMs);
  } finally {
    await database.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
