// The end of sessions whose life is over, of the delays of locks whose holder is gone, and of claims of jobs whose worker is silent:
// the leader that serves proposes them, a batch at a time, one batch after the other. Whether what a batch names still fits is judged when it is applied.

import type { Raft } from '../raft/raft.js';
import type { ClusterState } from '../state-machine/cluster-state.js';
import { SESSION_LIMITS } from '../state-machine/command.js';
import type { Command } from '../state-machine/command.js';
import { JOB_LIMITS } from '../state-machine/job-types.js';
import { LOCK_LIMITS } from '../state-machine/lock-types.js';
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
    const command = this.#due(raft.clusterTimeMs);
    if (command === null) return;
    this.#isRunning = true;
    const deadlineMs = raft.state.nowMs + raft.state.options.timers.electionTimeoutMaxMs;
    propose(command, deadlineMs, () => {
      this.#isRunning = false;
    });
  }

  #due(clusterTimeMs: number): Command | null {
    const sessions = this.#state.expiredSessions(clusterTimeMs, SESSION_LIMITS.expireBatchMax);
    if (sessions.length > 0) return { kind: 'expireSessions', sessions };
    const names = this.#state.dueLocks(clusterTimeMs, LOCK_LIMITS.grantBatchMax);
    if (names.length > 0) return { kind: 'grantLocks', names };
    const claims = this.#state.jobs.lapsed(clusterTimeMs, JOB_LIMITS.lapseBatchMax);
    return claims.length > 0 ? { kind: 'lapseJobs', claims } : null;
  }
}
