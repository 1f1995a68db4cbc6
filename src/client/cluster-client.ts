// `client.cluster`: how the cluster stands, who belongs to it, what happened, and whether an epoch is the running reign's. It
// only looks; changing members is the command line's.

import type { CallOptions, Caller } from './caller.js';
import { clusterView } from './cluster-view.js';
import type { ClusterView } from './cluster-view.js';
import { CLUSTER } from './protos.js';

export interface ClusterMember {
  readonly id: number;
  readonly name: string;
  /** Peer address, HOST:PORT. */
  readonly address: string;
  /** API address, HOST:PORT. */
  readonly api: string;
  readonly version: string;
  readonly voter: boolean;
  readonly witness: boolean;
}

export interface ClusterEvent {
  readonly revision: number;
  /** Milliseconds of cluster time: only distances mean something. */
  readonly clusterTimeMs: number;
  /** For programs: memberJoined, reignBegan, … */
  readonly kind: string;
  /** For people. */
  readonly text: string;
}

export interface EventsOptions extends CallOptions {
  /** Take the answer of the member that is asked, which may be behind; default false: linearizable. */
  readonly stale?: boolean;
  /** Only events after this revision; default: from the oldest kept. */
  readonly afterRevision?: number;
  /** Events asked for at a time, 1 to 1000; default 100. */
  readonly pageSize?: number;
}

export interface EpochCheck {
  /** It is the epoch of the primary that acts at the moment of the answer. */
  readonly isCurrent: boolean;
  /** Of the newest reign. */
  readonly epoch: number;
  /** Name of the primary; null: nobody. */
  readonly primary: string | null;
}

export class ClusterClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** The cluster as `mon-cluster --json` shows it; without a quorum, as the member asked knows it, and `quorum` is false. */
  async status(options: CallOptions = {}): Promise<ClusterView> {
    return clusterView(await this.#caller.read(CLUSTER.Status, {}, options));
  }

  /** The members; linearizable. */
  async members(options: CallOptions = {}): Promise<readonly ClusterMember[]> {
    const { members } = await this.#caller.read(CLUSTER.Members, {}, options);
    return members.map(({ id, name, address, api, version, voter, witness }) => {
      return { id, name, address, api, version, voter, witness };
    });
  }

  /** What happened and why, oldest first, up to now, asked for in pages as they are taken. */
  async *events(options: EventsOptions = {}): AsyncGenerator<ClusterEvent, void, undefined> {
    const { afterRevision = 0, pageSize = 100, stale = false } = options;
    for (let after = afterRevision; ;) {
      const request = { afterRevision: after, limit: pageSize, stale };
      const { events } = await this.#caller.read(CLUSTER.Events, request, options);
      yield* events.map(({ revision, clusterTimeMs, kind, text }) => {
        return { revision, clusterTimeMs, kind, text };
      });
      const last = events.at(-1);
      if (last === undefined || events.length < pageSize) return;
      after = last.revision;
    }
  }

  /** Whether the epoch is the running reign's: linearizable, answered by the primary while its lease holds. */
  async checkEpoch(epoch: number, options: CallOptions = {}): Promise<EpochCheck> {
    const answer = await this.#caller.read(CLUSTER.CheckEpoch, { epoch }, options);
    return { isCurrent: answer.current, epoch: answer.epoch, primary: answer.primary ?? null };
  }
}
