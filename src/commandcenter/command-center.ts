// The server side of the Command Center on one node: its page, its feed, its facts, its login and its actions, as routes of the HTTP
// port. It looks and asks through the API's own handlers, so that rights, ways to the leader and traces are the same; what it keeps
// itself is a short history of figures, who is logged in, and where the members' pages are.

import { refusal } from '../http/answer.js';
import type { Answer } from '../http/answer.js';
import type { Route, RouteRequest, Routes } from '../http/routes.js';
import type { RecentWork } from '../metrics/metrics.js';
import type { ServiceModules } from '../service/modules.js';
import { nameOfOwn } from '../service/modules.js';
import { ClusterWatch } from './cluster-watch.js';
import { EventTail } from './event-tail.js';
import { actionRoutes } from './action-routes.js';
import { factRoutes } from './fact-routes.js';
import { FEED_PATH, BASE_PATH } from './feed.js';
import type { Hello } from './feed.js';
import { feedRoute } from './feed-route.js';
import { Feeds, messageText } from './feeds.js';
import type { CommandCenterLimits } from './limits.js';
import { Logins } from './logins.js';
import { LoginDesk } from './login-desk.js';
import { fileAnswer, INDEX, pageHeaders } from './page-files.js';
import type { PageFiles } from './page-files.js';
import { Sampler } from './sampler.js';
import { lookWide } from './wide-view.js';

export interface CommandCenterModules {
  readonly service: ServiceModules;
  /** What was measured since it was asked last; nobody else asks. */
  readonly recentWork: () => RecentWork;
  readonly page: PageFiles;
}

export interface CommandCenterOptions {
  /** Null: nobody can log in, and the page is read-only. */
  readonly password: string | null;
  /** Advertised address of this node's HTTP port, HOST:PORT. */
  readonly http: string;
  readonly isTls: boolean;
  readonly limits: CommandCenterLimits;
}

export class CommandCenter {
  readonly routes: Routes;
  readonly #modules: CommandCenterModules;
  readonly #options: CommandCenterOptions;
  readonly #feeds: Feeds;
  readonly #watch: ClusterWatch;
  readonly #sampler: Sampler;
  readonly #events: EventTail;
  readonly #desk: LoginDesk;
  readonly #timers: NodeJS.Timeout[];

  /** Begins to look and to sample; `stop` ends it. */
  constructor(modules: CommandCenterModules, options: CommandCenterOptions) {
    this.#modules = modules;
    this.#options = options;
    const { service, recentWork } = modules;
    const { password, http, isTls, limits } = options;
    const nowMs = (): number => performance.now();
    this.#feeds = new Feeds(limits);
    const { node, self } = service;
    this.#watch = new ClusterWatch(
      {
        node,
        name: self.name,
        http,
        isTls,
        nowMs,
        look: (isLocal, timeoutMs) => lookWide(service, isLocal, timeoutMs),
        onView: (message) => this.#feeds.tellAll(messageText('cluster', message)),
        onAddresses: (known) => this.#feeds.tellAll(messageText('members', { members: known })),
      },
      limits,
    );
    const wallMs = (): number => Date.now();
    this.#sampler = new Sampler({ service, recentWork, nowMs, wallMs }, limits.samplesMax);
    this.#events = new EventTail(node, limits.eventsMax);
    const logins = new Logins(password, nowMs, limits);
    this.#desk = new LoginDesk(logins, { http, isTls, nowMs, log: service.log });
    this.routes = this.#routes();
    this.#timers = [
      setInterval(() => this.#look(), limits.lookMs),
      setInterval(() => this.#sample(), limits.sampleMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /** Ends every feed and looks no more. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#feeds.end();
  }

  #look(): void {
    this.#watch.tick(this.#feeds.size > 0);
    for (const feed of this.#feeds) this.#events.tell(feed);
  }

  #sample(): void {
    const figures = this.#sampler.sample();
    if (this.#feeds.size > 0) this.#feeds.tellAll(messageText('figures', figures));
  }

  #routes(): Routes {
    const { service } = this.#modules;
    const { limits } = this.#options;
    const desk = this.#desk;
    const members = (): ReturnType<ClusterWatch['members']> => this.#watch.members();
    const ground = { service, desk, limits, members };
    return new Map<string, Route>([
      ...this.#pageRoutes(),
      [
        FEED_PATH,
        feedRoute(ground, {
          feeds: this.#feeds,
          events: this.#events,
          greet: (user) => [
            messageText('hello', this.#hello(user)),
            messageText('history', { figures: this.#sampler.history }),
          ],
          standing: () => this.#watch.message(),
        }),
      ],
      ...factRoutes(ground),
      ...actionRoutes(ground),
    ]);
  }

  #pageRoutes(): [string, Route][] {
    const { page } = this.#modules;
    const index = { answer: (request: RouteRequest) => this.#file(INDEX, request), parameters: [] };
    const files = [...page.keys()].map((name): [string, Route] => {
      const answer = (request: RouteRequest): Answer => this.#file(name, request);
      return [`${BASE_PATH}/${name}`, { parameters: [], isUnlisted: true, answer }];
    });
    return [[BASE_PATH, index], [`${BASE_PATH}/`, { ...index, isUnlisted: true }], ...files];
  }

  #file(name: string, request: RouteRequest): Answer {
    const file = this.#modules.page.get(name);
    const origins = this.#watch
      .members()
      .flatMap(({ origin }) => (origin === null ? [] : [origin]));
    if (file !== undefined) return fileAnswer(file, request, origins);
    const hint =
      'Build it with `npm run build`; until then `quorate mon-cluster --watch` shows the same.';
    return refusal(503, 'the page was not built', hint, pageHeaders(origins));
  }

  #hello(user: string | null): Hello {
    const { service } = this.#modules;
    const { node, self } = service;
    const outline = node.outline();
    return {
      node: nameOfOwn(service, outline),
      version: self.version,
      cluster: outline.cluster?.clusterName ?? null,
      clusterId: outline.cluster?.clusterId ?? null,
      isWitness: outline.cluster?.isWitness ?? self.witness,
      members: this.#watch.members(),
      login: this.#desk.state(user),
    };
  }
}
