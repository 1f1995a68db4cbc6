// The small parts of the simulated world, each by itself. They are the order of events, clocks of different rates, digests, and a network that
// delays, loses, doubles and cuts.

import { describe, expect, test } from 'vitest';

import { CLOCK_RATE_PPM_MAX, SimulatedClock } from '../../simulations/clock.js';
import { digestOf } from '../../simulations/digest.js';
import { Network } from '../../simulations/network.js';
import type { NetworkParameters } from '../../simulations/parameters.js';
import { EventQueue } from '../../simulations/queue.js';
import { Stream, Streams } from '../../simulations/random.js';
import type { Message } from '../../src/raft/message.js';
import type { InstallId, NodeId, Term } from '../../src/raft/types.js';

describe('the event queue', () => {
  test('gives events by time and, at one time, by order of planning', () => {
    const queue = new EventQueue();
    const draw = new Stream(1n, 'queue');
    const times = Array.from({ length: 500 }, () => draw.between(0, 50));
    const happened: [number, number][] = [];
    times.forEach((atUs, order) => queue.plan(atUs, () => happened.push([atUs, order])));
    for (let event = queue.take(); event !== null; event = queue.take()) event.run();
    const expected = times.map((atUs, order): [number, number] => [atUs, order]);
    expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    expect(happened).toEqual(expected);
  });
});

describe('a clock', () => {
  test.each([-CLOCK_RATE_PPM_MAX, -1, 0, 77, CLOCK_RATE_PPM_MAX])(
    'at a rate off by %i millionths shows a time first when it says',
    (ratePpm) => {
      let trueUs = 123_456;
      const clock = new SimulatedClock(() => trueUs, ratePpm, 5000);
      for (let localMs = 5000; localMs < 5200; localMs += 7) {
        const atUs = clock.trueUsOf(localMs);
        trueUs = atUs;
        expect(clock.nowMs()).toBeGreaterThanOrEqual(localMs);
        trueUs = atUs - 1;
        expect(clock.nowMs()).toBeLessThan(localMs);
      }
    },
  );

  test('goes on from what it shows when its rate changes', () => {
    let trueUs = 0;
    const clock = new SimulatedClock(() => trueUs, CLOCK_RATE_PPM_MAX, 1000);
    let shown = clock.nowMs();
    for (const ratePpm of [-CLOCK_RATE_PPM_MAX, 0, 17, CLOCK_RATE_PPM_MAX]) {
      for (let step = 0; step < 100; step += 1) {
        trueUs += 333;
        expect(clock.nowMs()).toBeGreaterThanOrEqual(shown);
        shown = clock.nowMs();
      }
      clock.changeRate(ratePpm);
      expect(clock.nowMs()).toBe(shown);
      const atUs = clock.trueUsOf(shown + 50);
      expect(Math.abs(atUs - trueUs - 50_000)).toBeLessThan(2500);
    }
    // Nearly all of the 133 ms, though 400 parts of a millisecond were cut off on the way.
    expect(Math.abs(shown - 1133)).toBeLessThanOrEqual(3);
  });

  test('differs from any other by less than 5 %', () => {
    expect((1e6 + CLOCK_RATE_PPM_MAX) / (1e6 - CLOCK_RATE_PPM_MAX)).toBeLessThan(1.05);
  });
});

describe('a digest', () => {
  test('does not depend on the order of keys, but on everything else', () => {
    expect(digestOf({ a: 1, b: [2, null] })).toBe(digestOf({ b: [2, null], a: 1 }));
    const others = [
      { a: 1 },
      { a: 2 },
      { b: 1 },
      [1],
      '1',
      1,
      null,
      new Uint8Array([1]),
      new Map(),
    ];
    expect(new Set(others.map(digestOf)).size).toBe(others.length);
  });
});

const QUIET: NetworkParameters = {
  delayShape: 'exponential',
  delayMinUs: 100,
  delayMeanUs: 1000,
  lossPpm: 0,
  duplicatePpm: 0,
  stragglerPpm: 0,
  stragglerMaxUs: 0,
  isOrdered: false,
};

const [ONE, TWO] = [1 as NodeId, 2 as NodeId];
const SENDER = { id: ONE, installId: '0'.repeat(16) as InstallId };

function message(term: number): Message {
  return { type: 'timeoutNow', term: term as Term, cause: 'test', isChosen: false };
}

