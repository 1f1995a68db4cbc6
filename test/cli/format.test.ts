// How things are shown: durations, tables that keep to their width, text that cannot disturb a terminal. Colours appear
// only where somebody sees them.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import {
  count,
  cutTo,
  formatDuration,
  LINE_WIDTH_MAX,
  printable,
  renderTable,
  styleFor,
  tableWidth,
} from '../../cli/format.js';

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [1849, '1.8 s'],
  [9949, '9.9 s'],
  [9960, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 m'],
  [200_000, '3 m 20 s'],
  [3_599_700, '1 h'],
  [7_500_000, '2 h 5 m'],
  [86_400_000, '1 d'],
  [370_000_000, '4 d 6 h'],
])('%d ms is shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

describe('a table', () => {
  const columns = [
    { title: 'NAME', canShrink: true },
    { title: 'LAG', align: 'right' as const },
  ];

  test('aligns its columns and leaves no spaces at the end', () => {
    expect(
      renderTable(columns, [
        ['n1', '0'],
        ['node-22', '12345'],
      ]),
    ).toEqual(['NAME       LAG', 'n1           0', 'node-22  12345']);
    expect(renderTable([...columns].reverse(), [['0', 'n1']])).toEqual(['LAG  NAME', '  0  n1']);
  });

  test('cuts the widest shrinkable column when it is too wide', () => {
    const lines = renderTable(columns, [['n'.repeat(200), '7']]);
    expect(lines.map((line) => line.length)).toEqual([LINE_WIDTH_MAX, LINE_WIDTH_MAX]);
    expect(lines[1]).toMatch(/n…    7$/);
  });

  test('knows its natural width', () => {
    expect(tableWidth(columns, [['n'.repeat(200), '7']])).toBe(205);
  });

  test('colours cells without counting the colours', () => {
    const paint = (text: string): string => `<${text}>`;
    expect(renderTable(columns, [[{ text: 'n1', paint }, '1']])[1]).toBe('<n1  >    1');
  });
});

test('text is cut with an ellipsis, by characters', () => {
  expect(cutTo('abcdef', 6)).toBe('abcdef');
  expect(cutTo('abcdef', 4)).toBe('abc…');
  expect(cutTo('😀😀😀', 2)).toBe('😀…');
});

test('control characters become visible', () => {
  expect(printable('a\nb\tc\u001b[31m\u0007\u009b')).toBe('a\\nb\\tc\\u001b[31m\\u0007\\u009b');
  expect(printable('grün 😀')).toBe('grün 😀');
});

test('nouns follow their number', () => {
  expect([count(0, 'voter'), count(1, 'voter'), count(2, 'entry', 'entries')]).toEqual([
    '0 voters',
    '1 voter',
    '2 entries',
  ]);
});

describe('colours', () => {
  beforeEach(() => {
    for (const name of ['NO_COLOR', 'FORCE_COLOR', 'CI']) vi.stubEnv(name, undefined);
    vi.stubEnv('TERM', 'xterm');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test.each([
    ['a terminal', true, {}, true],
    ['no terminal', false, {}, false],
    ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['no terminal with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['no terminal in a build', false, { CI: 'true' }, false],
  ])('%s', (_name, isTTY, env, isOn) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    expect(styleFor({ isTTY }).red('x') !== 'x').toBe(isOn);
  });
});
