// Rate and latency over the requests in flight as one picture: two panels for each workload that was measured at several levels, each with
// a line for each system. SVG without outside resources; both scales are logarithmic.

import type { Cell, Slice } from './slices.js';
import { median } from './statistics.js';

const PANEL_WIDTH = 420;
const PANEL_HEIGHT = 220;
const LEFT = 60;
const RIGHT = 20;
const TOP = 34;
const BOTTOM = 34;
const COLOURS: Readonly<Record<string, string>> = { etcd: '#888', quorate: '#06c' };

interface Line {
  readonly system: string;
  readonly style: 'whole' | 'dashed';
  readonly points: readonly (readonly [level: number, value: number])[];
}

/** All workloads that have more than one level, one below the other. */
export function levelPlot(cells: readonly Cell[]): string {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const name = `${cell.workload}, ${cell.client}`;
    groups.set(name, [...(groups.get(name) ?? []), cell]);
  }
  const rows = [...groups].filter(([, group]) => group.length > 1);
  const panels = rows.flatMap(([name, group], row) => [
    panel(`${name}: requests a second`, rateLines(group), 0, row * PANEL_HEIGHT),
    panel(`${name}: ms, p50 and p99 (dashed)`, delayLines(group), PANEL_WIDTH, row * PANEL_HEIGHT),
  ]);
  const [width, height] = [2 * PANEL_WIDTH, Math.max(1, rows.length) * PANEL_HEIGHT];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

function rateLines(group: readonly Cell[]): Line[] {
  return systemsOf(group).map((system) => line(group, system, 'whole', (slice) => slice.perSecond));
}

function delayLines(group: readonly Cell[]): Line[] {
  return systemsOf(group).flatMap((system) => [
    line(group, system, 'whole', ({ p50 }) => p50),
    line(group, system, 'dashed', ({ p99 }) => p99),
  ]);
}

function line(
  group: readonly Cell[],
  system: string,
  style: Line['style'],
  pick: (slice: Slice) => number,
): Line {
  const points = group.map(({ inFlight, pairs }) => {
    const own = pairs.flat().filter((slice) => slice.system === system);
    return [inFlight, median(own.map(pick))] as const;
  });
  return { system, style, points: points.toSorted(([a], [b]) => a - b) };
}

function systemsOf(group: readonly Cell[]): string[] {
  return (group[0]?.pairs[0] ?? []).map(({ system }) => system);
}

function panel(title: string, lines: readonly Line[], left: number, top: number): string {
  const all = lines.flatMap(({ points }) => points);
  const x = scale(
    all.map(([level]) => level),
    left + LEFT,
    left + PANEL_WIDTH - RIGHT,
  );
  const y = scale(
    all.map(([, value]) => value),
    top + PANEL_HEIGHT - BOTTOM,
    top + TOP,
  );
  const floor = top + PANEL_HEIGHT - BOTTOM;
  const levels = [...new Set(all.map(([level]) => level))].map(
    (level) =>
      `<text x="${x(level).toFixed(1)}" y="${floor + 16}" text-anchor="middle">${level}</text>`,
  );
  const marks = marksOf(all.map(([, value]) => value)).map((value) => {
    const at = y(value).toFixed(1);
    return `<line x1="${left + LEFT}" x2="${left + PANEL_WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#ddd"/>
<text x="${left + LEFT - 6}" y="${Number(at) + 4}" text-anchor="end">${value}</text>`;
  });
  const paths = lines.map(({ system, style, points }, at) => {
    const path = points.map(([level, value]) => `${x(level).toFixed(1)},${y(value).toFixed(1)}`);
    const colour = COLOURS[system] ?? '#a0a';
    const dashes = style === 'dashed' ? ' stroke-dasharray="5 3"' : '';
    const named = style === 'dashed' ? '' : legend(system, colour, left + LEFT + at * 70, top + 28);
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>${named}`;
  });
  return [
    `<text x="${left + LEFT}" y="${top + 15}" font-size="13">${title}</text>`,
    ...marks,
    ...levels,
    ...paths,
  ].join('\n');
}

function legend(name: string, colour: string, x: number, y: number): string {
  return `<text x="${x}" y="${y}" fill="${colour}">${name}</text>`;
}

/** Powers of ten, and two and five times them, between the least and the greatest. */
function marksOf(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const marks: number[] = [];
  for (let power = -3; power <= 6; power += 1) {
    for (const times of [1, 2, 5]) marks.push(Number((times * 10 ** power).toPrecision(1)));
  }
  return marks.filter((mark) => mark >= least && mark <= most);
}

function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  const span = most - least || 1;
  return (value) => from + ((Math.log(value) - least) / span) * (to - from);
}
