// quorate.v1.Sessions: each call is validated, brought to the leader, proposed or read behind a barrier, and answered.
// A stale read is answered also without a quorum and with a failed disk; its header says how stale it is. How fresh a read
// is stands in reads.ts, what a command does in the state machine.

import type { DeleteSessionRequest__Output } from '../generated/quorate/v1/DeleteSessionRequest.js';
import type { DeleteSessionResponse } from '../generated/quorate/v1/DeleteSessionResponse.js';
import type { GetSessionRequest__Output } from '../generated/quorate/v1/GetSessionRequest.js';
import type { GetSessionResponse } from '../generated/quorate/v1/GetSessionResponse.js';
import type { ListSessionsRequest__Output } from '../generated/quorate/v1/ListSessionsRequest.js';
import type { ListSessionsResponse } from '../generated/quorate/v1/ListSessionsResponse.js';
import type { PutSessionRequest__Output } from '../generated/quorate/v1/PutSessionRequest.js';
import type { PutSessionResponse } from '../generated/quorate/v1/PutSessionResponse.js';
import type { Session as SessionMessage } from '../generated/quorate/v1/Session.js';
import type { TouchSessionRequest__Output } from '../generated/quorate/v1/TouchSessionRequest.js';
import type { TouchSessionResponse } from '../generated/quorate/v1/TouchSessionResponse.js';
import { invariant } from '../raft/assert.js';
import type { Command, Session } from '../state-machine/command.js';
import { SESSION_LIMITS } from '../state-machine/command.js';
import type { CallContext } from './call-context.js';
import { headerFor, nameOfMember } from './modules.js';
import type { ServiceModules } from './modules.js';
import { propose } from './node-calls.js';
import type { Applied } from './node-calls.js';
import { SESSIONS } from '../client/protos.js';
import { answerRead } from './reads.js';
import { sessionNotFound } from './status-map.js';
import {
  checkPutSession,
  checkSessionId,
  checkText,
  clientRequestOf,
  pageLimit,
  REQUEST_LIMITS,
  revisionOrNull,
} from './validate.js';

/** Answers Sessions.Put. */
export async function putSession(
  modules: ServiceModules,
  request: PutSessionRequest__Output,
  context: CallContext,
): Promise<PutSessionResponse> {
  checkPutSession(request);
  const ifRevision = revisionOrNull('if_revision', request.ifRevision);
  const client = clientRequestOf(request.client);
  return modules.routing.toLeader(context, SESSIONS.Put, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const applied = await proposed(modules, context, {
        kind: 'putSession',
        requestId: context.requestId,
        client,
        id: request.id,
        owner: request.owner ?? null,
        nodeId: context.viaNodeId ?? modules.node.outline().nodeId,
        attributes: new Map(Object.entries(request.attributes)),
        removed: request.removedAttributes,
        ttlMs: request.ttlMs ?? null,
        ifRevision,
      });
      return sessionAnswer(modules, applied);
    },
  });
}

/** Answers Sessions.Touch. */
export async function touchSession(
  modules: ServiceModules,
  request: TouchSessionRequest__Output,
  context: CallContext,
): Promise<TouchSessionResponse> {
  checkSessionId(request.id);
  const client = clientRequestOf(request.client);
  return modules.routing.toLeader(context, SESSIONS.Touch, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { requestId } = context;
      const command: Command = { kind: 'touchSession', requestId, client, id: request.id };
      return sessionAnswer(modules, await proposed(modules, context, command));
    },
  });
}

/** Answers Sessions.Delete. */
export async function deleteSession(
  modules: ServiceModules,
  request: DeleteSessionRequest__Output,
  context: CallContext,
): Promise<DeleteSessionResponse> {
  checkSessionId(request.id);
  const ifRevision = revisionOrNull('if_revision', request.ifRevision);
  const client = clientRequestOf(request.client);
  return modules.routing.toLeader(context, SESSIONS.Delete, {
    isWrite: true,
    isCovered: client !== null,
    request,
    here: async () => {
      const { revision, result } = await proposed(modules, context, {
        kind: 'deleteSession',
        requestId: context.requestId,
        client,
        id: request.id,
        ifRevision,
      });
      invariant(result.type === 'deleted', 'a deletion is answered by a deletion');
      const header = headerFor(modules, { revision });
      return { header, existed: result.existed };
    },
  });
}

/** Answers Sessions.Get. */
export async function getSession(
  modules: ServiceModules,
  request: GetSessionRequest__Output,
  context: CallContext,
): Promise<GetSessionResponse> {
  checkSessionId(request.id);
  const { node } = modules;
  const found = (isStale: boolean): GetSessionResponse => {
    const session = node.state.session(request.id);
    if (session === null) throw sessionNotFound(request.id);
    return { header: headerFor(modules, { isStale }), session: sessionMessage(modules, session) };
  };
  return answerRead(modules, context, SESSIONS.Get, request, found);
}

/** Answers Sessions.List. */
export async function listSessions(
  modules: ServiceModules,
  request: ListSessionsRequest__Output,
  context: CallContext,
): Promise<ListSessionsResponse> {
  const { prefix, afterId: after } = request;
  checkText('prefix', prefix, 0, SESSION_LIMITS.idBytesMax);
  checkText('after_id', after, 0, SESSION_LIMITS.idBytesMax);
  const countMax = pageLimit(request.limit);
  const { node } = modules;
  const page = (isStale: boolean): ListSessionsResponse => {
    const bytesMax = REQUEST_LIMITS.pageBytesMax;
    const { sessions, isMore } = node.state.listSessions({ prefix, after, countMax, bytesMax });
    return {
      header: headerFor(modules, { isStale }),
      sessions: sessions.map((session) => sessionMessage(modules, session)),
      more: isMore,
    };
  };
  return answerRead(modules, context, SESSIONS.List, request, page);
}

function proposed(
  { node, clock }: ServiceModules,
  context: CallContext,
  command: Command,
): Promise<Applied> {
  return propose(node, clock, command, context.deadlineMs);
}

function sessionAnswer(
  modules: ServiceModules,
  { revision, result }: Applied,
): PutSessionResponse & TouchSessionResponse {
  invariant(result.type === 'session', 'a change of a session is answered by the session');
  return {
    header: headerFor(modules, { revision }),
    session: sessionMessage(modules, result.session),
  };
}

/** A session for a message; its remaining life is counted now. */
export function sessionMessage(modules: ServiceModules, session: Session): SessionMessage {
  const { node } = modules;
  const { id, owner, ttlMs, deadlineMs, revision, createdRevision } = session;
  const attributes = [...session.attributes].map(([name, value]): [string, Buffer] => {
    return [name, Buffer.from(value.buffer, value.byteOffset, value.byteLength)];
  });
  return {
    id,
    owner,
    node: nameOfMember(node, session.nodeId),
    attributes: Object.fromEntries(attributes),
    ttlMs,
    remainingMs: Math.max(0, deadlineMs - node.clusterTimeMs()),
    revision,
    createdRevision,
  };
}
