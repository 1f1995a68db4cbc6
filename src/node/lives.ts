// The lives of sessions at the node that leads: those that clients keep alive begin again, those that are over end. Both are
// proposed as soon as one is due, a batch at a time.

import type { Raft } from '../raft/raft.js';
import type { ClusterState } from '../state-machine/cluster-state.js';
import type { NodeApi } from './api.js';
import { Expiry } from './expiry.js';
import { Renewals } from './renewals.js';

export class Lives {
  readonly renewals: Renewals;
  readonly #expiry: Expiry;

  constructor(state: ClusterState) {
    this.renewals = new Renewals(state);
    this.#expiry = new Expiry(state);
  }

  /** Proposes what is due. */
  maybePropose(raft: Raft, propose: NodeApi['propose']): void {
    this.renewals.maybePropose(raft, propose);
    this.#expiry.maybePropose(raft, propose);
  }
}
