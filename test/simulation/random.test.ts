// The simulator's chance. The same seed draws the same, other names draw otherwise, and one stream never shifts another.

import { describe, expect, test } from 'vitest';

import { parseSeed, seedPlus, Stream, Streams } from '../../simulations/random.js';

function draws(stream: Stream, count = 20): number[] {
  return Array.from({ length: count }, () => stream.bits());
}

describe('a stream', () => {
  test('repeats itself from its seed and name', () => {
    expect(draws(new Stream(42n, 'faults'))).toEqual(draws(new Stream(42n, 'faults')));
  });

  test.each([
    ['another name', 42n, 'network/2'],
    ['another low half of the seed', 43n, 'faults'],
    ['another high half of the seed', 42n + (1n << 40n), 'faults'],
  ])('draws otherwise with %s', (_, seed, name) => {
    expect(draws(new Stream(seed, name))).not.toEqual(draws(new Stream(42n, 'faults')));
  });

  test('stays within its ranges, and reaches their ends', () => {
    const stream = new Stream(7n, 'range');
    const seen = new Set(Array.from({ length: 1000 }, () => stream.between(3, 6)));
    expect([...seen].sort((a, b) => a - b)).toEqual([3, 4, 5, 6]);
  });

  test('has about the mean that was asked for', () => {
    const stream = new Stream(7n, 'mean');
    const sum = Array.from({ length: 20_000 }, () => stream.exponential(1000)).reduce(
      (a, b) => a + b,
    );
    expect(sum / 20_000).toBeGreaterThan(950);
    expect(sum / 20_000).toBeLessThan(1050);
  });

  test('says yes about as often as asked', () => {
    const stream = new Stream(7n, 'chance');
    const yes = Array.from({ length: 20_000 }, () => stream.chance(250_000)).filter(Boolean).length;
    expect(yes / 20_000).toBeGreaterThan(0.23);
    expect(yes / 20_000).toBeLessThan(0.27);
  });
});

describe('the streams of a run', () => {
  test('do not shift one another', () => {
    const [quiet, busy] = [new Streams(1n), new Streams(1n)];
    draws(busy.stream('faults'), 100);
    draws(busy.stream('a stream that the other run does not have'));
    expect(draws(busy.stream('network/1'))).toEqual(draws(quiet.stream('network/1')));
  });

  test('are made once', () => {
    const streams = new Streams(1n);
    expect(streams.stream('faults')).toBe(streams.stream('faults'));
  });
});

describe('a seed', () => {
  test.each([
    ['0', 0n],
    ['18446744073709551615', (1n << 64n) - 1n],
    ['0xff', 255n],
    ['18446744073709551616', null],
    ['-1', null],
    ['1.5', null],
    ['', null],
  ])('reads %j as %s', (text, seed) => {
    expect(parseSeed(text)).toBe(seed);
  });

  test('is followed by the next one, around the end', () => {
    expect(seedPlus((1n << 64n) - 1n, 2)).toBe(1n);
  });
});
