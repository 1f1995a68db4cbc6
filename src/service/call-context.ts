// What a handler knows of the call beside its request: how long it may take, its id, who asks, how often it was
// forwarded. Read once from the deadline and the metadata, bounded and checked; everything here is pure but for the
// drawing of an id.

import { randomFillSync } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';
import type { Place } from '../client/lane.js';
import { QuorateError } from '../errors.js';
import type { NodeId } from '../raft/types.js';
import { canBeShown } from '../tls/caller.js';
import type { Caller } from '../tls/caller.js';
import { TRACEPARENT } from '../tracing/port.js';
import type { CallTrace, Hop } from '../tracing/port.js';

/** Metadata keys of Quorate. Those after the first two are between members; with TLS only a node is believed there. */
export const KEYS = {
  requestId: 'x-request-id',
  /** The caller wants NOT_LEADER with the leader's address rather than a forward. */
  noForward: 'x-quorate-no-forward',
  /** How often the request was forwarded. */
  forwarded: 'x-quorate-forwarded',
  /** Node id of the member that the client asked. */
  via: 'x-quorate-via',
  /** Who asked that member; what is not printable ASCII is percent-encoded. */
  who: 'x-quorate-who',
} as const;

export const CALL_LIMITS = {
  /** For a call without a deadline. */
  deadlineDefaultMs: 10_000,
  deadlineMaxMs: 60_000,
  /** Kept back from the caller's deadline, so that the answer is ours and not a bare DEADLINE_EXCEEDED. */
  marginMs: 80,
  /** The same as a share of the whole, if that is more: a loaded machine is late by more where more was waited for. */
  marginShare: 0.05,
  /** A request is forwarded at most this often: the second time when the first leader had just lost its office. */
  forwardsMax: 2,
  requestIdBytesMax: 128,
  /** Of who asked, percent-encoded. */
  whoBytesMax: 4096,
} as const;

/** Who asks, by certificate: the caller, or the one for whom a node says that it asks. */
export interface CallerIdentity {
  readonly name: string;
}

/**
 * Decides whether somebody may use a method, such as `/quorate.v1.Cluster/Remove`. `identity` null: there is no TLS, and
 * it may be anybody who reaches the port.
 */
export type Authorise = (identity: CallerIdentity | null, method: string) => boolean;

export interface CallContext {
  readonly method: string;
  readonly requestId: string;
  /** Null without TLS. */
  readonly identity: CallerIdentity | null;
  /** Name of the identity, or address of the caller without TLS; kept through forwards. For people. */
  readonly who: string;
  /** On the node's clock; the margin is already off. */
  readonly deadlineMs: number;
  readonly forwards: number;
  readonly mayForward: boolean;
  /** The member that the client asked; null: this one. */
  readonly viaNodeId: NodeId | null;
  /** Null: a call by itself. */
  readonly streamed: StreamedOperation | null;
  /** Absent: it is not traced. */
  readonly trace?: CallTrace;
}

/** What an operation of a pipelined stream has beside a call. */
export interface StreamedOperation {
  /** It is not tried while an earlier one waits to be. */
  readonly place: Place;
  /** Forwards it, behind those that were forwarded before. */
  readonly forward: Forward;
}

/** Has the node at an API address carry out what the call of a path would; `timeoutMs` is for its answer. */
export type Forward = <Response>(
  address: string,
  path: string,
  request: unknown,
  place: Place,
  options: { readonly timeoutMs: number; readonly isWrite: boolean; readonly isCovered: boolean },
) => Promise<Response>;

/** The values of a key; those of a direct call are read from the headers themselves. */
export interface ReadableMetadata {
  get(key: string): readonly (string | Buffer)[];
}

export interface Call {
  readonly method: string;
  /** On the wall clock, as grpc-js tells it; Infinity: none. */
  readonly deadline: number;
  readonly metadata: ReadableMetadata;
  /** `ADDRESS:PORT` of the caller. */
  readonly peer: string;
  /** By certificate; null without TLS. */
  readonly caller: Caller | null;
}

