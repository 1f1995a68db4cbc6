// Torture in small: a few rounds of kills, pauses and cuts in every run of the machine tests, a hundred under
// QUORATE_TEST_LONG=1. There, bugs are planted into a copy of the product too, which a run must find, or its silence means nothing.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { BIN } from '../../support/cluster.js';
import { plantInto } from './plants.js';
import { reportLines } from './report.js';
import type { TortureReport } from './report.js';
import { torture } from './torture.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';
const ROUNDS = IS_LONG ? 100 : 3;
/** A bug with the rounds in which it is surely met, and the check that meets it. */
const PLANTED: readonly (readonly [string, number, string])[] = IS_LONG
  ? [
      ['local-reads', 2, 'places follow real time'],
      ['commit-alone', 20, 'nothing acknowledged is lost'],
      ['repeats-happen', 20, 'each answer follows from the state before it'],
      ['shared-locks', 4, 'a token is granted once'],
    ]
  : [];
const ROUND_LIMIT_MS = 20_000;

const directory = mkdtempSync(join(tmpdir(), 'quorate-torture-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function run(
  bin: string,
  rounds: number,
  seed: bigint,
  partitions: boolean,
): Promise<TortureReport> {
  const options = { nodes: 3, clients: 8, electionTimeout: '300ms', directory, partitions };
  console.log(`torture: seed ${seed}, ${rounds} rounds`);
  const report = await torture({ ...options, bin, rounds, seed }, (line) => console.log(line));
  console.log(reportLines(report).join('\n'));
  return report;
}

test(
  `nothing acknowledged is lost in ${ROUNDS} rounds of kill -9, pauses and cuts, of sessions, store or jobs; a lock has one holder`,
  async () => {
    const report = await run(BIN, ROUNDS, BigInt(randomBytes(4).readUInt32LE()), true);
    expect(report.anomalies).toEqual([]);
    const { kills, partitions } = report.faults;
    expect(kills + partitions).toBeGreaterThanOrEqual(ROUNDS);
    expect(report.store.writes).toBeGreaterThan(5 * ROUNDS);
    expect(report.store.transactions).toBeGreaterThan(3 * ROUNDS);
    expect(report.locks.grants).toBeGreaterThan(ROUNDS / 2);
    expect(report.jobs.ended).toBeGreaterThan(0);
    expect(report.writes).toBeGreaterThan(20 * ROUNDS);
    expect(report.reads).toBeGreaterThan(10 * ROUNDS);
  },
  ROUNDS * ROUND_LIMIT_MS,
);

test.each(PLANTED)(
  'a run finds the planted bug %s',
  async (name, rounds, check) => {
    const planted = plantInto(BIN, name);
    try {
      const { anomalies } = await run(planted.bin, rounds, 5n, false);
      expect(anomalies.map((anomaly) => anomaly.check)).toContain(check);
    } finally {
      planted.remove();
    }
  },
  20 * ROUND_LIMIT_MS,
);
