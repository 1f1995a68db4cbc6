// Tables: the same rows as aligned text for people, at most 100 columns wide where the cells allow it, and as CSV (RFC 4180)
// for programs. Cells are text or numbers; numbers stand to the right.

export type Cell = string | number;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Lines with aligned columns, two spaces between them, a heading first. */
export function showTable({ columns, rows }: Table): string[] {
  const widths = columns.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => shown(row[at] ?? '').length)),
  );
  const line = (cells: readonly Cell[], isHeading: boolean): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        const isRight = rows.every((row) => typeof row[at] === 'number');
        if (isRight) return shown(cell).padStart(width);
        return isHeading ? String(cell).padEnd(width) : shown(cell).padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [line(columns, true), ...rows.map((row) => line(row, false))];
}

/** One line for the heading and each row. */
export function csvOf({ columns, rows }: Table): string[] {
  return [columns, ...rows].map((cells) => cells.map(quoted).join(','));
}

function shown(cell: Cell): string {
  return typeof cell === 'string' || Number.isInteger(cell) ? String(cell) : cell.toFixed(2);
}

function quoted(cell: Cell): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
