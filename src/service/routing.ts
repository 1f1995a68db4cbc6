// Brings a request to the leader: carries it out here, forwards it, or waits until somebody leads. A request that was
// refused before it was appended is tried again until its deadline; one that may have happened only if a client session
// covers it, since its repetition then gets the first answer. When the deadline comes without a leader the answer is NO_QUORUM and says why. Nothing here knows a method.

import type { MethodDefinition } from '@grpc/proto-loader';
import { QuorateError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import type { NodeApi, NodeOutline } from '../node/api.js';
import type { ClockPort } from '../node/ports.js';
import { CALL_LIMITS, metadataFor } from './call-context.js';
import type { CallContext } from './call-context.js';
import type { NodeLinks } from '../client/node-links.js';
import { afterDoubt, isOfState, isOvertaken } from '../client/retry.js';
import { ON_STREAM } from '../client/lane.js';
import type { Place } from '../client/lane.js';
import type { NodeId } from '../raft/types.js';
import { backOffMs, LeaderChanges, sightOf } from './leader-changes.js';
import { leaderData, memberById, refusalError } from './status-map.js';

/** How often a waiting request looks whether somebody leads. */
const POLL_MS = 20;
/** While a node does not know the cluster's. */
const ELECTION_TIMEOUT_MS = 1000;

/** How the newest attempt ended, how many were made while the node was seen as it is, and that. */
type Attempts = [QuorateError | null, number, string];

/** Refusals of this node that another leader, or the same one a moment later, may not repeat. */
const TRY_AGAIN_HERE: ReadonlySet<ErrorCode> = new Set(['NOT_LEADER', 'HANDING_OVER', 'NO_QUORUM']);

/** The same for a node that the request was forwarded to: it may also be on its way out. */
const TRY_AGAIN_THERE: ReadonlySet<ErrorCode> = new Set([
  'NOT_LEADER',
  'HANDING_OVER',
  'NO_QUORUM',
  'STOPPING',
  'UNREACHABLE',
  // Too little time was left to connect; nothing was sent.
  'DEADLINE_EXCEEDED',
  'DEGRADED',
  'REMOVED',
  'CLEAN_NODE',
]);

export interface Route<Request, Response> {
  /** It may not be repeated once it may have happened, unless it is covered. */
  readonly isWrite: boolean;
  /** A client session covers it. Default false. */
  readonly isCovered?: boolean;
  /** The request as the leader shall see it. */
  readonly request: Request;
  /** Carries it out on this node, which leads at this moment. It fails by its promise, and throws nothing. */
  readonly here: () => Promise<Response>;
  /** Default: the context's. */
  readonly deadlineMs?: number;
}

/** An attempt that this node made at once, since it led. */
interface Begun<Response> {
  readonly status: NodeOutline;
  readonly answer: Promise<Response>;
}

export class Routing {
  readonly #node: NodeApi;
  readonly #clock: ClockPort;
  readonly #links: NodeLinks;
  readonly #changes: LeaderChanges;
  readonly #random: () => number;
  #waiting: (() => void)[] = [];

  /** `random` answers a number in [0, 1). */
  constructor(node: NodeApi, clock: ClockPort, links: NodeLinks, random: () => number) {
    this.#node = node;
    this.#clock = clock;
    this.#links = links;
    this.#changes = new LeaderChanges(node, clock);
    this.#random = random;
  }

  /** Has the request carried out by the leader. Fails with the leader's refusal, or with NO_QUORUM at the deadline. */
  toLeader<Request, Response, RequestOut extends Request, ResponseOut extends Response>(
    context: CallContext,
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    route: Route<Request, Response>,
  ): Promise<Response> {
    const deadlineMs = route.deadlineMs ?? context.deadlineMs;
    if (route.isWrite) context.trace?.writes(context.requestId);
    const bring = (begun: Begun<Response> | null): Promise<Response> => {
      const doubts: QuorateError[] = [];
      const tried = this.#tried(context, method, route, deadlineMs, doubts, begun);
      // Nothing else is repeated where there is doubt.
      return route.isCovered === true ? orDoubt(tried, doubts) : tried;
    };
    const status = this.#node.outline();
    const place = context.streamed?.place ?? null;
    const isHere = status.role === 'leader' && whyUnable(status) === null;
    const mayGoAtOnce = place === null || (place.mayGo() && place.mayGoTo(whereOf(status)));
    if (!isHere || !mayGoAtOnce) return bring(null);
    // As nearly all are, without what is only needed to try again.
    const answer = carriedOut(route, place, status);
    return answer.catch(() => bring({ status, answer }));
  }

  /** Waits until `check` answers something or the deadline comes, which answers null. */
  async until<T>(deadlineMs: number, check: () => T | null): Promise<T | null> {
    for (;;) {
      const found = check();
      if (found !== null || this.#clock.nowMs() >= deadlineMs) return found;
      await this.pause();
    }
  }

  /** A moment; all that wait share one timer. */
  pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length > 1) return;
      setTimeout(() => {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const wake of waiting) wake();
      }, POLL_MS);
    });
  }

  /** Notes in `doubts` each attempt that may have happened and is repeated nonetheless. `begun`: the first attempt, made already. */
  async #tried<Request, Response, RequestOut extends Request, ResponseOut extends Response>(
    context: CallContext,
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    route: Route<Request, Response>,
    deadlineMs: number,
    doubts: QuorateError[],
    begun: Begun<Response> | null,
  ): Promise<Response> {
    const place = context.streamed?.place ?? null;
    for (let [last, attempt, sight]: Attempts = [null, 0, '']; ; begun = null) {
      while (begun === null && place?.mayGo() === false) await place.turn();
      const status = begun?.status ?? this.#node.outline();
      const unable = whyUnable(status);
      if (unable !== null) throw unable;
      const isHere = status.role === 'leader';
      // Who leads now was not asked yet.
      if (sight !== sightOf(status)) attempt = 0;
      sight = sightOf(status);
      let isTried = false;
      const hasLeader = isHere || this.#leaderApi(status) !== null;
      if (begun !== null || (hasLeader && mayGo(place, status))) {
        isTried = true;
        attempt += 1;
        try {
          if (isHere) return await (begun?.answer ?? carriedOut(route, place, status));
          return await this.#forward(context, method, route, status, deadlineMs);
        } catch (error) {
          const isDoubtful = route.isCovered === true && isIndeterminate(error);
          if (place !== null && error instanceof QuorateError) {
            if (!isDoubtful && isOfState(error)) place.pass(error.outcome === 'indeterminate');
            place.hold(error);
          }
          if (isDoubtful) doubts.push(error);
          last = isDoubtful ? error : whyTryAgain(error, isHere, context);
        }
      }
      // The node that forwarded it knows better whom to ask next than to let it wait here.
      if (context.forwards > 0 && this.#node.outline().leaderId === null) {
        throw refusalError({ reason: 'notLeader', leaderId: null }, status);
      }
      if (this.#clock.nowMs() >= deadlineMs) throw noQuorum(this.#node.outline(), last);
      // A stream is slowed down by the pause alone.
      const isWorthBackingOff = isTried && last?.code !== 'OVERLOADED';
      if (isWorthBackingOff) await this.#beforeNext(attempt, status, deadlineMs);
      else await this.pause();
    }
  }

  /** Waits until somebody else leads, or until it is worth while to ask the same node again. */
  async #beforeNext(attempt: number, status: NodeOutline, deadlineMs: number): Promise<void> {
    const timeoutMs = status.cluster?.electionTimeoutMs ?? ELECTION_TIMEOUT_MS;
    const untilMs = this.#clock.nowMs() + backOffMs(attempt, timeoutMs, this.#random());
    await this.#changes.after(sightOf(status), Math.min(untilMs, deadlineMs)).seen;
  }

  async #forward<Request, Response, RequestOut extends Request, ResponseOut extends Response>(
    context: CallContext,
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    route: Route<Request, Response>,
    status: NodeOutline,
    deadlineMs: number,
  ): Promise<Response> {
    const { leaderId, nodeId } = status;
    if (!context.mayForward) throw refusalError({ reason: 'notLeader', leaderId }, status);
    const address = this.#leaderApi(status) ?? '';
    const remainingMs = deadlineMs - this.#clock.nowMs();
    // A leader that fell silent costs a read one bounded attempt; a write must wait for what became of it.
    const attemptMs = route.isWrite ? remainingMs : Math.min(remainingMs, attemptMsFor(status));
    // Half of the margin is enough to pass the leader's answer on.
    const timeoutMs = Math.max(1, attemptMs + CALL_LIMITS.marginMs / 2);
    const { isWrite, isCovered = false } = route;
    if (context.streamed !== null) {
      const { place, forward } = context.streamed;
      const options = { timeoutMs, isWrite, isCovered };
      return forward(address, method.path, route.request, place, options);
    }
    const hop = context.trace?.forwards(address) ?? null;
    const metadata = metadataFor(context, nodeId, true, hop);
    const options = { metadata, timeoutMs, isWrite };
    const asked = this.#links.ask(address, method, route.request, options);
    if (hop !== null) {
      asked.then(
        () => hop.ended(null),
        (failure: unknown) => hop.ended(failure),
      );
    }
    return route.isCovered === true ? this.#whileItLeads(leaderId, asked, deadlineMs) : asked;
  }

  /** The answer, or INDETERMINATE as soon as this node hears of another leader: what it asked may never answer. */
  async #whileItLeads<T>(leader: NodeId | null, asked: Promise<T>, deadlineMs: number): Promise<T> {
    const { seen, forget } = this.#deposed(leader, deadlineMs);
    try {
      return await Promise.race([
        asked,
        seen.then((isOver) => {
          // At the deadline the attempt itself ends, and says why.
          if (!isOver) return asked;
          throw new QuorateError('INDETERMINATE', 'the leader that was asked lost its office');
        }),
      ]);
    } finally {
      forget();
    }
  }

  /** Whether somebody else leads, as soon as that is so; false: not before the deadline, or nobody wants to know any more. */
  #deposed(leader: NodeId | null, deadlineMs: number) {
    let isForgotten = false;
    let forget = (): void => undefined;
    const look = async (): Promise<boolean> => {
      for (;;) {
        const status = this.#node.outline();
        if (isForgotten || status.leaderId !== leader) return !isForgotten;
        if (this.#clock.nowMs() >= deadlineMs) return false;
        const change = this.#changes.after(sightOf(status), deadlineMs);
        forget = change.forget;
        await change.seen;
      }
    };
    const end = (): void => {
      isForgotten = true;
      forget();
    };
    return { seen: look(), forget: end };
  }

  #leaderApi(status: NodeOutline): string | null {
    if (status.leaderId === status.nodeId) return null;
    return memberById(status, status.leaderId)?.api ?? null;
  }
}

