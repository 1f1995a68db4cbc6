// A failure as one page without outside resources, legible in light and dark: what does not fit, the operations around it
// as bars, what each left behind, and what could have been. It needs no script.

import { excerptOf } from './excerpt.js';
import type { Row } from './excerpt.js';
import type { Failure } from './failure.js';
import type { Model } from './model.js';
import type { Operation } from './operation.js';

const ROWS_MAX = 40;

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5a6470; --paper: #fcfcfb; --line: #d9dde2;
  --bar: #3b6fb6; --open: #8a6d1f; --idle: #9aa3ad; --bad: #b3261e; --bad-paper: #fbe9e7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a3adb8; --paper: #15181b; --line: #353b42;
  --bar: #7fb0ee; --open: #d9b75a; --idle: #6c757f; --bad: #ff8a80; --bad-paper: #3a1f1d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem; max-width: 90rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; }
p { margin: .3rem 0; max-width: 60rem; }
code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 1.2rem 0; }
table { border-collapse: collapse; width: 100%; min-width: 50rem; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: .15rem .6rem .15rem 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
td.number { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); }
td.what { max-width: 26rem; } td.state { max-width: 14rem; color: var(--soft); }
td.time { width: 40%; min-width: 16rem; }
.lane { position: relative; height: 1.1rem; }
.bar { position: absolute; top: .2rem; bottom: .2rem; min-width: 4px; border-radius: 3px; background: var(--bar); }
.open { background: linear-gradient(to right, var(--open), transparent); }
.idle { background: linear-gradient(to right, var(--idle), transparent); opacity: .6; }
.bad .bar { background: var(--bad); }
tr.bad td { background: var(--bad-paper); color: var(--bad); font-weight: 600; }`;

/** The page. `lineOf` tells where in its file an operation stands. */
export function htmlPicture(
  model: Model,
  failure: Failure,
  title: string,
  lineOf: ReadonlyMap<Operation, number>,
): string {
  const { breaking, part, states, prefixEvents, events, isExact } = failure;
  const { rows, width, hidden } = excerptOf(failure, ROWS_MAX);
  const longest = isExact
    ? 'The longest linearizable prefix'
    : 'Linearizable as far as was searched';
  const of = part.name === '' ? '' : ` of part <code>${escape(part.name)}</code>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}: not linearizable</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(title)}: not linearizable</h1>
<p>${longest}: the first ${prefixEvents} of ${events} events. Then ${isExact ? `no order${of} explains` : `comes${of}`}
<code>${escape(shown(model, breaking))}</code>, answered to client ${escape(breaking.client)}${placeOf(breaking, lineOf)}.</p>
<p>Every order of what was answered before leaves ${states.map((state) => `<code>${escape(state)}</code>`).join(' or ')}.</p>
<div class="scroll"><table>
<thead><tr><th>order</th><th>client</th><th>line</th><th>operation</th><th>leaves</th><th>time, up to this answer →</th></tr></thead>
<tbody>
${rows.map((row) => showRow(model, row, width, lineOf)).join('\n')}
</tbody></table></div>
<p>Order: one that explains every answer before ✗. An operation without a number was not needed for it. A bar that fades had no
answer by then: it may have taken effect or not.${hidden > 0 ? ` ${hidden} more operations of this part are not shown.` : ''}</p>
</body>
</html>
`;
}

function showRow(
  model: Model,
  row: Row,
  width: number,
  lineOf: ReadonlyMap<Operation, number>,
): string {
  const { operation, order, state, isBreaking, from, to } = row;
  const kind = to === null ? (order === null ? ' idle' : ' open') : '';
  const left = percent(from / (width + 1));
  const long = percent(((to ?? width + 1) - from) / (width + 1));
  const cells = [
    `<td class="number">${isBreaking ? '✗' : (order ?? '')}</td>`,
    `<td>${escape(operation.client)}</td>`,
    `<td class="number">${lineOf.get(operation) ?? ''}</td>`,
    `<td class="what"><code>${escape(shown(model, operation))}</code></td>`,
    `<td class="state"><code>${escape(state ?? '')}</code></td>`,
    `<td class="time"><div class="lane"><div class="bar${kind}" style="left:${left};width:${long}"></div></div></td>`,
  ];
  return `<tr${isBreaking ? ' class="bad"' : ''}>${cells.join('')}</tr>`;
}

function placeOf(operation: Operation, lineOf: ReadonlyMap<Operation, number>): string {
  const line = lineOf.get(operation);
  return line === undefined ? '' : ` (called in line ${line})`;
}

function shown(model: Model, { input, answer }: Operation): string {
  return model.show(input, answer?.output ?? null);
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)}%`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
