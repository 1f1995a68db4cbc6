// How a member finds the other members where they restarted elsewhere: when it asks around, and whom of those that it met it
// believes. A member is taken to be where it answered itself, asked there, with the cluster id and install id that its row
// has; what anybody else tells of it is only a reason to ask. It meets nobody: formation.ts does.

import { formatAddress } from '../address.js';
import type { Address } from '../address.js';
import type { Announcement } from '../forming/types.js';
import type { InstallId } from '../raft/types.js';

/** What discovery needs to know of the other members, and tells of them. */
export interface FellowsPort {
  /** Whether it is the data directory of another member. */
  isFellow(installId: InstallId): boolean;
  /** Whether that member is looked for in vain, and not yet at this address. */
  isSought(installId: InstallId, address: Address): boolean;
  /** That member answered at this address. */
  met(installId: InstallId, address: Address): void;
}

/** A leader is missed for so long before anybody is asked: an election needs no search. */
const SEARCH_AFTER_MS = 1000;
/** For so long it is asked at every occasion, then seldom: a machine that lost its network need not hurry. */
const EAGER_MS = 60_000;
const SELDOM_MS = 5000;

/** When a member that hears no leader asks around. */
export class Search {
  #lostSinceMs: number | null = null;
  #askAtMs = 0;

  /** Asked at each tick. `isLost`: no leader is heard. */
  isDue(nowMs: number, isLost: boolean): boolean {
    if (!isLost) {
      this.#lostSinceMs = null;
      this.#askAtMs = 0;
      return false;
    }
    this.#lostSinceMs ??= nowMs;
    const lostMs = nowMs - this.#lostSinceMs;
    if (lostMs < SEARCH_AFTER_MS || nowMs < this.#askAtMs) return false;
    this.#askAtMs = lostMs < EAGER_MS ? nowMs : nowMs + SELDOM_MS;
    return true;
  }
}

/** `ask`: it may be a member that moved, and is asked where it says that it is. */
export type Belief = 'nothing' | 'ask' | 'isThere' | 'otherCluster';

/**
 * What follows from an announcement, for a member of `clusterId`. `told` is the address in it; `answeredAt`: where this node
 * asked, and was answered with it; null: the other asked.
 */
export function believe(
  { who: { installId }, cluster }: Announcement,
  told: Address,
  answeredAt: Address | null,
  clusterId: string,
  fellows: FellowsPort,
): Belief {
  if (cluster === null) return 'nothing';
  if (cluster !== clusterId) return 'otherCluster';
  if (!fellows.isSought(installId, told)) return 'nothing';
  const isSame = answeredAt !== null && formatAddress(answeredAt) === formatAddress(told);
  return isSame ? 'isThere' : 'ask';
}