async function orDoubt<T>(tried: Promise<T>, doubts: readonly QuorateError[]): Promise<T> {
  try {
    return await tried;
  } catch (error) {
    const [doubt] = doubts;
    if (doubt === undefined || !(error instanceof QuorateError)) throw error;
    throw afterDoubt(error, doubt);
  }
}

/** Why this node can bring no request to a leader, for good; null: it can. */
export function whyUnable(status: NodeOutline): QuorateError | null {
  switch (status.condition) {
    case 'clean':
    case 'degraded':
    case 'removed':
      return refusalError({ reason: status.condition }, status);
    case 'member':
      return null;
  }
}

/**
 * Whether an operation of a stream may be tried now, where that node leads or not. What stands in the log of a leader that was deposed
 * could come after what the next one is asked for: it has to end first, or is let go and comes first there.
 */
function mayGo(place: Place | null, status: NodeOutline): boolean {
  const where = whereOf(status);
  if (place === null || place.mayGoTo(where)) return true;
  place.letGoElsewhere(where);
  return false;
}

/** Where the lane says that an operation is tried: here as the leader of a term, or forwarded. */
function whereOf({ role, term }: NodeOutline): number {
  return role === 'leader' ? term : ON_STREAM;
}

/** Has this node, which leads, carry out the request. What is covered can be let go. */
function carriedOut<Request, Response>(
  { here, isCovered }: Route<Request, Response>,
  place: Place | null,
  status: NodeOutline,
): Promise<Response> {
  if (place === null) return here();
  const passed = (answer: Response): Response => {
    place.pass();
    return answer;
  };
  if (isCovered !== true) {
    place.go(whereOf(status));
    return here().then(passed);
  }
  return new Promise((resolve, reject) => {
    const letGo = (): void => {
      reject(new QuorateError('INDETERMINATE', 'this node lost its office'));
    };
    place.go(whereOf(status), letGo);
    here().then((answer) => resolve(passed(answer)), reject);
  });
}

