// A failure as text for a terminal, within 100 columns: what does not fit, the operations around it as bars.
// What could have been answered instead follows.

import { excerptOf } from './excerpt.js';
import type { Row } from './excerpt.js';
import type { Failure } from './failure.js';
import type { Model } from './model.js';
import type { Operation } from './operation.js';

const COLUMNS = 100;
const ROWS_MAX = 24;
const CLIENT_COLUMNS = 8;
const ORDER_COLUMNS = 5;
const OPERATION_COLUMNS = 44;
const BAR_COLUMNS = COLUMNS - ORDER_COLUMNS - CLIENT_COLUMNS - OPERATION_COLUMNS - 4;

/** Lines for a terminal. `lineOf` tells where in its file an operation stands. */
export function textPicture(
  model: Model,
  failure: Failure,
  lineOf: ReadonlyMap<Operation, number>,
): string[] {
  const { breaking, part, states, isExact, prefixEvents, events } = failure;
  const { rows, width, hidden } = excerptOf(failure, ROWS_MAX);
  const line = lineOf.get(breaking);
  const where = [
    ...(part.name === '' ? [] : [`part ${part.name}`]),
    `client ${breaking.client}`,
    ...(line === undefined ? [] : [`line ${line}`]),
  ].join(', ');
  const lines = [
    isExact
      ? `The longest linearizable prefix: the first ${prefixEvents} of ${events} events.`
      : `Linearizable as far as was searched: the first ${prefixEvents} of ${events} events.`,
    `${isExact ? 'Then no order explains' : 'Then comes'}: ${shown(model, breaking)}  (${where})`,
    '',
    row('order', 'client', 'operation', `time, up to this answer →`),
    ...rows.map((each) => showRow(model, each, width)),
    ...(hidden > 0
      ? [`      and ${hidden} more of this part, earlier, later or without a trace`]
      : []),
    '',
    `Every order of what was answered before leaves: ${states.join(' | ')}`,
    'order: one that explains all before ✗; -: not needed for it; an open end: no answer by then',
  ];
  return lines.map((each) => clip(each, COLUMNS));
}

function showRow(model: Model, each: Row, width: number): string {
  const order = each.isBreaking ? '✗' : (each.order?.toString() ?? '-');
  return row(order, each.operation.client, shown(model, each.operation), bar(each, width));
}

function row(order: string, client: string, operation: string, time: string): string {
  const cells = [
    order.padStart(ORDER_COLUMNS),
    clip(client, CLIENT_COLUMNS).padEnd(CLIENT_COLUMNS),
    clip(operation, OPERATION_COLUMNS).padEnd(OPERATION_COLUMNS),
    time,
  ];
  return cells.join(' ').trimEnd();
}

function bar({ from, to, isBreaking }: Row, width: number): string {
  const place = (at: number): number => Math.round((at / width) * (BAR_COLUMNS - 1));
  const start = place(from);
  const end = Math.max(to === null ? BAR_COLUMNS - 1 : place(to), start + 1);
  const [first, middle, last] = isBreaking ? '╞═╡' : '├─┤';
  const body = (middle ?? '').repeat(end - start - 1);
  return `${' '.repeat(start)}${first}${body}${to === null ? '▶' : last}`;
}

function shown(model: Model, { input, answer }: Operation): string {
  return model.show(input, answer?.output ?? null);
}

function clip(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}
