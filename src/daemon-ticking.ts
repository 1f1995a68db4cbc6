// The ticks of a daemon: as its cluster's timers ask, which a clean node does not know yet. What a tick means is the node's.

import type { Node } from './node/node.js';
import type { ClockPort } from './node/ports.js';
import { Ticker } from './ops/ticker.js';
import { timersFor } from './raft/options.js';

interface Ground {
  readonly clock: ClockPort;
  /** Told of each tick before the node is, and how late it is. */
  readonly onTicked: (lateMs: number) => void;
}

/** Ticks as the cluster's timers ask; a clean node, which has none, by its own until it belongs to one. */
export function startTicking(
  node: Pick<Node, 'status' | 'tick'>,
  { clock, onTicked }: Ground,
  electionTimeoutMs: number,
  onFatal: (error: unknown) => void,
): () => void {
  let timeoutMs = node.status().cluster?.electionTimeoutMs ?? electionTimeoutMs;
  let isMember = node.status().cluster !== null;
  const onTick = (lateMs: number): void => {
    onTicked(lateMs);
    try {
      node.tick(lateMs);
    } catch (error) {
      onFatal(error);
      return;
    }
    if (isMember) return;
    const { cluster } = node.status();
    if (cluster === null) return;
    isMember = true;
    if (cluster.electionTimeoutMs === timeoutMs) return;
    timeoutMs = cluster.electionTimeoutMs;
    ticker.stop();
    ticker = begin();
  };
  const begin = (): Ticker =>
    new Ticker({ tickMs: timersFor(timeoutMs).tickMs }, { clock, onTick });
  let ticker = begin();
  return () => {
    ticker.stop();
  };
}
