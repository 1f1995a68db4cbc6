// Cluster.Watch: the request is checked, the watch is opened at this node's hub, and what the hub sends becomes messages of
// the stream, as fast as the caller reads. What is told when stands in src/watch.

import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { QuorateError } from '../errors.js';
import type { Fact as FactName } from '../generated/quorate/v1/Fact.js';
import type { WatchFilter__Output } from '../generated/quorate/v1/WatchFilter.js';
import type { WatchRequest__Output } from '../generated/quorate/v1/WatchRequest.js';
import type { WatchResponse } from '../generated/quorate/v1/WatchResponse.js';
import type { LogIndex } from '../raft/types.js';
import type { Fact } from '../state-machine/changes.js';
import { EVERYTHING } from '../watch/filter.js';
import type { WatchFilter } from '../watch/filter.js';
import { WATCH_LIMITS } from '../watch/messages.js';
import type { WatchMessage, WatchWish } from '../watch/messages.js';
import { checkHasState } from './modules.js';
import type { ServiceModules } from './modules.js';
import { whyUnable } from './routing.js';
import { streaming } from './streams.js';
import { checkNumber, checkText, invalid, tooLarge } from './validate.js';
import { encodeOnce, responseOf } from './watch-messages.js';
import type { Encoded } from './watch-messages.js';

const METHOD = '/quorate.v1.Cluster/Watch';
/** Of a key or prefix; as long as the longest key of any fact. */
const KEY_BYTES_MAX = 1024;

const FACT_OF: Readonly<Partial<Record<FactName & string, Fact>>> = {
  FACT_SESSION: 'session',
  FACT_STORE: 'store',
  FACT_MEMBER: 'member',
  FACT_PRIMARY: 'primary',
  FACT_EVENT: 'event',
  FACT_LOCK: 'lock',
  FACT_JOB: 'job',
  FACT_POLICY: 'policy',
  FACT_SERVICE: 'service',
};

type Stream = ServerWritableStream<WatchRequest__Output, WatchResponse | Encoded>;

/** The handler of Cluster.Watch; its messages are put on the wire by `serializeWatch`. */
export function watchHandler(
  modules: ServiceModules,
): handleServerStreamingCall<WatchRequest__Output, WatchResponse | Encoded> {
  return streaming(modules, METHOD, (stream: Stream) => watch(modules, stream));
}

/** Tells until the caller goes away; fails with why the watch ended. */
async function watch(modules: ServiceModules, stream: Stream): Promise<void> {
  const { node, watches } = modules;
  const wish = wishOf(stream.request);
  const status = node.status();
  const unable = whyUnable(status);
  if (unable !== null) throw unable;
  checkHasState(status);
  const clusterId = status.cluster?.clusterId ?? '';
  checkCluster(stream.request.clusterId, clusterId);
  let isFirst = true;
  const send = (message: WatchMessage): boolean => {
    if (!isFirst) return stream.write(encodeOnce(modules, message));
    isFirst = false;
    return stream.write({ ...responseOf(modules, message), clusterId });
  };
  await new Promise<void>((resolve, reject) => {
    const watcher = watches.open(wish, { send, end: reject });
    stream.on('drain', () => watches.drained(watcher));
    stream.once('cancelled', () => {
      watches.close(watcher);
      resolve();
    });
  });
}

function checkCluster(asked: string, clusterId: string): void {
  if (asked === '' || asked === clusterId) return;
  throw new QuorateError('OTHER_CLUSTER', `this node belongs to cluster ${clusterId}`, {
    clusterId,
  });
}

function wishOf(request: WatchRequest__Output): WatchWish {
  const { filters, afterRevision, withState, bookmarkMs } = request;
  const { filtersMax, bookmarkMinMs, bookmarkMaxMs, bookmarkDefaultMs } = WATCH_LIMITS;
  if (filters.length > filtersMax) throw tooLarge('filters', filters.length, filtersMax, 'filters');
  if (afterRevision !== undefined) {
    checkNumber('after_revision', afterRevision, 0, Number.MAX_SAFE_INTEGER);
  }
  if (bookmarkMs !== 0) checkNumber('bookmark_ms', bookmarkMs, bookmarkMinMs, bookmarkMaxMs);
  return {
    filters: filters.length === 0 ? EVERYTHING : filters.map(filterOf),
    after: (afterRevision ?? null) as LogIndex | null,
    withState,
    bookmarkMs: bookmarkMs === 0 ? bookmarkDefaultMs : bookmarkMs,
  };
}

function filterOf({ fact: name, key, prefix }: WatchFilter__Output): WatchFilter {
  const fact = FACT_OF[name];
  if (fact === undefined) throw invalid('filters', `expected a kind of fact, got ${name}`);
  const text = key ?? prefix ?? '';
  checkText('filters', text, 0, KEY_BYTES_MAX);
  return { fact, by: key === undefined ? 'prefix' : 'key', key: text };
}
