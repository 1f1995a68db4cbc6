// Changes of members and hand-overs that wait until they are in force. One of each kind runs at a time; the core
// refuses a second. What counts as done is read from applied entries, so that it holds on whichever node asked.

import type { Refusal } from '../raft/input.js';
import { isAutomatic } from '../raft/promotion.js';
import type { Raft } from '../raft/raft.js';
import type { RaftEvent } from '../raft/ready.js';
import type { Entry, LogIndex, NodeId, Term } from '../raft/types.js';
import type { ChangeOutcome, HandOver, NodeRefusal } from './api.js';

type Waiter = {
  readonly deadlineMs: number;
  readonly done: (outcome: ChangeOutcome) => void;
} & (
  | {
      readonly type: 'configuration';
      readonly from: LogIndex;
      readonly term: Term;
    }
  | ({ readonly type: 'handOver' } & AwaitedReign)
);

/** What ends the wait for a hand-over. */
interface AwaitedReign {
  readonly to: NodeId;
  /** The epoch before. */
  readonly after: LogIndex;
  /** Nobody becomes primary by it: the first entry of a term after this one ends it. Null: an activation does. */
  readonly reignlessAfter: Term | null;
}

/** What a leader that hands over by this order waits for. */
export function awaitedOf(raft: Raft, { to, isChosen }: HandOver): AwaitedReign {
  const { applied, term } = raft.state;
  const hasReign = isChosen || isAutomatic(raft.configuration);
  return { to, after: applied.reign.epoch, reignlessAfter: hasReign ? null : term };
}

export class Changes {
  #waiting: Waiter[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(waiter: Waiter): void {
    this.#waiting.push(waiter);
  }

  /** An entry was applied: a final configuration ends a change, an activation ends a hand-over. */
  applied(entry: Entry): void {
    if (this.#waiting.length === 0) return;
    this.#end((waiter) => outcomeOf(waiter, entry));
  }

  /** A hand-over was given up, or the hook of a leader that was named itself refused. */
  onEvent(event: RaftEvent): void {
    if (event.type !== 'handOverAbandoned' && event.type !== 'promotionRefused') return;
    this.#end((waiter) =>
      waiter.type === 'handOver' ? { type: 'abandoned', why: event.why } : null,
    );
  }

  expire(nowMs: number): void {
    this.#end((waiter) => (nowMs >= waiter.deadlineMs ? { type: 'indeterminate' } : null));
  }

  stop(): void {
    this.#end(() => ({ type: 'indeterminate' }));
  }

  #end(outcomeFor: (waiter: Waiter) => ChangeOutcome | null): void {
    const kept: Waiter[] = [];
    const ended: [Waiter, ChangeOutcome][] = [];
    for (const waiter of this.#waiting) {
      const outcome = outcomeFor(waiter);
      if (outcome === null) kept.push(waiter);
      else ended.push([waiter, outcome]);
    }
    this.#waiting = kept;
    for (const [waiter, outcome] of ended) waiter.done(outcome);
  }
}

function outcomeOf(waiter: Waiter, entry: Entry): ChangeOutcome | null {
  if (waiter.type === 'handOver') {
    const { reignlessAfter } = waiter;
    if (reignlessAfter !== null && entry.term > reignlessAfter) return { type: 'done' };
    if (entry.kind !== 'activation' || entry.index <= waiter.after) return null;
    if (entry.nodeId === waiter.to) return { type: 'done' };
    return { type: 'abandoned', why: `another node became primary: ${entry.cause}` };
  }
  // Another leader's entry in the place of the change: it never happened.
  if (entry.index === waiter.from && entry.term !== waiter.term) {
    return {
      type: 'abandoned',
      why: 'another leader was elected before it was committed',
    };
  }
  const isFinal = entry.kind === 'configuration' && entry.configuration.outgoing === null;
  return isFinal && entry.index >= waiter.from ? { type: 'done' } : null;
}

/** Wraps a refusal as an outcome. */
export function refusedChange(refusal: Refusal | NodeRefusal): ChangeOutcome {
  return { type: 'refused', refusal };
}
