// Reads as fresh as the caller asks for, whatever is read. Stale: this node's own state, at once. Linearizable: the leader's,
// behind a barrier that a quorum confirmed. Leased: the leader's under its lease as primary, without asking anybody; a
// member that does not lead forwards it, and a leader without a lease passes the barrier, so that it is never less fresh.

import type { MethodDefinition } from '@grpc/proto-loader';
import type { ReadConsistency__Output } from '../generated/quorate/v1/ReadConsistency.js';
import type { CallContext } from './call-context.js';
import { checkHasState } from './modules.js';
import type { ServiceModules } from './modules.js';
import { readLeased, readLinearizable } from './node-calls.js';
import { invalid } from './validate.js';

const KNOWN: ReadonlySet<ReadConsistency__Output> = new Set(['LINEARIZABLE', 'STALE', 'LEASED']);

/** Answers a read. `read` looks at this node's state, in one go, and says in its header whether that may be stale. */
export function answerRead<
  Request extends { readonly consistency?: ReadConsistency__Output | number },
  Response,
  RequestOut extends Request,
  ResponseOut extends Response,
>(
  modules: ServiceModules,
  context: CallContext,
  method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
  request: RequestOut,
  read: (isStale: boolean) => Response,
): Promise<Response> | Response {
  const { node, clock, routing } = modules;
  const { consistency } = request;
  // One of a newer version arrives as its number.
  if (typeof consistency !== 'string' || !KNOWN.has(consistency)) {
    throw invalid('consistency', 'expected LINEARIZABLE, STALE or LEASED');
  }
  if (consistency === 'STALE') {
    checkHasState(node.outline());
    return read(true);
  }
  const fresh = (): Response => read(false);
  const linearizable = (): Promise<Response> =>
    readLinearizable(node, clock, context.deadlineMs, fresh);
  const leased = async (): Promise<Response> => readLeased(node, fresh)?.value ?? linearizable();
  return routing.toLeader(context, method, {
    isWrite: false,
    request,
    here: consistency === 'LEASED' ? leased : linearizable,
  });
}
