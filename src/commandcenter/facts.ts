// A page of facts of one kind, as this node has applied it: the table of kinds, and the search over one. A search looks at a bounded
// number of facts a request and says where it stopped, so that a page may be short and yet not the last.

import { QuorateError } from '../errors.js';
import { checkHasState, nameOfOwn } from '../service/modules.js';
import type { ServiceModules } from '../service/modules.js';
import type { FactKind, FactRows, FactsAnswer } from './feed.js';
import { jobFacts, lockFacts, sessionFacts, storeFacts } from './fact-kinds.js';
import type { FactSource } from './fact-source.js';
import type { CommandCenterLimits } from './limits.js';
import { policyFacts, processFacts, serviceFacts } from './more-fact-kinds.js';

/** By the last word of the path. */
export const FACT_SOURCES: { readonly [Kind in FactKind]: FactSource<FactRows[Kind]> } = {
  sessions: sessionFacts,
  store: storeFacts,
  locks: lockFacts,
  jobs: jobFacts,
  processes: processFacts,
  services: serviceFacts,
  policies: policyFacts,
};

export interface FactsWish {
  readonly search: string;
  /** Empty: from the first. */
  readonly after: string;
  readonly limit: number;
  /** What may be secret is shown. */
  readonly isOpen: boolean;
}

/** Facts looked at before anybody else has a turn. */
const SLICE = 500;

/** Reads a page. Rejects with CLEAN or WITNESS where there is no state. */
export async function factsPage<Kind extends FactKind>(
  kind: Kind,
  modules: ServiceModules,
  { search, after, limit, isOpen }: FactsWish,
  { scannedMax }: CommandCenterLimits,
): Promise<FactsAnswer<Kind>> {
  const source: FactSource<FactRows[Kind]> = FACT_SOURCES[kind];
  const { node } = modules;
  if (source.isOwn !== true) checkHasState(node.outline());
  const wanted = search.toLowerCase();
  const rows: FactRows[Kind][] = [];
  let last = after;
  let scanned = 0;
  let isMore = true;
  while (isMore && rows.length < limit && scanned < scannedMax) {
    const page = await source.page(modules, last, SLICE);
    ({ isMore } = page);
    for (const [at, { key, words, row }] of page.found.entries()) {
      last = key;
      scanned += 1;
      if (words.some((word) => word.toLowerCase().includes(wanted))) rows.push(row(isOpen));
      if (rows.length < limit) continue;
      isMore ||= at + 1 < page.found.length;
      break;
    }
    if (page.found.length === 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const stalenessMs = source.isOwn === true ? 0 : node.stalenessMs();
  return {
    kind,
    node: nameOfOwn(modules, node.outline()),
    rows,
    next: isMore ? last : null,
    stalenessMs: stalenessMs === null ? null : Math.round(stalenessMs),
    total: source.total(modules),
    isOpen,
  };
}

/** Refuses a caller who may not ask the API for the same. */
export function checkFactsRight(
  kind: FactKind,
  { authorise }: ServiceModules,
  user: string | null,
): void {
  const { method } = FACT_SOURCES[kind];
  if (authorise(user === null ? null : { name: user }, method)) return;
  throw new QuorateError('PERMISSION_DENIED', `${user ?? 'this caller'} may not use ${method}`);
}
