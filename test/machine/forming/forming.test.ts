// Real daemons on machines of their own find each other by multicast, by one address and by a name, under kills, lost disks and
// partitions while they form: always one cluster. 50 rounds, in the long form of the tests alone;
// QUORATE_TEST_SEED repeats what was drawn. `npm run forming` does the same and tells more.

import { afterAll, beforeAll, expect, test } from 'vitest';

import { Streams } from '../../../simulations/random.js';
import { Bridge } from './bridge.js';
import { FormingRound, NAME, NODES_MAX, WAYS } from './forming-round.js';
import { Resolver } from './resolver.js';

const ROUNDS = 50;
const SEED = BigInt(process.env['QUORATE_TEST_SEED'] ?? String(Date.now()));

let bridge: Bridge;
let resolver: Resolver;

beforeAll(async () => {
  bridge = Bridge.create(NODES_MAX);
  const addresses = bridge.places.map(({ address }) => address);
  resolver = await Resolver.start(bridge.address, NAME, addresses);
});

afterAll(() => {
  resolver?.close();
  bridge?.remove();
});

test.each(
  Array.from({ length: ROUNDS }, (_, at) => {
    const way = (Number(SEED % 3n) + at) % WAYS.length;
    return [WAYS[way] ?? 'multicast', at] as const;
  }),
)(
  'nodes that find each other by %s form one cluster, in round %d',
  async (way, round) => {
    const play = new FormingRound(bridge, way, new Streams(SEED).stream(`round/${round}`));
    const result = await play.play();
    console.log(JSON.stringify({ seed: String(SEED), round, ...result }));
    expect(result.problem).toBeNull();
    expect(result.clusters).toHaveLength(1);
    expect(result.members.length + result.outside.length).toBe(result.nodes);
  },
  300_000,
);
