// The history of reigns as the Command Center shows it, newest first, with the cause of each and how it ended. Times are told as how
// long ago, since cluster time by itself means nothing to people.

import { checkHasState, nameOfMember, nameOfOwn } from '../service/modules.js';
import type { ServiceModules } from '../service/modules.js';
import type { ReignsAnswer, ReignView } from './feed.js';

/** Throws CLEAN or WITNESS where there is no state. */
export function reignsAnswer(modules: ServiceModules): ReignsAnswer {
  const { node } = modules;
  checkHasState(node.outline());
  const nowMs = node.clusterTimeMs();
  const ago = (atMs: number): number => Math.max(0, Math.round(nowMs - atMs));
  const reigns = node.state.reigns.map(
    ({ epoch, term, nodeId, cause, leaseMs, sinceMs, gapMs, end }): ReignView => ({
      epoch,
      term,
      node: nameOfMember(node, nodeId),
      cause,
      leaseMs,
      beganAgoMs: ago(sinceMs),
      end: end === null ? null : { how: end.how, agoMs: ago(end.atMs) },
      gapMs,
    }),
  );
  const stalenessMs = node.stalenessMs();
  return {
    node: nameOfOwn(modules, node.outline()),
    reigns: reigns.toReversed(),
    stalenessMs: stalenessMs === null ? null : Math.round(stalenessMs),
  };
}
