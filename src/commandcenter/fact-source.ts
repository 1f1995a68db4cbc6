// How the facts of one kind are read for the Command Center: a page after a key, what the search looks in, and the row that is shown.
// Types only.

import type { ServiceModules } from '../service/modules.js';

/** One fact that a page may show. */
export interface Found<Row> {
  /** In the order of the page; what `after` is. */
  readonly key: string;
  /** In which the search looks. */
  readonly words: readonly string[];
  /** Made only if it is shown; what may be secret is null unless `isOpen`. */
  readonly row: (isOpen: boolean) => Row;
}

export interface FoundPage<Row> {
  readonly found: readonly Found<Row>[];
  readonly isMore: boolean;
}

/** How the facts of a kind are read. */
export interface FactSource<Row> {
  /** The method of the API that tells the same: whoever may not use it sees nothing here. */
  readonly method: string;
  /** They are this node's own, and no part of the state. */
  readonly isOwn?: boolean;
  readonly total: (modules: ServiceModules) => number | null;
  readonly page: (
    modules: ServiceModules,
    after: string,
    countMax: number,
  ) => FoundPage<Row> | Promise<FoundPage<Row>>;
}
