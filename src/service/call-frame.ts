// What every call begins and may end with, be it one request and one answer or a stream: who asks, whether they may, and
// what a failure is called. Handlers throw QuorateError; whatever else comes out of one is a fault of ours and is answered
// as INTERNAL.

import { statusFor } from '../client/status-details.js';
import type { StatusAnswer } from '../client/status-details.js';
import { QuorateError } from '../errors.js';
import { InvariantViolation } from '../raft/assert.js';
import { contextFor, KEYS } from './call-context.js';
import type { CallContext, ReadableMetadata } from './call-context.js';
import type { ServiceModules } from './modules.js';
import { leaderData } from './status-map.js';

/** What all kinds of call have. */
export interface AnyCall {
  readonly metadata: ReadableMetadata;
  getPeer(): string;
  getDeadline(): Date | number;
}

/** Reads who asks for `method`, such as `/quorate.v1.Cluster/Status`; throws PERMISSION_DENIED if they may not. */
export function admitCall(modules: ServiceModules, method: string, call: AnyCall): CallContext {
  const { authorise, callerAt, clock } = modules;
  const { metadata } = call;
  const peer = call.getPeer();
  const caller = callerAt === null ? null : callerAt(peer);
  if (callerAt !== null && caller === null) {
    throw new QuorateError('PERMISSION_DENIED', 'the connection of the caller has ended');
  }
  const about = { method, deadline: Number(call.getDeadline()), metadata, peer, caller };
  const context = contextFor(about, Date.now(), clock.nowMs());
  if (authorise(context.identity, method)) return context;
  throw new QuorateError('PERMISSION_DENIED', `${context.who} may not use ${method}`);
}

/** The status that a failed call ends with; logs it, and ends the process if a broken invariant is behind it. */
export function statusOfFailure(
  modules: ServiceModules,
  method: string,
  call: AnyCall,
  error: unknown,
): StatusAnswer {
  const known = knownError(modules, method, call, error);
  return statusFor(known, leaderData(modules.node.outline()));
}

/** The error as callers may see it, logged; ends the process if a broken invariant is behind it. */
export function knownError(
  { callerAt, log, onFatal }: ServiceModules,
  method: string,
  call: AnyCall,
  error: unknown,
): QuorateError {
  const requestId = call.metadata.get(KEYS.requestId)[0];
  const peer = call.getPeer();
  const about = { method, requestId, peer, caller: callerAt?.(peer)?.name ?? null };
  if (error instanceof QuorateError) {
    log.debug({ ...about, reason: error.code, message: error.message }, 'request refused');
    return error;
  }
  log.error({ ...about, error }, 'request failed by a fault of this daemon');
  if (error instanceof InvariantViolation) onFatal(error);
  return new QuorateError('INTERNAL', `a fault of the daemon in ${method}`, {}, { cause: error });
}
