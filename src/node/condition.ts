// What a node still is, and why no more: clean, a member, removed for good, or alive without a disk to be trusted. What
// ends a membership for ever is kept in the data directory, so that a restart does not undo it. Design sections 3 and 7.

import type { Ended, Identity, LogIndex } from '../raft/types.js';
import type { NodeRefusal, NodeStatus } from './api.js';
import type { NodeModules } from './node-options.js';
import { EMPTY_BATCH } from './ports.js';

export class Condition {
  readonly #modules: Pick<NodeModules, 'storage' | 'log'>;
  readonly #onEnd: (refusal: NodeRefusal) => void;
  #identity: Identity;
  #is: NodeStatus['condition'] = 'clean';
  #trouble: NodeStatus['trouble'] = null;

  /** `onEnd` is called with what every waiting call is refused with, each time that the node can do less than before. */
  constructor(
    identity: Identity,
    modules: Pick<NodeModules, 'storage' | 'log'>,
    onEnd: (refusal: NodeRefusal) => void,
  ) {
    this.#identity = identity;
    this.#modules = modules;
    this.#onEnd = onEnd;
  }

  /** As durable, or about to be. */
  get identity(): Identity {
    return this.#identity;
  }

  get is(): NodeStatus['condition'] {
    return this.#is;
  }

  get trouble(): NodeStatus['trouble'] {
    return this.#trouble;
  }

  /** Why this node itself refuses work; null: it is a member that works. */
  get refusal(): NodeRefusal | null {
    return this.#is === 'member' ? null : { reason: this.#is };
  }

  /** Takes up what the data directory says; answers whether it holds a membership to go on with. */
  resume(): boolean {
    const { cluster, ended } = this.#identity;
    if (ended === null) return cluster !== null;
    this.#is = ended === 'removed' ? 'removed' : 'degraded';
    this.#trouble = ended === 'setBack' ? 'setBack' : null;
    this.#modules.log.error({ name: cluster?.nodeName }, SENTENCES[ended]);
    return false;
  }

  /** The node belongs to a cluster, durably. */
  entered(identity: Identity): void {
    this.#identity = identity;
  }

  /** The core runs. */
  began(): void {
    this.#is = 'member';
  }

  /** It is no member any more, and never will be with this data directory. */
  removed(): void {
    if (this.#is !== 'member') return;
    this.#is = 'removed';
    this.#onEnd({ reason: 'removed' });
    this.#keepEnded('removed', {});
  }

  /** What it acknowledged is gone, so its word is worth nothing any more. */
  setBack(acknowledged: LogIndex, last: LogIndex): void {
    if (this.#is !== 'member') return;
    this.#is = 'degraded';
    this.#trouble = 'setBack';
    this.#onEnd({ reason: 'degraded' });
    this.#keepEnded('setBack', { acknowledged, last });
  }

  /** After a failed write nobody knows what is on disk: the core stops for good, the node answers what it knows. */
  diskFailed(error: Error): void {
    if (this.#is === 'degraded') return;
    this.#is = 'degraded';
    this.#trouble = 'diskFailed';
    this.#modules.log.error({ error }, 'the disk failed; this node neither votes nor leads');
    this.#onEnd({ reason: 'degraded' });
  }

  #keepEnded(ended: Ended, fields: object): void {
    const { storage, log } = this.#modules;
    const identity = { ...this.#identity, ended };
    this.#identity = identity;
    log.error({ name: identity.cluster?.nodeName, ...fields }, SENTENCES[ended]);
    storage.persist({ batch: EMPTY_BATCH, installParts: null, identity }, (error) => {
      if (error !== null) this.diskFailed(error);
    });
  }
}

const SENTENCES: Readonly<Record<Ended, string>> = {
  removed:
    'this node was removed from its cluster: start it with an empty data directory to join again',
  setBack:
    'the disk of this node was set back, so it neither votes nor leads: replace it by a clean node with cluster-replace-node',
};
