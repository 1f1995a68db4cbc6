// How things are shown to people: tables that fit a terminal, durations in units people read, colours on terminals only.
// Pure but for `styleFor`, which looks at the stream and the environment. Knows nothing of the cluster.

import picocolors from 'picocolors';

/** Widest line that a table may have. */
export const LINE_WIDTH_MAX = 100;

/** Narrowest that a shrinkable column gets. */
const COLUMN_WIDTH_MIN = 8;
const GAP = '  ';

export type Style = ReturnType<typeof picocolors.createColors>;

/** Colours for a stream: only on a terminal, never with NO_COLOR, always with FORCE_COLOR. */
export function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: term } = process.env;
  const isForced = force !== undefined && force !== '' && force !== '0';
  const isOn = isForced || (stream.isTTY === true && term !== 'dumb');
  return picocolors.createColors(isOn && (no === undefined || no === ''));
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** May be cut, with an ellipsis, when the table is too wide. */
  readonly canShrink?: boolean;
}

/** `paint` colours a cell after it was padded, so that escape codes do not count as width. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

/** Lines of a table: titles, then rows. Wider than `widthMax` only if its unshrinkable columns are. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly (Cell | string)[])[],
  options: { readonly widthMax?: number; readonly style?: Style } = {},
): string[] {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)),
  );
  const widths = columns.map((column, at) =>
    Math.max(column.title.length, ...cells.map((row) => widthOf(row[at]?.text ?? ''))),
  );
  shrink(columns, widths, options.widthMax ?? LINE_WIDTH_MAX);
  const line = (row: readonly Cell[]): string =>
    columns
      .map((column, at) => {
        const cell = row[at] ?? { text: '' };
        const padded = pad(cell.text, widths[at] ?? 0, column.align ?? 'left');
        return cell.paint === undefined ? padded : cell.paint(padded);
      })
      .join(GAP)
      .trimEnd();
  const dim = options.style?.dim;
  const titles = columns.map(({ title }) => ({ text: title, ...(dim ? { paint: dim } : {}) }));
  return [titles, ...cells].map(line);
}

/** Width that a rendered table would have without shrinking. */
export function tableWidth(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): number {
  const widths = columns.map((column, at) =>
    Math.max(column.title.length, ...rows.map((row) => widthOf(row[at] ?? ''))),
  );
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * (columns.length - 1);
}

function shrink(columns: readonly Column[], widths: number[], widthMax: number): void {
  const gaps = GAP.length * (columns.length - 1);
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width, gaps);
    if (total <= widthMax) return;
    let widest = -1;
    columns.forEach((column, at) => {
      const width = widths[at] ?? 0;
      if (column.canShrink !== true || width <= COLUMN_WIDTH_MIN) return;
      if (widest < 0 || width > (widths[widest] ?? 0)) widest = at;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const cut = cutTo(text, width);
  const space = ' '.repeat(Math.max(0, width - widthOf(cut)));
  return align === 'left' ? cut + space : space + cut;
}

function widthOf(text: string): number {
  return Array.from(text).length;
}

/** The text in at most `width` characters, the last one an ellipsis if something was cut. */
export function cutTo(text: string, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds as people say them: `250 ms`, `1.8 s`, `12 s`, `3 m 20 s`, `2 h 5 m`, `4 d 7 h`. */
export function formatDuration(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 9.95 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  // Rounded once, to seconds, so that no unit shows its own limit (`1 m 60 s`).
  const rounded = Math.round(ms / SECOND) * SECOND;
  if (rounded < MINUTE) return `${rounded / SECOND} s`;
  if (rounded < HOUR) return twoUnits(rounded, MINUTE, 'm', SECOND, 's');
  if (rounded < DAY) return twoUnits(rounded, HOUR, 'h', MINUTE, 'm');
  return twoUnits(rounded, DAY, 'd', HOUR, 'h');
}

function twoUnits(
  ms: number,
  big: number,
  bigName: string,
  small: number,
  smallName: string,
): string {
  const rest = Math.floor((ms % big) / small);
  const head = `${Math.floor(ms / big)} ${bigName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

/** Text from elsewhere made safe for a terminal: control characters become visible escapes. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}

/** `1 voter`, `2 voters`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** A line of running text that fits: what follows its first line is indented. */
export function wrapped(
  head: string,
  text: string,
  indent: number,
  widthMax = LINE_WIDTH_MAX,
): string[] {
  const lines = brokenLines(head + text, Math.max(COLUMN_WIDTH_MIN, widthMax - indent));
  return lines.map((line, number) => (number === 0 ? line : ' '.repeat(indent) + line));
}

/** The text in lines of at most `width` characters, broken at spaces where there are any. */
export function brokenLines(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    for (; widthOf(line) > width; line = Array.from(line).slice(width).join('')) {
      lines.push(Array.from(line).slice(0, width).join(''));
    }
  }
  return [...lines, line];
}
