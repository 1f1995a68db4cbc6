// Sessions.Renew and Sessions.KeepAlive: many sessions at once begin their lives again, through any member. Whether that needs an entry
// is the leader's to decide (node/renewals.ts); asking again is harmless, so nothing here has to be covered.

import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { RenewSessionsRequest__Output } from '../generated/quorate/v1/RenewSessionsRequest.js';
import type { RenewSessionsResponse } from '../generated/quorate/v1/RenewSessionsResponse.js';
import { QuorateError } from '../errors.js';
import { SESSION_LIMITS } from '../state-machine/command.js';
import { SESSIONS } from '../client/protos.js';
import { CALL_LIMITS } from './call-context.js';
import type { CallContext } from './call-context.js';
import { messagesOf } from './messages-in.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { renew } from './node-calls.js';
import { sent } from './streams.js';
import { checkSessionId, tooLarge } from './validate.js';

/** Answers Sessions.Renew. */
export async function renewSessions(
  modules: ServiceModules,
  request: RenewSessionsRequest__Output,
  context: CallContext,
): Promise<RenewSessionsResponse> {
  const { ids } = request;
  const { renewBatchMax } = SESSION_LIMITS;
  if (ids.length > renewBatchMax) throw tooLarge('ids', ids.length, renewBatchMax, 'ids');
  for (const id of ids) checkSessionId(id);
  const { node, clock, routing } = modules;
  return routing.toLeader(context, SESSIONS.Renew, {
    isWrite: true,
    // A repetition is the same renewal, a little later.
    isCovered: true,
    request,
    here: async () => {
      const deadlines = await renew(node, clock, ids, context.deadlineMs);
      const nowMs = node.clusterTimeMs();
      const sessions = ids.map((id, at) => {
        const deadlineMs = deadlines[at] ?? null;
        return deadlineMs === null ? { id } : { id, remainingMs: Math.max(0, deadlineMs - nowMs) };
      });
      return { header: headerFor(modules), sessions };
    },
  });
}

/** Answers Sessions.KeepAlive: one request after the other, each within the default time. */
export async function keepAlive(
  modules: ServiceModules,
  stream: ServerDuplexStream<RenewSessionsRequest__Output, RenewSessionsResponse>,
  context: CallContext,
): Promise<void> {
  for await (const request of messagesOf<RenewSessionsRequest__Output>(stream)) {
    if (modules.isStopping()) throw new QuorateError('STOPPING', 'this node is stopping');
    const deadlineMs = modules.clock.nowMs() + CALL_LIMITS.deadlineDefaultMs;
    const response = await renewSessions(modules, request, { ...context, deadlineMs });
    if (!(await sent(stream, response))) return;
  }
}
