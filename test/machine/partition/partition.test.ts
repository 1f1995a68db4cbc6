// Real daemons cut apart in network namespaces: peers talk again within a second of healing and leak nothing. One short
// cut in every run of the machine tests; the long ones, one-way cuts and many short ones under QUORATE_TEST_LONG=1.

import { afterAll, beforeAll, expect, test } from 'vitest';

import { BIN } from '../../support/cluster.js';
import { CutCluster } from './cut-cluster.js';
import { brokenBlackhole, brokenCut, leaked } from './limits.js';
import { measureBlackhole, measureCut, measureFlapping } from './measure.js';
import type { Direction } from './measure.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';
const CUTS: readonly (readonly [Direction, number])[] = IS_LONG
  ? [
      ['both', 3000],
      ['both', 15_000],
      ['both', 40_000],
      ['left', 15_000],
      ['right', 15_000],
    ]
  : [['both', 3000]];
const FLAPS_MS = Array.from({ length: IS_LONG ? 20 : 3 }, (_, at) => 200 + at * 100);
const BLACKHOLE_MS = IS_LONG ? 15_000 : 4000;

let cluster: CutCluster;

beforeAll(async () => {
  cluster = await CutCluster.start(BIN);
  await cluster.warmUp();
});

afterAll(async () => {
  await cluster?.close();
});

test.each(CUTS)('peers talk within a second of healing: drops at %s for %d ms', async (...cut) => {
  const result = await measureCut(cluster, ...cut);
  console.log(JSON.stringify(result));
  expect(brokenCut(result)).toEqual([]);
});

test('short cuts leak no descriptor', async () => {
  expect(leaked(await measureFlapping(cluster, FLAPS_MS))).toEqual([]);
});

test('peers that swallow connection attempts are tried at a bounded rate, one attempt at a time', async () => {
  const result = await measureBlackhole(cluster, BLACKHOLE_MS);
  console.log(JSON.stringify(result));
  expect(brokenBlackhole(result)).toEqual([]);
});
