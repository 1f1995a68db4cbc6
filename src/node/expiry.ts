// The end of sessions whose life is over: the leader that serves proposes it, a batch at a time, one batch after the
// other. Whether a session still fits what the batch says is judged when it is applied.

import type { Raft } from '../raft/raft.js';
import type { ClusterState } from '../state-machine/cluster-state.js';
import { SESSION_LIMITS } from '../state-machine/command.js';
import type { NodeApi } from './api.js';

export class Expiry {
  readonly #state: ClusterState;
  #isRunning = false;

  constructor(state: ClusterState) {
    this.#state = state;
  }

  /** Proposes the next batch, if one is due and none is on its way. */
  maybePropose(raft: Raft, propose: NodeApi['propose']): void {
    if (this.#isRunning || !raft.isServing) return;
    const sessions = this.#state.expiredSessions(raft.clusterTimeMs, SESSION_LIMITS.expireBatchMax);
    if (sessions.length === 0) return;
    this.#isRunning = true;
    const deadlineMs = raft.state.nowMs + raft.state.options.timers.electionTimeoutMaxMs;
    propose({ kind: 'expireSessions', sessions }, deadlineMs, () => {
      this.#isRunning = false;
    });
  }
}
