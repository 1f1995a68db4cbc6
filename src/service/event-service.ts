// Cluster.Events: what happened and why, oldest first, in pages, of all kinds or some; linearizable unless a stale answer is asked for.
// Events of one revision always come together, so a page may be a little longer than asked for.

import type { Event } from '../generated/quorate/v1/Event.js';
import type { EventsRequest__Output } from '../generated/quorate/v1/EventsRequest.js';
import type { EventsResponse } from '../generated/quorate/v1/EventsResponse.js';
import type { LogIndex } from '../raft/types.js';
import type { CallContext } from './call-context.js';
import { checkHasState, headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { readLinearizable } from './node-calls.js';
import { CLUSTER } from '../client/protos.js';
import { EVENT_KINDS } from '../state-machine/events.js';
import type { ClusterEvent, EventKind } from '../state-machine/events.js';
import { checkNumber, invalid, pageLimit } from './validate.js';

/** Answers Cluster.Events. */
export async function events(
  modules: ServiceModules,
  request: EventsRequest__Output,
  context: CallContext,
): Promise<EventsResponse> {
  checkNumber('after_revision', request.afterRevision, 0, Number.MAX_SAFE_INTEGER);
  const countMax = pageLimit(request.limit);
  const kinds = request.kinds.map(kindOf);
  const { node, clock } = modules;
  const page = (isStale: boolean): EventsResponse => ({
    header: headerFor(modules, { isStale }),
    events: node.state
      .eventsAfter(request.afterRevision as LogIndex, countMax, kinds)
      .map(eventMessage),
  });
  if (request.stale) {
    checkHasState(node.outline());
    return page(true);
  }
  return modules.routing.toLeader(context, CLUSTER.Events, {
    isWrite: false,
    request,
    here: () => readLinearizable(node, clock, context.deadlineMs, () => page(false)),
  });
}

/** An event as the API tells it. */
export function eventMessage({ requestId, ...event }: ClusterEvent): Event {
  return { ...event, ...(requestId === null ? {} : { requestId }) };
}

function kindOf(text: string): EventKind {
  const kind = EVENT_KINDS.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw invalid('kinds', `expected any of ${EVENT_KINDS.join(', ')}; got ${JSON.stringify(text)}`);
}
