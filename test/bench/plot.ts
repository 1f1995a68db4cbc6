// The ratios as a picture: one bar a workload and level from 1, with its interval and its aim. SVG without outside resources.

import type { Summary } from './report.js';

const WIDTH = 900;
const LEFT = 230;
const RIGHT = 60;
const ROW = 26;
const TOP = 50;

/** A page-wide picture of the ratios, on a logarithmic scale. */
export function ratioPlot(summaries: readonly Summary[], title: string): string {
  const values = summaries.flatMap(({ ratio, interval, target }) => [
    ratio,
    interval.low,
    interval.high,
    target,
    1,
  ]);
  const least = Math.log2(Math.min(...values, 0.5));
  const most = Math.log2(Math.max(...values, 2));
  const x = (ratio: number): number =>
    LEFT + ((Math.log2(ratio) - least) / (most - least)) * (WIDTH - LEFT - RIGHT);
  const height = TOP + summaries.length * ROW + 40;
  const ticks = [0.125, 0.25, 0.5, 1, 2, 4, 8].filter(
    (tick) => Math.log2(tick) >= least - 0.01 && Math.log2(tick) <= most + 0.01,
  );
  const lines = ticks.map((tick) => {
    const at = x(tick).toFixed(1);
    const stroke = tick === 1 ? '#333' : '#ddd';
    return `<line x1="${at}" x2="${at}" y1="${TOP - 8}" y2="${height - 32}" stroke="${stroke}"/>
<text x="${at}" y="${height - 14}" text-anchor="middle">${tick}</text>`;
  });
  const bars = summaries.map((summary, at) => bar(summary, TOP + at * ROW, x));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="22" font-size="15">${escaped(title)}</text>
${lines.join('\n')}
${bars.join('\n')}
</svg>
`;
}

function bar(
  { workload, client, inFlight, ratio, interval, target, isMet }: Summary,
  y: number,
  x: (ratio: number) => number,
): string {
  const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
  const middle = y + ROW / 2 - 3;
  const fill = isMet ? '#2a7' : '#c63';
  return `<text x="${LEFT - 10}" y="${middle + 4}" text-anchor="end">${escaped(`${workload}, ${client}, ${inFlight}`)}</text>
<rect x="${from.toFixed(1)}" y="${y}" width="${(to - from).toFixed(1)}" height="${ROW - 8}" fill="${fill}"/>
<line x1="${x(interval.low).toFixed(1)}" x2="${x(interval.high).toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#000"/>
<line x1="${x(target).toFixed(1)}" x2="${x(target).toFixed(1)}" y1="${y - 2}" y2="${y + ROW - 6}" stroke="#06c" stroke-width="2"/>
<text x="${WIDTH - RIGHT + 8}" y="${middle + 4}">${ratio.toFixed(2)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
