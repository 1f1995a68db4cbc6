// Tells whoever runs the primary-only processes what the core allows, after each turn: until when, that a reign is over,
// that a hand-over wants them ended, that it was abandoned. Pure; the port carries it out.

import type { Input } from '../raft/input.js';
import type { RaftOptions } from '../raft/options.js';
import type { Raft } from '../raft/raft.js';
import type { Ready } from '../raft/ready.js';
import type { LogIndex } from '../raft/types.js';
import type { LeaseOrder, PrimaryPort } from './ports.js';

/** A renewal that adds less than this part of the lease is left out: rounds may come by the thousand. */
const RENEWAL_MIN = 1 / 16;

type ReignAnswer =
  | Omit<Extract<Input, { type: 'stopLimit' }>, 'nowMs'>
  | Omit<Extract<Input, { type: 'stopped' }>, 'nowMs'>
  | Omit<Extract<Input, { type: 'promotion' }>, 'nowMs'>;

export class ReignOrders {
  /** What the node's own health checks say; null: nothing against its being primary. */
  health: string | null = null;
  readonly #port: PrimaryPort | null;
  #told: LeaseOrder | null = null;
  #toldStopLimitMs: number;
  /** The epoch whose processes a hand-over ends at the moment. */
  #stopping: LogIndex | null = null;

  constructor(port: PrimaryPort | undefined) {
    this.#port = port ?? null;
    this.#toldStopLimitMs = port?.stopLimitMs ?? 0;
  }

  /** What the core is told of it when it begins. */
  get raftOptions(): Pick<RaftOptions, 'stopLimitMs' | 'asksBeforePromotion'> {
    return {
      stopLimitMs: this.#port?.stopLimitMs ?? 0,
      asksBeforePromotion: this.#port?.promote !== undefined,
    };
  }

  /** Has done what only whoever runs the processes can; `answer` takes what became of it. */
  carryOut({ stopEpoch, promote }: Ready, answer: (input: ReignAnswer) => void): void {
    this.#tellStopLimit(answer);
    if (promote !== null) {
      this.#port?.promote?.(promote, (why) =>
        answer({ type: 'promotion', term: promote.term, why }),
      );
    }
    if (stopEpoch !== null) {
      this.#stop(stopEpoch, () => answer({ type: 'stopped', epoch: stopEpoch }));
    }
  }

  /** It changes when other processes are installed; told before the next hand-over, since a leader has a turn each heartbeat. */
  #tellStopLimit(answer: (input: ReignAnswer) => void): void {
    const stopLimitMs = this.#port?.stopLimitMs ?? 0;
    if (stopLimitMs === this.#toldStopLimitMs) return;
    this.#toldStopLimitMs = stopLimitMs;
    answer({ type: 'stopLimit', stopLimitMs });
  }

  /** Looks at the core after a turn. */
  after(raft: Raft): void {
    const port = this.#port;
    if (port === null) return;
    const { ownEpoch } = raft;
    if (this.#told !== null && this.#told.epoch !== ownEpoch) this.end();
    if (ownEpoch === null) return;
    const { role } = raft.state;
    const isStopping = role.type === 'leader' && role.transfer !== null;
    if (this.#stopping === ownEpoch && !isStopping) {
      this.#stopping = null;
      port.resume(ownEpoch);
    }
    const lease = raft.ownLease;
    if (lease === null || !this.#isWorthTelling(lease)) return;
    this.#told = lease;
    port.lease(lease);
  }

  /** Ends what runs under `epoch`; answers whether anybody has to. */
  #stop(epoch: LogIndex, done: () => void): void {
    this.#stopping = epoch;
    if (this.#port === null) done();
    else this.#port.stop(epoch, done);
  }

  /** The reign is over, or this node does not know any more. */
  end(): void {
    if (this.#told !== null) this.#port?.over(this.#told.epoch);
    this.#told = null;
    this.#stopping = null;
  }

  #isWorthTelling({ fromMs, untilMs, leaseMs }: LeaseOrder): boolean {
    const told = this.#told;
    if (told === null || told.fromMs !== fromMs) return true;
    return untilMs - told.untilMs >= leaseMs * RENEWAL_MIN;
  }
}