/** Reads a call; refuses metadata that is out of bounds. `wallMs` and `nowMs` are the same moment on two clocks. */
export function contextFor(call: Call, wallMs: number, nowMs: number): CallContext {
  const { metadata, caller } = call;
  const forwards = countOf(metadata, KEYS.forwarded);
  // Without TLS anybody is believed: it decides nothing but what the history says.
  const isBelieved = caller === null || caller.isNode;
  const via = isBelieved ? countOf(metadata, KEYS.via) : 0;
  const told = isBelieved ? whoOf(metadata) : null;
  const who = told ?? caller?.name ?? hostOf(call.peer);
  return {
    method: call.method,
    requestId: requestIdOf(metadata),
    identity: caller === null ? null : { name: who },
    who,
    deadlineMs: nowMs + usableMs(call.deadline - wallMs),
    forwards,
    mayForward: textOf(metadata, KEYS.noForward) === null && forwards < CALL_LIMITS.forwardsMax,
    viaNodeId: via === 0 ? null : (via as NodeId),
    streamed: null,
  };
}

/** The context of what this node asks of the cluster by itself. `who`: its name. */
export function contextOfOwn(method: string, who: string, deadlineMs: number): CallContext {
  const asked = { method, requestId: drawRequestId(), identity: null, who, deadlineMs };
  return { ...asked, forwards: 0, mayForward: true, viaNodeId: null, streamed: null };
}

/** How long a handler may work when `remainingMs` are left for the caller; Infinity: the caller set no deadline. */
export function usableMs(remainingMs: number): number {
  const { deadlineDefaultMs, deadlineMaxMs, marginMs, marginShare } = CALL_LIMITS;
  const bounded = Number.isFinite(remainingMs)
    ? Math.min(Math.max(remainingMs, 0), deadlineMaxMs)
    : deadlineDefaultMs;
  return Math.floor(bounded - Math.min(Math.max(marginMs, bounded * marginShare), bounded / 4));
}

/** Metadata for asking another node on behalf of this call; with `hop` its trace goes on there. */
export function metadataFor(
  context: CallContext,
  ownNodeId: NodeId,
  isForward: boolean,
  hop: Hop | null = null,
): Metadata {
  const metadata = new Metadata();
  metadata.set(KEYS.requestId, context.requestId);
  if (hop !== null) metadata.set(TRACEPARENT, hop.traceparent);
  metadata.set(KEYS.who, context.who.replaceAll(/[^\x20-\x7e]+|%/g, encodeURIComponent));
  if (isForward) {
    metadata.set(KEYS.forwarded, String(context.forwards + 1));
    metadata.set(KEYS.via, String(context.viaNodeId ?? ownNodeId));
  }
  return metadata;
}

const ID_BYTES = 8;
/** Random bytes for many ids, drawn at once: drawing costs far more than its bytes. */
const pool = Buffer.alloc(512 * ID_BYTES);
let poolAt = pool.length;

/** A request id: 16 hexadecimal digits. */
function drawRequestId(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const at = poolAt;
  poolAt += ID_BYTES;
  return pool.toString('hex', at, poolAt);
}

function requestIdOf(metadata: ReadableMetadata): string {
  const given = textOf(metadata, KEYS.requestId);
  if (given === null || given === '') return drawRequestId();
  if (given.length <= CALL_LIMITS.requestIdBytesMax) return given;
  const limit = `${CALL_LIMITS.requestIdBytesMax} bytes`;
  const data = { field: KEYS.requestId, limit };
  throw new QuorateError('TOO_LARGE', `${KEYS.requestId} has ${given.length} bytes`, data);
}

function textOf(metadata: ReadableMetadata, key: string): string | null {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value : null;
}

/** Null: nothing is said, or nothing that can be read. */
function whoOf(metadata: ReadableMetadata): string | null {
  const text = textOf(metadata, KEYS.who);
  if (text === null || text.length > CALL_LIMITS.whoBytesMax) return null;
  try {
    const who = decodeURIComponent(text);
    return canBeShown(who) ? who : null;
  } catch {
    return null;
  }
}

function countOf(metadata: ReadableMetadata, key: string): number {
  const text = textOf(metadata, key);
  if (text === null) return 0;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  const message = `expected a whole number in ${key}, got ${JSON.stringify(text)}`;
  throw new QuorateError('INVALID_ARGUMENT', message, { field: key });
}

/** The address without its port. */
function hostOf(peer: string): string {
  const end = peer.lastIndexOf(':');
  const host = end === -1 ? peer : peer.slice(0, end);
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
