// How long nobody was primary, as this node can tell: time counts while it is a member and neither is primary itself nor
// follows a leader whose reign is applied and not over. A node that is cut off counts too, which tells its operator of it.

import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { NodeApi } from '../node/api.js';

export class Reigning {
  readonly #node: NodeApi;
  readonly #without: Counter;
  readonly #leaders: Counter;
  readonly #gap: Gauge;
  /** When it was looked last, in ms; null: not yet. */
  #lookedMs: number | null = null;
  #leader: number | null = null;
  #leaderChanges = 0;

  constructor(registry: Registry, node: NodeApi) {
    this.#node = node;
    const registers = [registry];
    this.#without = new Counter({
      name: 'quorate_without_primary_seconds_total',
      help: 'Time in which this member knew of no primary.',
      registers,
    });
    this.#leaders = new Counter({
      name: 'quorate_raft_leader_changes_seen_total',
      help: 'Times at which this node learned of another leader.',
      registers,
    });
    this.#gap = new Gauge({
      name: 'quorate_primary_gap_seconds',
      help: 'For how long nobody was primary before the newest reign, as the cluster remembers it; absent: not known.',
      registers,
    });
  }

  /** As the counter has it. */
  get leaderChanges(): number {
    return this.#leaderChanges;
  }

  /** Called at every tick: what lies between two looks belongs to what the later one finds. */
  look(nowMs: number): void {
    const { leaderId, condition, nodeId } = this.#node.outline();
    const sinceMs = nowMs - (this.#lookedMs ?? nowMs);
    this.#lookedMs = nowMs;
    if (leaderId !== null && leaderId !== this.#leader) {
      this.#leader = leaderId;
      this.#leaders.inc();
      this.#leaderChanges += 1;
    }
    if (condition === 'clean' || condition === 'removed') return;
    const reign = this.#node.state.primary;
    const isLed = reign !== null && reign.nodeId === leaderId;
    const isKnown = isLed && (leaderId !== nodeId || this.#node.status().isPrimary);
    if (!isKnown) this.#without.inc(sinceMs / 1000);
  }

  /** Brings the gap up to date. */
  refresh(): void {
    const gapMs = this.#node.state.reigns.at(-1)?.gapMs ?? null;
    if (gapMs === null) this.#gap.remove();
    else this.#gap.set(gapMs / 1000);
  }
}
