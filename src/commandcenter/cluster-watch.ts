// How the cluster stands, looked at again and again for everybody who watches at this node: one look a second while there is a feed,
// at once when this node notices a change, and seldom otherwise. It remembers where each member's HTTP port is, so that a page whose
// server died is still known here, and knows where else to go.

import type { ClusterView, FailuresView } from '../client/view-types.js';
import { isConfirmed } from '../client/cluster-view.js';
import type { NodeApi, NodeStatus } from '../node/api.js';
import { ownState } from '../node/own-state.js';
import type { ClusterMessage, Link, MemberAddress, OwnStanding } from './feed.js';
import type { CommandCenterLimits } from './limits.js';

/** A view with what only the Command Center shows of it. */
export interface WideView {
  readonly view: ClusterView;
  readonly failures: FailuresView | null;
  readonly leaseRemainingMs: number | null;
}

export interface ClusterWatchModules {
  readonly node: NodeApi;
  readonly name: string;
  /** Advertised address of this node's HTTP port. */
  readonly http: string;
  readonly isTls: boolean;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** `isLocal`: by this node's own knowledge. Never rejects: null where the view cannot be had. */
  readonly look: (isLocal: boolean, timeoutMs: number) => Promise<WideView | null>;
  /** Something is to be told to everybody who watches. */
  readonly onView: (message: ClusterMessage) => void;
  readonly onAddresses: (members: readonly MemberAddress[]) => void;
}

export class ClusterWatch {
  readonly #modules: ClusterWatchModules;
  readonly #limits: CommandCenterLimits;
  /** HTTP addresses by name, of members only; kept while a member is down. */
  readonly #addresses = new Map<string, string>();
  #newest: { readonly wide: WideView; readonly atMs: number } | null = null;
  /** Of the newest look that is not answered yet. */
  #askedAtMs: number | null = null;
  #lookedAtMs = -Infinity;
  #standing = '';

  constructor(modules: ClusterWatchModules, limits: CommandCenterLimits) {
    this.#modules = modules;
    this.#limits = limits;
  }

  /** Called often; `isWatched`: somebody has a feed. */
  tick(isWatched: boolean): void {
    const { node, nowMs } = this.#modules;
    const { role, leaderId, term, isPrimary, epoch, condition } = node.status();
    const standing = [role, leaderId, term, isPrimary, epoch, condition].join();
    const hasChanged = standing !== this.#standing;
    this.#standing = standing;
    if (isWatched && hasChanged) this.#tellOwn();
    const { sampleMs, idleViewMs, addressMs } = this.#limits;
    const isNew = isWatched || this.#newest === null;
    const everyMs = isNew ? sampleMs : this.#missesAddress() ? addressMs : idleViewMs;
    const isDue = hasChanged || nowMs() - this.#lookedAtMs >= everyMs;
    if (!isDue) return;
    if (this.#askedAtMs === null) void this.#look(false);
    // Who leads is not known, or does not answer: what this node knows is told meanwhile.
    else if (isWatched && nowMs() - this.#askedAtMs >= sampleMs) void this.#look(true);
  }

  /** For a page that comes; null: nothing is known yet. */
  message(): ClusterMessage | null {
    const newest = this.#newest;
    if (newest === null) return null;
    const { view, failures, leaseRemainingMs } = newest.wide;
    const { node, name, nowMs } = this.#modules;
    const status = node.status();
    return {
      view,
      isConfirmed: isConfirmed(view),
      failures,
      leaseRemainingMs,
      own: standingOf(status, node, name),
      links: linksOf(view, status.cluster?.electionTimeoutMs ?? 0),
      ageMs: Math.round(nowMs() - newest.atMs),
    };
  }

  /** Where the members' Command Centers are, as far as is known, this node's among them. */
  members(): MemberAddress[] {
    const { node, name, http } = this.#modules;
    const { cluster, configuration } = node.status();
    const own = cluster?.nodeName ?? name;
    const names = new Set([own, ...configuration.members.map((member) => member.name)]);
    return [...names]
      .sort((a, b) => (a < b ? -1 : 1))
      .map((member) => {
        const address = member === own ? http : (this.#addresses.get(member) ?? null);
        return { name: member, origin: address === null ? null : this.#origin(address) };
      });
  }

  #origin(address: string): string {
    return `${this.#modules.isTls ? 'https' : 'http'}://${address}`;
  }

  #missesAddress(): boolean {
    const { configuration, nodeId } = this.#modules.node.outline();
    return configuration.members.some(
      ({ id, name }) => id !== nodeId && !this.#addresses.has(name),
    );
  }

  /** The same view once more, with what this node itself says now. */
  #tellOwn(): void {
    const message = this.message();
    if (message !== null) this.#modules.onView(message);
  }

  async #look(isLocal: boolean): Promise<void> {
    const { look, nowMs } = this.#modules;
    this.#lookedAtMs = nowMs();
    if (!isLocal) this.#askedAtMs = nowMs();
    const wide = await look(isLocal, this.#limits.viewMs);
    if (!isLocal) this.#askedAtMs = null;
    if (wide === null) return;
    // A view of before must not take the place of a confirmed one that came meanwhile.
    if (isLocal && this.#askedAtMs === null) return;
    this.#newest = { wide, atMs: nowMs() };
    this.#remember(wide.view);
    this.#tellOwn();
  }

  #remember({ nodes }: ClusterView): void {
    const before = JSON.stringify(this.members());
    const names = new Set(nodes.map(({ name }) => name));
    for (const name of this.#addresses.keys()) if (!names.has(name)) this.#addresses.delete(name);
    for (const { name, http } of nodes) if (http !== null) this.#addresses.set(name, http);
    const after = this.members();
    if (JSON.stringify(after) !== before) this.#modules.onAddresses(after);
  }
}

function standingOf(status: NodeStatus, node: NodeApi, name: string): OwnStanding {
  const { leaderId, configuration, cluster } = status;
  const reign = node.state.reigns.at(-1);
  const leader = configuration.members.find(({ id }) => id === leaderId)?.name;
  return {
    state: ownState(status),
    role: status.role,
    term: status.term,
    leader: leader ?? (leaderId === status.nodeId ? (cluster?.nodeName ?? name) : null),
    isPrimary: status.isPrimary,
    epoch: status.epoch,
    leaseRemainingMs: status.leaseRemainingMs === null ? null : Math.floor(status.leaseRemainingMs),
    leaseMs: reign?.leaseMs ?? null,
    stalenessMs: status.stalenessMs === null ? null : Math.round(status.stalenessMs),
    lagEntries: status.lagEntries,
    electionTimeoutMs: cluster?.electionTimeoutMs ?? 0,
  };
}

/** What the leader says of each other member. */
function linksOf({ leader, quorum, nodes }: ClusterView, electionTimeoutMs: number): Link[] {
  if (!quorum || leader === null) return [];
  return nodes
    .filter(({ name }) => name !== leader)
    .map(({ name, lagEntries, lastContactMs, state }) => ({
      from: leader,
      to: name,
      isUp: state !== 'DOWN' && lastContactMs !== null && lastContactMs <= electionTimeoutMs,
      lagEntries,
      lastContactMs,
    }));
}
