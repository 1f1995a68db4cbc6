// grpc.health.v1: what clients and balancers that speak gRPC ask of one node, by the very rules of the HTTP port
// (node/health.ts). Watchers are told of changes by a look at the node every `lookMs`, as long as there are any; what a slow
// one has not read is left out, and it gets the newest.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { QuorateError } from '../errors.js';
import type { HealthHandlers } from '../generated/grpc/health/v1/Health.js';
import type { HealthCheckRequest__Output } from '../generated/grpc/health/v1/HealthCheckRequest.js';
import type { HealthCheckResponse } from '../generated/grpc/health/v1/HealthCheckResponse.js';
import { whyNotReady } from '../node/health.js';
import { ownState } from '../node/own-state.js';
import type { ServiceModules } from './modules.js';
import { streaming } from './streams.js';
import { unary } from './unary.js';

export const HEALTH_LIMITS = {
  /** Between two looks at the node while somebody watches. */
  lookMs: 100,
  /** Watches of one daemon. */
  watchesMax: 1000,
} as const;

const CLUSTER_NAME = 'quorate.v1.Cluster';
/** Services that need a leader: what asks one of them is served where `/readyz` says yes. Empty: the daemon as a whole. */
const READY_NAMES = ['', 'quorate.v1.Sessions', 'quorate.v1.Store', 'quorate.v1.ClientSessions'];
const NAMES = [...READY_NAMES, CLUSTER_NAME];

type Serving = 'SERVING' | 'NOT_SERVING';
type Told = Serving | 'SERVICE_UNKNOWN';
type WatchCall = ServerWritableStream<HealthCheckRequest__Output, HealthCheckResponse>;

interface Watch {
  readonly call: WatchCall;
  told: Told | null;
  readonly end: (error: QuorateError) => void;
}

export class HealthService {
  readonly #modules: ServiceModules;
  readonly #watches = new Set<Watch>();
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(modules: ServiceModules) {
    this.#modules = modules;
  }

  get handlers(): HealthHandlers {
    const path = (method: string): string => `/grpc.health.v1.Health/${method}`;
    const modules = this.#modules;
    return {
      Check: unary(modules, path('Check'), ({ service }: HealthCheckRequest__Output) =>
        Promise.resolve().then(() => this.#check(service)),
      ),
      List: unary(modules, path('List'), () => Promise.resolve({ statuses: this.#all() })),
      Watch: streaming(modules, path('Watch'), (call: WatchCall) => this.#watch(call)),
    };
  }

  /** Tells every watcher that nothing is served here any more, and ends its stream. */
  stop(): void {
    this.#isStopped = true;
    this.#look();
    const watches = [...this.#watches];
    for (const { end } of watches) end(stopping());
  }

  #check(service: string): HealthCheckResponse {
    const status = this.#told(service);
    if (status !== 'SERVICE_UNKNOWN') return { status };
    const known = NAMES.map((name) => JSON.stringify(name)).join(', ');
    const message = `no service ${JSON.stringify(service)} is served here`;
    const hint = `Ask about one of ${known}.`;
    throw new QuorateError('UNKNOWN_SERVICE', message, { service }, { hint });
  }

  #all(): Record<string, HealthCheckResponse> {
    return Object.fromEntries(NAMES.map((name) => [name, { status: this.#told(name) }]));
  }

  /** Lasts until the caller goes away or the daemon stops. */
  #watch(call: WatchCall): Promise<void> {
    if (this.#isStopped) throw stopping();
    if (this.#watches.size >= HEALTH_LIMITS.watchesMax) {
      throw new QuorateError('OVERLOADED', 'too many callers watch the health of this daemon');
    }
    return new Promise((resolve, reject) => {
      const watch: Watch = {
        call,
        told: null,
        end: (error) => {
          this.#forget(watch);
          reject(error);
        },
      };
      this.#watches.add(watch);
      call.once('cancelled', () => {
        this.#forget(watch);
        resolve();
      });
      this.#tell(watch);
      this.#timer ??= setInterval(() => this.#look(), HEALTH_LIMITS.lookMs);
    });
  }

  #forget(watch: Watch): void {
    this.#watches.delete(watch);
    if (this.#watches.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    for (const watch of this.#watches) this.#tell(watch);
  }

  #tell(watch: Watch): void {
    const { call } = watch;
    const status = this.#told(call.request.service);
    if (status === watch.told || call.writableNeedDrain) return;
    watch.told = status;
    call.write({ status });
  }

  #told(service: string): Told {
    const { node, isStopping } = this.#modules;
    const isEnding = this.#isStopped || isStopping();
    if (service === CLUSTER_NAME) return isEnding ? 'NOT_SERVING' : 'SERVING';
    if (!READY_NAMES.includes(service)) return 'SERVICE_UNKNOWN';
    const status = node.status();
    const whyNot = whyNotReady({ status, state: ownState(status), isStopping: isEnding });
    return whyNot === null ? 'SERVING' : 'NOT_SERVING';
  }
}

function stopping(): QuorateError {
  return new QuorateError('STOPPING', 'this node is stopping');
}
