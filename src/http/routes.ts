// The paths of the HTTP port as a table: what each takes and how it is answered. Everything but the cluster's view is
// answered at once from this node's own knowledge, with a clock read for that answer; the view asks the leader.

import type { IncomingHttpHeaders } from 'node:http';
import { isConfirmed } from '../client/cluster-view.js';
import type { ClusterView } from '../client/cluster-view.js';
import type { NodeApi, NodeStatus } from '../node/api.js';
import { EPOCH_MAX, isCurrentEpoch } from '../node/epoch.js';
import { ownState } from '../node/own-state.js';
import { json, refusal, text } from './answer.js';
import type { Answer, StreamedAnswer } from './answer.js';
import {
  whyNotHealthy,
  whyNotPrimary,
  whyNotReadable,
  whyNotReady,
  whyNotStandby,
} from '../node/health.js';
import type { Health, WhyNot } from '../node/health.js';
import type { HttpLimits } from './limits.js';
import { numberIn } from './query.js';
import type { Query } from './query.js';

/** What the routes need of the daemon. */
export interface RouteModules {
  /** `status` reads the clock anew at each call. */
  readonly node: NodeApi;
  /** As configured; a member has the name that it joined with. */
  readonly name: string;
  readonly version: string;
  readonly isStopping: () => boolean;
  /** What the configuration file says otherwise than the cluster; absent: nothing. */
  readonly differs?: () => readonly string[];
  /** The cluster by Cluster.Status, for a caller at `ADDRESS:PORT`; rejects with a QuorateError. */
  readonly viewCluster: (peer: string, timeoutMs: number) => Promise<ClusterView>;
  /** All figures in the text format of Prometheus, and its media type. */
  readonly figures: () => Promise<{ readonly type: string; readonly text: string }>;
}

/** A request whose path, method and query are known to fit. */
export interface RouteRequest {
  readonly query: Query;
  /** `ADDRESS:PORT` of the caller. */
  readonly peer: string;
  /** As node:http reads them: names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Empty unless the route takes one. */
  readonly body: Buffer;
  /** It came by https. */
  readonly isTls: boolean;
}

export interface Route {
  /** Names that its query may have. */
  readonly parameters: readonly string[];
  /** It is asked by POST, with a body of at most so many bytes, and by nothing else. Absent: by GET and HEAD. */
  readonly bodyBytesMax?: number;
  /** What a browser needs, rather than whoever looks for a path, is not told of where there is nothing. */
  readonly isUnlisted?: boolean;
  /**
   * Answers GET or POST; HEAD is GET without the body. An answer that is not a promise is sent in the same turn, so that
   * it is as fresh as the clock reading behind it. May throw BadRequest or QuorateError.
   */
  readonly answer: (
    request: RouteRequest,
  ) => Answer | StreamedAnswer | Promise<Answer | StreamedAnswer>;
}

/** By path. */
export type Routes = ReadonlyMap<string, Route>;

/** The routes of a daemon. */
export function routesFor(modules: RouteModules, limits: HttpLimits): Routes {
  const judged = (whyNot: (health: Health) => WhyNot): Route => ({
    parameters: [],
    answer: () => judge(modules, whyNot),
  });
  return new Map<string, Route>([
    ['/livez', judged(() => null)],
    ['/readyz', judged(whyNotReady)],
    ['/health', judged(whyNotHealthy)],
    ['/primary', { parameters: ['epoch'], answer: ({ query }) => primary(modules, query) }],
    ['/standby', judged(whyNotStandby)],
    ['/read-only', { parameters: ['lag'], answer: ({ query }) => readOnly(modules, query) }],
    ['/v1/cluster', clusterRoute(modules, limits)],
    ['/metrics', metricsRoute(modules)],
  ]);
}

function judge(modules: RouteModules, whyNot: (health: Health) => WhyNot): Answer {
  const health = healthOf(modules);
  return told(modules, health, whyNot(health));
}

function readOnly(modules: RouteModules, query: Query): Answer {
  const lagMax = numberIn(query, 'lag', Number.MAX_SAFE_INTEGER);
  return judge(modules, (health) => whyNotReadable(health, lagMax));
}

/**
 * 200 only while this node is primary. The body is made first and the clock read again after it, so that nothing that
 * takes time stands between the last reading and the answer. `?epoch=N` follows the rule of Cluster.CheckEpoch.
 */
function primary(modules: RouteModules, query: Query): Answer {
  const asked = numberIn(query, 'epoch', EPOCH_MAX);
  const health = healthOf(modules);
  const { status } = health;
  const whyNot = whyNotPrimary(health, primaryName(modules.node, status));
  if (whyNot !== null) return told(modules, health, whyNot);
  const isMeant = asked === null || isCurrentEpoch(status, asked);
  const answer = isMeant
    ? told(modules, health, null)
    : told(modules, health, `the epoch is ${status.epoch}, not ${asked}`, 409);
  const last = healthOf(modules);
  const isStillSo = last.state === 'PRIMARY' && isCurrentEpoch(last.status, status.epoch);
  return isStillSo ? answer : told(modules, last, 'the lease of this node has just ended');
}

function clusterRoute({ viewCluster }: RouteModules, limits: HttpLimits): Route {
  let inProgress = 0;
  return {
    parameters: [],
    async answer({ peer }) {
      if (inProgress >= limits.clusterViewsMax) {
        const hint = 'Wait a moment and ask again.';
        return refusal(503, 'too many callers look at the cluster now', hint);
      }
      inProgress += 1;
      try {
        const view = await viewCluster(peer, limits.clusterViewMs);
        return json(isConfirmed(view) ? 200 : 503, view);
      } finally {
        inProgress -= 1;
      }
    },
  };
}

/** Scrapes that come while one is made share it: a hundred of them cost as much as one. */
function metricsRoute({ figures }: RouteModules): Route {
  let running: Promise<Answer> | null = null;
  return {
    parameters: [],
    answer: () => {
      running ??= figures()
        .then(({ type, text: all }) => text(200, type, all))
        .finally(() => {
          running = null;
        });
      return running;
    },
  };
}

function healthOf({ node, isStopping }: RouteModules): Health {
  const status = node.status();
  return { status, state: ownState(status), isStopping: isStopping() };
}

/** The same object whatever was asked, with the reason if the answer is no. */
function told(
  { node, name, version, differs: fileDiffers }: RouteModules,
  { status, state }: Health,
  whyNot: WhyNot,
  codeIfNot = 503,
): Answer {
  const { cluster, leaderId, epoch, lagEntries, stalenessMs } = status;
  const differs = fileDiffers?.() ?? [];
  return json(whyNot === null ? 200 : codeIfNot, {
    node: cluster?.nodeName ?? name,
    cluster: cluster?.clusterName ?? null,
    state,
    primary: primaryName(node, status),
    leader: status.configuration.members.find(({ id }) => id === leaderId)?.name ?? null,
    epoch,
    lagEntries,
    stalenessMs,
    version,
    ...(whyNot === null ? {} : { why: whyNot }),
    ...(differs.length === 0 ? {} : { differs }),
  });
}

/** Who is primary as far as this node can tell; null: nobody, or nobody that it hears of. */
function primaryName(node: NodeApi, status: NodeStatus): string | null {
  if (status.isPrimary) return status.cluster?.nodeName ?? null;
  const reign = node.state.primary;
  const { leaderId, nodeId, lagEntries } = status;
  if (reign === null || reign.nodeId !== leaderId || reign.nodeId === nodeId) return null;
  return lagEntries === null ? null : node.state.memberName(reign.nodeId);
}
