// One thing that a client asked of the cluster, from its beginning to the answer, as the client saw it. The history of
// these is what linearizability and the truth of outcomes are judged by.

import type { WriteOutcome } from '../src/node/api.js';
import type { LogIndex } from '../src/raft/types.js';
import type { ClientCommand, Session } from '../src/state-machine/command.js';
import type { StoreEntry } from '../src/state-machine/store-types.js';

interface Asked {
  /** Unique in the run; the request id of a write. */
  readonly id: string;
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

export interface ReadOperation extends Asked {
  readonly kind: 'read';
  readonly isStale: boolean;
  /** It asked for a key of the store, which `sessionId` names. */
  readonly isOfStore: boolean;
  /** Null: not answered, or refused. */
  readonly answer: {
    /** The state that was read had applied everything up to here. */
    readonly lastApplied: LogIndex;
    /** Under the primary's lease, without asking a quorum. */
    readonly isLeased: boolean;
    /** The session that was found; null: there was none, or a key was asked for. */
    readonly session: Session | null;
    /** The key's entry that was found; null: there was none, or a session was asked for. */
    readonly entry: StoreEntry | null;
    /** Of the session or the key's entry; null: there was none. */
    readonly digest: number | null;
  } | null;
}

export type Operation = WriteOperation | ReadOperation;
