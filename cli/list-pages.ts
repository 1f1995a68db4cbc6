// What every `list` command does: asks for pages until it has as many as were asked for, prints them as one table or one JSON
// document, and says how to go on. A page may end early by its bytes, which is why there may be several.

import type { ResponseHeader__Output as ResponseHeader } from '../src/generated/quorate/v1/ResponseHeader.js';
import type { Cli } from './cli.js';
import type { ConsistencyOptions } from './consistency.js';
import { stalenessLine } from './session-view.js';

/** Options of every `list` command. */
export interface ListOptions extends ConsistencyOptions {
  /** Where to begin: after this one, in the order of the list. */
  readonly after: string;
  /** How many at most. */
  readonly limit: number;
}

interface ListedPage<View> {
  readonly views: readonly View[];
  /** Whether there are some after the last. */
  readonly more: boolean;
  readonly header: ResponseHeader | null;
}

export interface Listing<View> {
  /** Key of the JSON document. */
  readonly key: string;
  /** What is printed for people when there is none. */
  readonly none: string;
  readonly page: (after: string, limit: number) => Promise<ListedPage<View>>;
  /** What `--after` takes to go on after this one. */
  readonly placeOf: (view: View) => string;
  readonly table: (views: readonly View[]) => readonly string[];
}

export async function printList<View>(
  cli: Cli<ListOptions>,
  { key, none, page, placeOf, table }: Listing<View>,
): Promise<void> {
  const { limit, stale = false } = cli.options;
  const views: View[] = [];
  let { after } = cli.options;
  let more = true;
  while (more && views.length < limit) {
    const next = await page(after, limit - views.length);
    if (stale && views.length === 0) cli.note(stalenessLine(next.header));
    views.push(...next.views);
    const last = next.views.at(-1);
    more = next.more && last !== undefined;
    if (last !== undefined) after = placeOf(last);
  }
  cli.print({ [key]: views, more }, () => (views.length === 0 ? [none] : table(views)));
  if (more) cli.note(`There are more: --after ${JSON.stringify(after)} continues.`);
}
