// Dry runs on the leader: asks the core whether it would refuse, by the checks of the real thing, and answers what the change
// would come to. Nothing is appended. The checks that come before the core's are the handlers' own, the same for both.

import type { Wish } from '../raft/input.js';
import type { ConfigChange, NodeId } from '../raft/types.js';
import type { Forecast } from '../generated/quorate/v1/Forecast.js';
import { forecast } from './forecast.js';
import type { PlannedChange } from './forecast.js';
import type { ServiceModules } from './modules.js';
import { refusalError } from './status-map.js';

/** It is so already. */
export const NOTHING: PlannedChange = { type: 'none' };

/** Asking for a change of members or of what stands beside them. */
export function membersWish(change: ConfigChange): Wish {
  return { type: 'changeConfiguration', change };
}

/** Asking for a hand-over. */
export function handOverWish(to: NodeId, isChosen: boolean): Wish {
  return { type: 'transferLeadership', to, isChosen };
}

/**
 * Answers a dry run: what `change` would come to. Throws what the core would refuse `wish` with; null: nothing would be asked of it.
 * The caller has judged the change behind a read barrier.
 */
export function rehearse(
  { node }: ServiceModules,
  wish: Wish | null,
  change: PlannedChange,
): { readonly forecast: Forecast } {
  const refusal = wish === null ? null : node.whyRefused(wish);
  const status = node.status();
  if (refusal !== null) throw refusalError(refusal, status);
  return { forecast: forecast(status, change, node.state.reigns) };
}
