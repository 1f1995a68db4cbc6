// `client.cluster`: how the cluster stands, who belongs to it, what happened, and whether an epoch is the running reign's. It
// only looks; changing members is the command line's.

import type { EventsRequest } from '../generated/quorate/v1/EventsRequest.js';
import type { CallOptions, Caller } from './caller.js';
import { clusterView } from './cluster-view.js';
import type { ClusterView } from './cluster-view.js';
import { eventFeed } from './event-feed.js';
import type { ClusterEvent } from './event-feed.js';
import { whole } from './numbers.js';
import { CLUSTER } from './protos.js';
import type { WatchOptions } from './watch.js';

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

/** What the cluster as a whole is set to; times are milliseconds and scale from the election timeout. */
export interface ClusterSettings {
  readonly cluster: string;
  readonly clusterId: string;
  readonly electionTimeoutMs: number;
  readonly electionTimeoutMaxMs: number;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  /** `automatic`: a new leader makes itself primary; `manual`: only whom an operator names. */
  readonly failover: string;
  readonly featureLevel: number;
  /** Voters that were not heard for so long may be removed by the leader itself; null: nobody is. */
  readonly autoRemoveAfterMs: number | null;
  /** Who paused automatic reigns and why; null: nobody did. */
  readonly pausedBy: string | null;
}

export interface EventsOptions extends CallOptions {
  /** Take the answer of the member that is asked, which may be behind; default false: linearizable. */
  readonly stale?: boolean;
  /** Only events after this revision; default: from the oldest kept. */
  readonly afterRevision?: number;
  /** Only of these kinds, such as `reignBegan`; default: of all. */
  readonly kinds?: readonly string[];
  /** Go on with what happens from now on, until the consumer leaves or the signal ends it; default false. */
  readonly follow?: boolean;
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

  /** What the cluster as a whole is set to; linearizable. */
  async settings(options: CallOptions = {}): Promise<ClusterSettings> {
    const answer = await this.#caller.read(CLUSTER.Settings, {}, options);
    // The name of an optional field's group comes with the field.
    const { header: _, _autoRemoveAfterMs: __, _pausedBy: ___, ...settings } = answer;
    const { autoRemoveAfterMs = null, pausedBy = null } = settings;
    return { ...settings, autoRemoveAfterMs, pausedBy };
  }

  /** What happened and why, oldest first, asked for in pages as they are taken; then what happens, if it shall follow. */
  events(options: EventsOptions = {}): AsyncGenerator<ClusterEvent, void, undefined> {
    const { afterRevision = 0, kinds = [], pageSize = 100, stale = false } = options;
    const { follow = false, signal } = options;
    whole('afterRevision', afterRevision);
    whole('pageSize', pageSize);
    const source = {
      page: (request: EventsRequest) => this.#caller.read(CLUSTER.Events, request, options),
      watch: (watched: WatchOptions) => this.#caller.watch(watched),
    };
    const wish = { afterRevision, kinds, pageSize, stale, follow };
    return eventFeed(source, { ...wish, ...(signal === undefined ? {} : { signal }) });
  }

  /** Whether the epoch is the running reign's: linearizable, answered by the primary while its lease holds. */
  async checkEpoch(epoch: number, options: CallOptions = {}): Promise<EpochCheck> {
    const answer = await this.#caller.read(
      CLUSTER.CheckEpoch,
      { epoch: whole('epoch', epoch) },
      options,
    );
    return { isCurrent: answer.current, epoch: answer.epoch, primary: answer.primary ?? null };
  }
}
