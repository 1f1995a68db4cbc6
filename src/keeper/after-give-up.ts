// What a primary does about a process that only it runs and that does not stay up here: hands over to a node where it was not tried yet,
// or, once every node that could be primary has tried in vain, stays and tries again itself, ever more rarely. Pure: who tried is read
// from the causes of the reigns, which every node remembers alike, so that no node needs to have been there.

/** Of a reign that is remembered. */
export interface PastReign {
  readonly nodeId: number;
  readonly cause: string;
  /** How long it lasted, in ms; null: it lasts. */
  readonly lastedMs: number | null;
}

export type AfterGiveUp<Id extends number = number> =
  | { readonly type: 'handOver'; readonly to: Id }
  /** Everybody has tried: it is started here again after this long. */
  | { readonly type: 'stay'; readonly retryMs: number };

export interface GivenUp<Id extends number = number> {
  readonly name: string;
  readonly self: number;
  /** Oldest first; the last is the one that lasts. */
  readonly reigns: readonly PastReign[];
  /** Who could take over now, the best first. */
  readonly successors: readonly Id[];
  /** How often this reign has stayed already. */
  readonly stayCount: number;
}

const RETRY_MIN_MS = 30_000;
const RETRY_MAX_MS = 30 * 60_000;
/** A node that kept it up for so long has not tried in vain. */
const KEPT_UP_MS = 10 * 60_000;

/** The cause of a hand-over for such a process; it is by this that later reigns know of it. */
export function giveUpCause(name: string, nodeName: string, why: string): string {
  return `${prefixOf(name)}${nodeName} ${why}`;
}

/** Decides; `successors` may be empty. */
export function afterGiveUp<Id extends number>(given: GivenUp<Id>): AfterGiveUp<Id> {
  const tried = triedBy(given);
  const to = given.successors.find((id) => !tried.has(id));
  if (to !== undefined) return { type: 'handOver', to };
  const retryMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(given.stayCount, 10));
  return { type: 'stay', retryMs };
}

/** This node, and those whose reigns ended for this process one right after the other before this one. */
function triedBy({ name, self, reigns }: GivenUp): ReadonlySet<number> {
  const tried = new Set([self]);
  for (let at = reigns.length - 1; at > 0; at -= 1) {
    const before = reigns[at - 1];
    const isForIt = reigns[at]?.cause.startsWith(prefixOf(name)) === true;
    if (!isForIt || before === undefined || (before.lastedMs ?? 0) >= KEPT_UP_MS) break;
    tried.add(before.nodeId);
  }
  return tried;
}

function prefixOf(name: string): string {
  return `${name} failed on `;
}
