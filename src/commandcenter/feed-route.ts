// GET /commandcenter/feed: opens a feed, greets it, and goes on with the events where the page left off, here or at another member.
// Who may look is whoever may ask the API how the cluster stands.

import { CLUSTER } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import { refusal, streamed } from '../http/answer.js';
import { BadRequest, numberIn } from '../http/query.js';
import type { Route, RouteRequest } from '../http/routes.js';
import type { EventTail } from './event-tail.js';
import type { ClusterMessage } from './feed.js';
import { messageText } from './feeds.js';
import type { Feeds } from './feeds.js';
import type { Ground } from './ground.js';
import { sharedWith } from './guard.js';

interface FeedGround {
  readonly feeds: Feeds;
  readonly events: EventTail;
  /** The first messages, for whoever is logged in. */
  readonly greet: (user: string | null) => readonly string[];
  /** Null: nothing is known yet. */
  readonly standing: () => ClusterMessage | null;
}

/** The route of the feed. */
export function feedRoute(
  { service, desk, members }: Ground,
  { feeds, events, greet, standing }: FeedGround,
): Route {
  return {
    parameters: ['after', 'cluster'],
    isUnlisted: true,
    answer(request) {
      const user = desk.userOf(request);
      checkRight(service.authorise, user);
      const after = afterOf(request, service.node.outline().cluster?.clusterId ?? null);
      const shared = sharedWith(request, members());
      const whyNot = feeds.whyNot();
      if (whyNot !== null) {
        const hint = 'Ask another member, or wait a moment and ask again.';
        return refusal(503, whyNot, hint, { ...shared, 'Retry-After': '2' });
      }
      return streamed('text/event-stream; charset=utf-8', shared, (out) => {
        const first = events.begin(after);
        const feed = feeds.open(out, first.revision);
        for (const text of greet(user)) feed.tell(text);
        const now = standing();
        if (now !== null) feed.tell(messageText('cluster', now));
        feed.tell(first.text);
      });
    },
  };
}

function checkRight(authorise: Ground['service']['authorise'], user: string | null): void {
  const { path } = CLUSTER.Status;
  if (authorise(user === null ? null : { name: user }, path)) return;
  throw new QuorateError('PERMISSION_DENIED', `${user ?? 'this caller'} may not use ${path}`);
}

/** The revision after which the page goes on; null: it has seen nothing of this cluster. */
function afterOf({ query, headers }: RouteRequest, clusterId: string | null): number | null {
  const asked = numberIn(query, 'after', Number.MAX_SAFE_INTEGER);
  const of = query.get('cluster');
  // A browser that comes again by itself asks with what it was told last, and with the query of before.
  const last = headers['last-event-id'];
  const isText = typeof last === 'string' && last !== '';
  if (isText && !/^\d{1,16}$/.test(last)) {
    throw new BadRequest('Last-Event-ID: expected a revision', 'Give the id of the last message.');
  }
  if (of !== undefined && of !== clusterId) return null;
  return isText ? Number(last) : asked;
}
