// One thing that a client asked of the cluster, from its beginning to the answer, as the client saw it. The history of
// these is what linearizability and the truth of outcomes are judged by.

import type { WriteOutcome } from '../src/node/api.js';
import type { LogIndex } from '../src/raft/types.js';
import type { ClientCommand, Session } from '../src/state-machine/command.js';
import type { Provider } from '../src/state-machine/service-types.js';
import type { StoreEntry } from '../src/state-machine/store-types.js';

interface Asked {
  /** Unique in the run; the request id of a write. */
  readonly id: string;
  /** The session, or whatever else it is about. */
  readonly sessionId: string;
  readonly beganUs: number;
  readonly endedUs: number | null;
}

export interface WriteOperation extends Asked {
  readonly kind: 'write';
  readonly command: ClientCommand;
  /** Null: the client has not learned it, and perhaps never will. */
  readonly outcome: WriteOutcome | null;
}

/** What a read can ask for: a session, a key of the store, a lock, job or policy, or all providers of a service. */
export type ReadOf = 'session' | 'store' | 'lock' | 'job' | 'policy' | 'service';

export interface ReadAnswer {
  /** The state that was read had applied everything up to here. */
  readonly lastApplied: LogIndex;
  /** Under the primary's lease, without asking a quorum. */
  readonly isLeased: boolean;
  /** The session that was found; null: there was none, or something else was asked for. */
  readonly session: Session | null;
  /** The key's entry that was found; null: there was none, or something else was asked for. */
  readonly entry: StoreEntry | null;
  /** Of whatever was found; null: there was none. */
  readonly digest: number | null;
  /** The provider that was picked for a caller; null: none is well. Absent: no service was asked for. */
  readonly picked?: Provider | null;
}

export interface ReadOperation extends Asked {
  readonly kind: 'read';
  readonly isStale: boolean;
  /** What `sessionId` names. */
  readonly of: ReadOf;
  /** Null: not answered, or refused. */
  readonly answer: ReadAnswer | null;
}

export type Operation = WriteOperation | ReadOperation;
