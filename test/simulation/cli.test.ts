// The command line of the simulator: what it prints first, its exit codes, its tables, and how it says no. The runs are
// short.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { PROPERTIES } from '../../simulations/properties.js';
import { command } from '../support/simulate.js';

function objectIn(line: string | undefined): Record<string, unknown> {
  return JSON.parse(line ?? '') as Record<string, unknown>;
}

describe('simulate run', () => {
  test('prints the seed first, then verdict, hash and speed', { timeout: 60_000 }, async () => {
    const { exit, out } = await command('run', '--seed', '7', '--time', '1s');
    expect(exit).toBe(0);
    expect(out.slice(0, 2)).toEqual(['seed 7', 'held']);
    expect(out[2]).toMatch(
      /^hash [0-9a-f]{14} {2}\S+ events, [\d.]+ simulated s in [\d.]+ s; a second: \S+ simulated s, \S+ events, \S+ checks$/,
    );
  });

  test('draws a seed when none is given', { timeout: 60_000 }, async () => {
    const { out } = await command('run', '--time', '100ms');
    expect(out[0]).toMatch(/^seed \d+$/);
  });

  test('prints one object with the seed as text for --json', { timeout: 60_000 }, async () => {
    const seed = '18446744073709551615';
    const { exit, out } = await command('run', '--seed', seed, '--time', '1s', '--json');
    expect(exit).toBe(0);
    expect(out).toHaveLength(1);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ seed, verdict: { type: 'held' } });
  });

  test('sums up several seeds', { timeout: 60_000 }, async () => {
    const { exit, out } = await command('run', '--seed', '1', '--seeds', '3', '--time', '100ms');
    expect(exit).toBe(0);
    expect(out).toContain('3 seeds: held');
  });

  test('prints every event for --trace', { timeout: 60_000 }, async () => {
    const { out } = await command('run', '--seed', '7', '--time', '100ms', '--trace');
    expect(out.length).toBeGreaterThan(100);
    expect(out.some((line) => line.includes('became leader'))).toBe(true);
  });
});

describe('simulate sweep', () => {
  const args = ['sweep', '--seed', '5', '--seeds', '2', '--time', '100ms', '--nodes', '1,3'];

  test('fails if a situation never came about and coverage is required', async () => {
    const { exit, err } = await command(...args, '--processes', 'kept', '--require-coverage');
    expect(exit).toBe(1);
    expect(err).toContain('never came about: ');
  });

  test('has a row for each variation, the situations and the slowest seed', async () => {
    const { exit, out } = await command(...args);
    expect(exit).toBe(0);
    expect(out[0]).toBe('seed 5');
    expect(out).toContain('4 seeds: held');
    expect(out.filter((line) => /^ +[13] +\S+ +2 +0 /.test(line))).toHaveLength(2);
    expect(out.some((line) => line.startsWith('slowest: seed '))).toBe(true);
    expect(out.some((line) => line.startsWith('  never came about: '))).toBe(true);
    expect(out.filter((line) => line.length > 120)).toEqual([]);
  }, 60_000);

  test('gives the same on several cores, in whatever order, and a second time in another process', async () => {
    const [here, beside] = await Promise.all([
      command(...args, '--workers', '1', '--json'),
      command(...args, '--workers', '2', '--twice', '--json'),
    ]);
    expect(beside.exit).toBe(0);
    const [one, two] = [here, beside].map(({ out }) => objectIn(out[0]));
    expect(two).toMatchObject({ seeds: 4, hash: one?.['hash'], counts: one?.['counts'] });
  }, 60_000);

  test('prints a line for each run as CSV', async () => {
    const { out } = await command(...args, '--csv');
    expect(out).toHaveLength(5);
    expect(out[0]).toMatch(/^seed,nodes,electionTimeoutMs,verdict,/);
    expect(new Set(out.map((line) => line.split(',').length)).size).toBe(1);
  }, 60_000);

  test('tells what it has when it is interrupted, and ends with 130', async () => {
    const { exit, out } = await command.interruptedAfter(
      2,
      'sweep',
      '--seed',
      '1',
      '--seeds',
      '1000',
      '--time',
      '100ms',
      '--workers',
      '1',
    );
    expect(exit).toBe(130);
    expect(out).toContain('interrupted; what was done until then:');
    expect(out.some((line) => /^[1-9]\d? seeds: held$/.test(line))).toBe(true);
  }, 60_000);
});

describe('simulate replay', () => {
  test('compares the hash with the one told', { timeout: 60_000 }, async () => {
    const { out } = await command('run', '--seed', '9', '--time', '500ms');
    const hash = /hash (\S+)/.exec(out[2] ?? '')?.[1] ?? '';
    const again = ['replay', '9', '--time', '500ms', '--hash'];
    expect(await command(...again, hash)).toMatchObject({ exit: 0, err: '' });
    const other = await command(...again, '0'.repeat(14));
    expect(other.exit).toBe(1);
    expect(other.err).toContain(`expected the hash ${'0'.repeat(14)}, got ${hash}`);
  });
});

describe('simulate list', () => {
  test('names every property that a run can violate', async () => {
    const { exit, out } = await command('list', 'properties');
    expect(exit).toBe(0);
    const folder = new URL('../../simulations/invariants/', import.meta.url);
    const claims = readdirSync(folder)
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .flatMap((text) => [...text.matchAll(/^ +(?:hold\(.*|)'([a-z]+(?:-[a-z]+)*)', ?(?:\(|$)/gm)])
      .map(([, name]) => name);
    expect(claims.length).toBeGreaterThan(10);
    expect(claims.filter((name) => !Object.hasOwn(PROPERTIES, name ?? ''))).toEqual([]);
    for (const name of Object.keys(PROPERTIES)) expect(out.join('\n')).toContain(name);
  });

  test('is an object for --json', async () => {
    const { out } = await command('list', 'models', 'situations', '--json');
    expect(Object.keys(objectIn(out[0]))).toEqual(['models', 'situations']);
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
    [['sweep', '--nodes', '3,3'], '--nodes'],
    [['sweep', '--nodes', '3,'], '--nodes'],
    [['sweep', '--workers', '0'], '--workers'],
    [['sweep', '--processes', 'some'], '--processes'],
    [['sweep', '--csv', '--json'], '--csv'],
    [['replay'], 'SEED'],
    [['replay', '1', '2'], '2'],
    [['replay', '1', '--hash', 'x'], '--hash'],
    [['list', 'birds'], 'birds'],
    [['mutants', 'no-such-bug'], 'no-such-bug'],
    [['walk'], 'walk'],
    [[], 'none'],
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
