// What the parts of a daemon tell of one request while they carry it out, as plain ports: each part knows only the few functions
// that it calls. Without tracing none of this exists, and nobody asks for it. Contexts travel as W3C's `traceparent`.

/** The metadata key of W3C Trace Context. */
export const TRACEPARENT = 'traceparent';

/** The trace of one call of the API at this node. */
export interface CallTrace {
  /** The request changes something: what has no trace yet may begin one here. `requestId` finds it again at the proposal. */
  writes(requestId: string): void;
  /** It goes on to the node at an API address; null: the call has no trace. */
  forwards(address: string): Hop | null;
  /** It was answered with a status of gRPC, 0 for done. Once. */
  ended(status: number): void;
}

/** One forward of a request. */
export interface Hop {
  /** The context that the other node is to go on with. */
  readonly traceparent: string;
  /** It came back; `failure` null: with an answer. Once. */
  ended(failure: unknown): void;
}

/**
 * A call came. `method` is its path, such as `/quorate.v1.Store/Put`; `traceparent` is the caller's context as it was sent, null:
 * none was.
 */
export type TraceCall = (method: string, traceparent: string | null) => CallTrace;

/** An entry of a message between peers that belongs to a trace. */
export interface TracedEntry {
  readonly term: number;
  readonly index: number;
  readonly traceparent: string;
}

/** Of one message; more are carried without their traces. */
export const TRACED_ENTRIES_MAX = 32;
