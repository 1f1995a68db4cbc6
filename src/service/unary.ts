// The frame around every unary handler: context, authorisation, the answer or its error, and nothing about any method.
// Handlers throw QuorateError; whatever else comes out of one is a fault of ours and is answered as INTERNAL.

import type { handleUnaryCall, Metadata, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { QuorateError } from '../errors.js';
import { InvariantViolation } from '../raft/assert.js';
import { contextFor, KEYS } from './call-context.js';
import type { CallContext } from './call-context.js';
import type { ServiceModules } from './modules.js';
import { statusFor } from '../client/status-details.js';
import { leaderData } from './status-map.js';

/** Wraps a handler for grpc-js. `method` is its path, such as `/quorate.v1.Cluster/Status`. */
export function unary<Request, Response>(
  modules: ServiceModules,
  method: string,
  run: (request: Request, context: CallContext) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const { authorise, callerAt, clock, node } = modules;
  const answer = (call: ServerUnaryCall<Request, Response>): Promise<Response> => {
    const { metadata, request } = call;
    const peer = call.getPeer();
    const caller = callerAt === null ? null : callerAt(peer);
    if (callerAt !== null && caller === null) {
      throw new QuorateError('PERMISSION_DENIED', 'the connection of the caller has ended');
    }
    const about = { method, deadline: Number(call.getDeadline()), metadata, peer, caller };
    const context = contextFor(about, Date.now(), clock.nowMs());
    if (authorise(context.identity, method)) return run(request, context);
    throw new QuorateError('PERMISSION_DENIED', `${context.who} may not use ${method}`);
  };
  const respond = async (
    call: ServerUnaryCall<Request, Response>,
    callback: sendUnaryData<Response>,
  ): Promise<void> => {
    let response: Response;
    try {
      response = await answer(call);
    } catch (error) {
      const known = asKnown(modules, method, call, error);
      callback(statusFor(known, leaderData(node.status())));
      return;
    }
    callback(null, response);
  };
  return (call, callback) => {
    void respond(call, callback);
  };
}

function asKnown(
  { callerAt, log, onFatal }: ServiceModules,
  method: string,
  call: { readonly metadata: Metadata; getPeer(): string },
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
