// What the benchmark needs of a system that it measures: three nodes on this machine, found by address and process id, and the same
// few requests said in its own messages. One file a system; nothing here measures.

/** A request as a gRPC call: where it goes, and its message in bytes. */
export interface RequestBytes {
  /** Such as `/quorate.v1.Store/Put`. */
  readonly path: string;
  readonly message: Uint8Array;
  /** It goes over one stream: several make one message, standing one behind the other. Default: a call of its own. */
  readonly isStreamed?: boolean;
}

/** The requests that are compared. Keys and values are given, so that both systems get the same. */
export interface Requests {
  write(key: string, value: Uint8Array): RequestBytes;
  /** Linearizable. */
  read(key: string): RequestBytes;
  /** From the node's own state. */
  staleRead(key: string): RequestBytes;
  /** A write on a stream of many; where a system has no such streams, a call. */
  pipelinedWrite(key: string, value: Uint8Array): RequestBytes;
  /** One transaction that puts all of them. */
  batch(keys: readonly string[], value: Uint8Array): RequestBytes;
}

/** A cluster that runs. */
export interface Running {
  /** Whoever leads now: its address for clients and its place among `pids`. Fails if nobody leads within 10 s. */
  leader(): Promise<{ readonly address: string; readonly at: number }>;
  /** For clients, in the order of the nodes. */
  readonly addresses: readonly string[];
  /** Process ids, in the order of the nodes; they change when a node is started again. */
  readonly pids: readonly number[];
  /** Counts up by at least one with each write that was carried out. */
  revision(): Promise<number>;
  /** Lets go of earlier revisions of its keys, as operators have it done, where a system keeps all until it is told. */
  compact(): Promise<void>;
  /** Ends a node at once, and starts it again. */
  kill(at: number): Promise<void>;
  restart(at: number): Promise<void>;
  /** Starts one more node, without data, and makes it a member; answers its place. It has still to catch up. */
  join(): Promise<number>;
  /** Removes the last node and its data. */
  leave(): Promise<void>;
  /** Ends all nodes and removes their data. */
  stop(): Promise<void>;
}

export interface System {
  readonly name: string;
  readonly version: string;
  readonly requests: Requests;
  /** `joiners`: how often `join` may be called. */
  start(nodes: number, joiners?: number): Promise<Running>;
}
