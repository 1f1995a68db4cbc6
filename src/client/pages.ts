// Everything of a list that is answered in pages, as one sequence: the next page is asked for when the last one was taken. Each kind of fact
// says how its page is asked for and what its rows are ordered by.

interface Page<Row> {
  readonly rows: readonly Row[];
  /** There is more behind them. */
  readonly more: boolean;
}

/** Rows behind `after`; `ask` answers the page behind a key, and `keyOf` the key of a row. Fails as `ask` does. */
export async function* pagesOf<Row>(
  after: string,
  ask: (after: string) => Promise<Page<Row>>,
  keyOf: (row: Row) => string,
): AsyncGenerator<Row, void, undefined> {
  for (let behind = after; ;) {
    const { rows, more } = await ask(behind);
    yield* rows;
    const last = rows.at(-1);
    if (!more || last === undefined) return;
    behind = keyOf(last);
  }
}
