// Asks every other member the same about itself, all at once and within a bound: what one answers for whom nobody else can speak. Whoever does
// not answer in time is missing. Whether an answer comes from the member that was meant is checked by its ids.

import type { MethodDefinition } from '@grpc/proto-loader';
import { QuorateError } from '../errors.js';
import type { NodeStatus } from '../node/api.js';
import type { Member, NodeId } from '../raft/types.js';
import { metadataFor } from './call-context.js';
import type { CallContext } from './call-context.js';
import type { ServiceModules } from './modules.js';

/** How long all of them may take together, in milliseconds, and about half an election timeout between. */
export const FAN_OUT_LIMITS = { minMs: 100, maxMs: 500 } as const;

/** What is asked, and whether an answer is of the member that was meant: an advertised loopback address reaches whoever listens there. */
interface Question<Request, Response, ResponseOut extends Response> {
  readonly method: MethodDefinition<Request, Response, Request, ResponseOut>;
  readonly request: Request;
  readonly isOf: (answer: ResponseOut, member: Member, now: NodeStatus) => boolean;
}

/** The answers by member; those that did not answer are missing. */
export async function askOthers<Request, Response, ResponseOut extends Response>(
  modules: ServiceModules,
  context: CallContext,
  question: Question<Request, Response, ResponseOut>,
): Promise<Map<NodeId, ResponseOut>> {
  const { node, clock } = modules;
  const now = node.status();
  const halfMs = (now.cluster?.electionTimeoutMs ?? 1000) / 2;
  const limitMs = Math.min(Math.max(halfMs, FAN_OUT_LIMITS.minMs), FAN_OUT_LIMITS.maxMs);
  const timeoutMs = Math.max(1, Math.min(limitMs, context.deadlineMs - clock.nowMs()));
  const others = now.configuration.members.filter(({ id }) => id !== now.nodeId);
  const answers = await Promise.all(
    others.map(async (member): Promise<[NodeId, ResponseOut][]> => {
      const answer = await askOne(modules, context, question, { now, member, timeoutMs });
      return answer === null ? [] : [[member.id, answer]];
    }),
  );
  return new Map(answers.flat());
}

async function askOne<Request, Response, ResponseOut extends Response>(
  { links }: ServiceModules,
  context: CallContext,
  { method, request, isOf }: Question<Request, Response, ResponseOut>,
  to: { readonly now: NodeStatus; readonly member: Member; readonly timeoutMs: number },
): Promise<ResponseOut | null> {
  const { now, member, timeoutMs } = to;
  try {
    const metadata = metadataFor(context, now.nodeId, false);
    const how = { metadata, timeoutMs, isWrite: false };
    const answer = await links.ask(member.api, method, request, how);
    return isOf(answer, member, now) ? answer : null;
  } catch (error) {
    if (error instanceof QuorateError) return null;
    throw error;
  }
}
