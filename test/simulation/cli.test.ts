// The command line of the simulator: what it prints first, its exit codes, and how it says no. The runs are short.

import { describe, expect, test } from 'vitest';

import { runCommand } from '../../simulations/cli.js';
import type { Surroundings } from '../../simulations/surroundings.js';

async function command(...args: string[]): Promise<{ exit: number; out: string[]; err: string }> {
  const out: string[] = [];
  let err = '';
  const surroundings: Surroundings = {
    out: (line) => out.push(line),
    err: (text) => {
      err += text;
    },
    fail: ({ error }) => {
      err += `${error}\n`;
    },
    isTerminal: false,
    onInterrupt: () => () => undefined,
  };
  return { exit: await runCommand(args, surroundings), out, err };
}

describe('simulate run', () => {
  test('prints the seed first, then the result', { timeout: 30_000 }, async () => {
    const { exit, out } = await command('run', '--seed', '7', '--time', '1s');
    expect(exit).toBe(0);
    expect(out[0]).toBe('seed 7');
    expect(out[1]).toMatch(
      /^held {2}\d+ events, [\d.]+ simulated s \(\d+ a second\), hash [0-9a-f]{14}$/,
    );
  });

  test('draws a seed when none is given', { timeout: 30_000 }, async () => {
    const { out } = await command('run', '--time', '100ms');
    expect(out[0]).toMatch(/^seed \d+$/);
  });

  test('prints one object with the seed as text for --json', { timeout: 30_000 }, async () => {
    const seed = '18446744073709551615';
    const { exit, out } = await command('run', '--seed', seed, '--time', '1s', '--json');
    expect(exit).toBe(0);
    expect(out).toHaveLength(1);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ seed, verdict: { type: 'held' } });
  });

  test('sums up several seeds', { timeout: 30_000 }, async () => {
    const { exit, out } = await command('run', '--seed', '1', '--seeds', '3', '--time', '100ms');
    expect(exit).toBe(0);
    expect(out.some((line) => line.startsWith('3 seeds: held'))).toBe(true);
  });

  test('prints every event for --trace', { timeout: 30_000 }, async () => {
    const { out } = await command('run', '--seed', '7', '--time', '100ms', '--trace');
    expect(out.length).toBeGreaterThan(100);
    expect(out.some((line) => line.includes('became leader'))).toBe(true);
  });
});

describe('wrong usage', () => {
  test.each([
    [['run', '--seed', 'x'], 'seed'],
    [['run', '--seeds', '0'], '--seeds'],
    [['run', '--time', '5'], '--time'],
    [['run', '--nodes', '9'], '--nodes'],
    [['run', '--wrong'], '--wrong'],
    [['run', 'more'], 'more'],
    [['mutants', 'no-such-bug'], 'no-such-bug'],
    [['walk'], 'walk'],
  ])('%j ends with 2 and names what is wrong', async (args, named) => {
    const { exit, err } = await command(...args);
    expect(exit).toBe(2);
    expect(err).toContain(named);
  });

  test('help is no failure', async () => {
    const { exit, out } = await command('run', '--help');
    expect(exit).toBe(0);
    expect(out.join('\n')).toContain('Exit codes');
  });
});
