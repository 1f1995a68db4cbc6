// A table of the page: a real one with headers and a caption, which becomes a stack of cards on a narrow screen. The roles are said
// explicitly because a table that is laid out otherwise is no table to some screen readers.

import type { ComponentChildren, JSX } from 'preact';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  readonly align?: 'right';
  /** The one that names the row. */
  readonly isName?: true;
  /** May be cut with an ellipsis, its whole text in a tooltip. */
  readonly isWide?: true;
}

interface DataTableProps<Row> {
  /** Read aloud, not shown. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly rowClass?: (row: Row) => string;
}

export function DataTable<Row>(props: DataTableProps<Row>): JSX.Element {
  const { caption, columns, rows, keyOf, rowClass } = props;
  return (
    <table role="table">
      <caption class="unseen">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, align }) => (
            <th key={title} role="columnheader" scope="col" class={align ?? ''}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row" class={rowClass?.(row) ?? ''}>
            {columns.map((column) => (
              <Cell key={column.title} column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }): JSX.Element {
  const { title, cell, align, isName, isWide } = column;
  const content = cell(row);
  const shown = [align ?? '', isWide === true ? 'wide' : ''].join(' ').trim();
  const hint = isWide === true && typeof content === 'string' ? { title: content } : {};
  if (isName === true) {
    return (
      <th role="rowheader" scope="row" class={shown} {...hint}>
        {content}
      </th>
    );
  }
  return (
    <td role="cell" class={shown} data-label={title} {...hint}>
      {content}
    </td>
  );
}

/** A word in a coloured pill; the word alone carries the meaning. */
export function Chip({
  tone,
  children,
}: {
  tone: string;
  children: ComponentChildren;
}): JSX.Element {
  return <span class={`chip ${tone}`}>{children}</span>;
}
