// quorate.v1.ClientSessions: opens client sessions, by which a repeated request gets the first answer (Thesis §6.3). The id is
// drawn for each proposal by the leader that makes it, so that no two entries ever open the same one, however often a call
// is repeated or forwarded. What the table does stands in the state machine.

import { randomBytes } from 'node:crypto';
import { CLIENT_SESSIONS } from '../client/protos.js';
import type { OpenClientSessionRequest__Output } from '../generated/quorate/v1/OpenClientSessionRequest.js';
import type { OpenClientSessionResponse } from '../generated/quorate/v1/OpenClientSessionResponse.js';
import { CLIENT_SESSION_LIMITS } from '../state-machine/command.js';
import type { CallContext } from './call-context.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { propose } from './node-calls.js';

const ID_BYTES = 16;

/** Answers ClientSessions.Open. */
export async function openClientSession(
  modules: ServiceModules,
  request: OpenClientSessionRequest__Output,
  context: CallContext,
): Promise<OpenClientSessionResponse> {
  const { node, clock } = modules;
  return modules.routing.toLeader(context, CLIENT_SESSIONS.Open, {
    // Repeating it is harmless: another attempt opens another session.
    isWrite: false,
    request,
    here: async () => {
      const id = randomBytes(ID_BYTES).toString('hex');
      const command = { kind: 'openClientSession', requestId: context.requestId, id } as const;
      const { revision } = await propose(node, clock, command, context.deadlineMs);
      const { windowMax: window, idleMs } = CLIENT_SESSION_LIMITS;
      return { header: headerFor(modules, { revision }), session: id, window, idleMs };
    },
  });
}
