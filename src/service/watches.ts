// The watches of a daemon: the hub with the timer and the turns of the event loop that it is driven by. What ends them all is a
// node that can no longer follow its cluster, or a daemon that stops.

import { QuorateError } from '../errors.js';
import type { NodeApi, NodeStatus } from '../node/api.js';
import type { ClockPort } from '../node/ports.js';
import { WatchHub } from '../watch/hub.js';
import { whyUnable } from './routing.js';

/** Finer than the shortest silence that a watcher can ask for. */
const TICK_MS = 50;

export interface Watches {
  readonly hub: WatchHub;
  /** Ends every watch; its caller goes on at another member. */
  stop(): void;
}

/** Begins to serve watches of this node. */
export function startWatches(node: NodeApi, clock: ClockPort): Watches {
  const nowMs = (): number => clock.nowMs();
  const hub = new WatchHub({ node, soon: (callback) => setImmediate(callback), nowMs });
  const timer = setInterval(() => {
    if (hub.size === 0) return;
    const status = node.status();
    const unable = whyUnable(status);
    if (unable === null) hub.tick(isCurrent(status));
    else hub.endAll(unable);
  }, TICK_MS);
  return {
    hub,
    stop() {
      clearInterval(timer);
      hub.stop(new QuorateError('STOPPING', 'this node is stopping'));
    },
  };
}

/** Whether it was up to date with a live leader a moment ago. */
function isCurrent({ stalenessMs, cluster }: NodeStatus): boolean {
  return stalenessMs !== null && cluster !== null && stalenessMs <= cluster.electionTimeoutMs;
}