function isIndeterminate(error: unknown): error is QuorateError {
  return error instanceof QuorateError && error.code === 'INDETERMINATE' && !isOvertaken(error);
}

/** The error, if the request may be tried again; else throws it. */
function whyTryAgain(
  error: unknown,
  isOwn: boolean,
  { streamed, mayForward }: CallContext,
): QuorateError {
  if (!(error instanceof QuorateError) || isOvertaken(error)) throw error;
  // A stream is slowed down, and a write of it comes before those behind it, where a call ends at once.
  const isForStream = error.code === 'OVERLOADED' || error.code === 'OVERWRITTEN';
  if (streamed !== null && isForStream) return error;
  if (error.outcome !== 'refused') throw error;
  if (!(isOwn ? TRY_AGAIN_HERE : TRY_AGAIN_THERE).has(error.code)) throw error;
  // The caller asked for the address, or will itself try again.
  if (error.code === 'NOT_LEADER' && !mayForward) throw error;
  return error;
}

/** Longer than an election, so that a slow but living leader is waited for. */
function attemptMsFor(status: NodeOutline): number {
  return 2 * (status.cluster?.electionTimeoutMs ?? ELECTION_TIMEOUT_MS);
}

function noQuorum(status: NodeOutline, last: QuorateError | null): QuorateError {
  if (last?.code === 'OVERLOADED') return last;
  const data = leaderData(status);
  const leader = memberById(status, status.leaderId);
  if (leader === null || last === null) {
    const why = status.role === 'candidate' ? '; this node asks for votes and gets too few' : '';
    return new QuorateError('NO_QUORUM', `no leader is known${why}`, data, { cause: last });
  }
  const message =
    last.code === 'NOT_LEADER'
      ? `no leader is known; ${leader.name}, the last one, does not lead any more`
      : last.code === 'UNREACHABLE'
        ? `the leader ${leader.name} cannot be reached`
        : `the leader ${leader.name} did not serve the request: ${last.message}`;
  return new QuorateError('NO_QUORUM', message, data, { cause: last });
}