/** A network with a queue, and the terms of the messages that arrived, in order. */
function networkWith(part: Partial<NetworkParameters>) {
  const queue = new EventQueue();
  const arrived: number[] = [];
  let nowUs = 0;
  const network = new Network(
    { ...QUIET, ...part },
    {
      streams: new Streams(5n),
      nowUs: () => nowUs,
      later: (delayUs, run) => queue.plan(nowUs + delayUs, run),
      deliver: (arrival) => arrived.push(arrival.message.term),
    },
  );
  const settle = (): void => {
    for (let event = queue.take(); event !== null; event = queue.take()) {
      nowUs = event.atUs;
      event.run();
    }
  };
  const sendMany = (count: number): void => {
    for (let term = 1; term <= count; term += 1) network.send(SENDER, TWO, message(term));
  };
  return { network, arrived, settle, sendMany, now: () => nowUs };
}

describe('the network', () => {
  test('delivers the bytes that were sent', () => {
    const { arrived, settle, sendMany } = networkWith({});
    sendMany(50);
    settle();
    expect([...arrived].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, at) => at + 1),
    );
  });

  test('lets messages overtake one another, unless its links are ordered', () => {
    for (const isOrdered of [false, true]) {
      const { arrived, settle, sendMany } = networkWith({ isOrdered });
      sendMany(50);
      settle();
      const inOrder = [...arrived].sort((a, b) => a - b);
      expect(JSON.stringify(arrived) === JSON.stringify(inOrder)).toBe(isOrdered);
    }
  });

  test('loses and doubles about as many as asked, and none while calm', () => {
    const lossy = networkWith({ lossPpm: 200_000, duplicatePpm: 200_000 });
    lossy.sendMany(1000);
    lossy.settle();
    expect(lossy.network.counts.lost).toBeGreaterThan(150);
    expect(lossy.network.counts.doubled).toBeGreaterThan(100);
    expect(lossy.arrived.length).toBe(
      1000 - lossy.network.counts.lost + lossy.network.counts.doubled,
    );
    const calm = networkWith({ lossPpm: 200_000, duplicatePpm: 200_000 });
    calm.network.isCalm = true;
    calm.sendMany(1000);
    calm.settle();
    expect(calm.arrived.length).toBe(1000);
  });

  test('delivers nothing over a link that is cut when a message leaves or arrives', () => {
    const { network, arrived, settle, sendMany } = networkWith({});
    sendMany(5);
    network.cut(ONE, TWO);
    sendMany(5);
    settle();
    expect(arrived).toEqual([]);
    network.cut(ONE, TWO);
    network.mend(ONE, TWO);
    expect(network.isCut(ONE, TWO)).toBe(true);
    network.mend(ONE, TWO);
    sendMany(1);
    settle();
    expect(arrived).toEqual([1]);
    expect(network.isCut(TWO, ONE)).toBe(false);
  });

  test('holds up what a clogged link carries, and lets it through at once', () => {
    const { network, arrived, settle, sendMany } = networkWith({ isOrdered: true });
    network.clog(ONE, TWO);
    network.clog(ONE, TWO);
    sendMany(5);
    settle();
    network.unclog(ONE, TWO);
    settle();
    expect(arrived).toEqual([]);
    expect(network.isClogged(ONE, TWO)).toBe(true);
    network.unclog(ONE, TWO);
    settle();
    expect(arrived).toEqual([1, 2, 3, 4, 5]);
    expect(network.counts.held).toBe(5);
  });

  test('carries over the links of a graph only, until all is mended', () => {
    const { network, arrived, settle, sendMany } = networkWith({});
    network.allowOnly([[TWO, ONE]]);
    sendMany(3);
    settle();
    expect([arrived.length, network.isCut(ONE, TWO), network.isCut(TWO, ONE)]).toEqual([
      0,
      true,
      false,
    ]);
    network.cut(ONE, TWO);
    network.mendAll();
    sendMany(3);
    settle();
    expect(arrived.length).toBe(3);
  });

  test.each(['constant', 'exponential', 'longTail', 'twoPaths'] as const)(
    'takes about the mean time where delays are %s',
    (delayShape) => {
      const { network, settle, now } = networkWith({ delayShape });
      const tookUs: number[] = [];
      for (let n = 0; n < 4000; n += 1) {
        const beganUs = now();
        network.send(SENDER, TWO, message(1));
        settle();
        tookUs.push(now() - beganUs - QUIET.delayMinUs);
      }
      const meanUs = tookUs.reduce((sum, us) => sum + us, 0) / tookUs.length;
      expect(meanUs / QUIET.delayMeanUs).toBeGreaterThan(0.5);
      expect(meanUs / QUIET.delayMeanUs).toBeLessThan(1.5);
    },
  );
});
