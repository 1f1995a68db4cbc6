// Everything that can be done to the simulated world, as plain data: what the swarm draws, what a run records, what a
// scenario file says and what a minimiser leaves out. apply-fault.ts carries one out; whatever does not fit any more (a node
// that is down already, a link that is whole) is then left undone, so that any part of a schedule is a schedule.

import type { NodeId } from '../src/raft/types.js';

/** A directed link, from a node to another. */
export type Link = readonly [NodeId, NodeId];

/** One fault, or the end of one. Times in microseconds; node ids count from 1 in the order in which machines were made. */
export type FaultAction =
  /** Messages over these links are lost; as many calls of `mend` undo it. */
  | { readonly type: 'cut' | 'mend'; readonly links: readonly Link[] }
  /** Only these links carry anything, beside what is cut; null: all of them do again. */
  | { readonly type: 'links'; readonly whole: readonly Link[] | null }
  /** Messages over these links are held up, and all come at once when as many calls of `unclog` undo it. */
  | { readonly type: 'clog' | 'unclog'; readonly links: readonly Link[] }
  /**
   * The process dies, or with `isMachine` the whole machine: its clock starts anew. Of the batches on their way to the disk
   * the first `keptBatches` have arrived; with `isTorn` a part of the next one has too, which is no batch and is dropped.
   */
  | {
      readonly type: 'crash';
      readonly node: NodeId;
      readonly isMachine: boolean;
      readonly keptBatches: number;
      readonly isTorn: boolean;
    }
  | { readonly type: 'boot'; readonly node: NodeId }
  /** The process gets no time; what comes for it waits. */
  | { readonly type: 'pause'; readonly node: NodeId }
  /** It goes on; of the messages that waited each is lost with this chance. Ends a `suspend` too. */
  | { readonly type: 'resume'; readonly node: NodeId; readonly lossPpm: number }
  /** The machine sleeps: no process and no disk gets on, only its clock does. */
  | { readonly type: 'suspend'; readonly node: NodeId }
  /** Each event of the process takes this long, and those that come meanwhile wait; 0: no time, as usual. */
  | { readonly type: 'slow'; readonly node: NodeId; readonly stepUs: number }
  /** From now on the clock differs from true time by this many millionths. */
  | { readonly type: 'clockRate'; readonly node: NodeId; readonly ratePpm: number }
  /** No sync is finished within this time. */
  | { readonly type: 'diskHangs'; readonly node: NodeId; readonly forUs: number }
  /** Whatever is written fails, and nobody knows what of it is on disk, until the process is started again. */
  | { readonly type: 'diskFails'; readonly node: NodeId; readonly how: 'error' | 'full' }
  /** A node that is down loses this many of its newest entries, though they were synced; term and vote stay. */
  | { readonly type: 'setBack'; readonly node: NodeId; readonly entries: number }
  /** What a node that is down has on disk is found to be damaged: it does not start any more, and must be replaced. */
  | { readonly type: 'rot'; readonly node: NodeId }
  /** The machine and its disk are gone; a new one takes its place, with another id. */
  | { readonly type: 'wipe'; readonly node: NodeId }
  /** The operator asks whoever leads to hand over to this node. */
  | { readonly type: 'handOver'; readonly to: NodeId }
  /** The operator asks whoever leads to change what these nodes are. */
  | {
      readonly type: 'change';
      readonly remove?: readonly NodeId[];
      readonly promote?: readonly NodeId[];
      readonly demote?: readonly NodeId[];
    }
  /**
   * All faults end. With a core they end for its nodes and the links between them only: all others are and stay
   * broken, each in one of the ways of `Outside`.
   */
  | { readonly type: 'heal'; readonly core: readonly NodeId[] | null; readonly outside: Outside };

/**
 * How nodes outside the core are broken for good: cut off, down, heard but deaf, deaf and asking for votes of ever higher
 * terms, or reached now and then.
 */
export type Outside = 'cut' | 'down' | 'deaf' | 'spamming' | 'flapping';

/** An action and when it happens, in microseconds since the faults began. */
export interface Planned {
  readonly atUs: number;
  readonly action: FaultAction;
}

/** What happens to a run, in order. */
export type Schedule = readonly Planned[];
