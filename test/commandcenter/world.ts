// Command Centers for the tests: the real routes, feed, logins and facts on a real HTTP port of loopback, over nodes of the service's
// tests. Passwords and bounds are the test's own; what is asked is asked as a browser asks.
import { request } from 'node:http';
import { CommandCenter } from '../../src/commandcenter/command-center.js';
import { COMMAND_CENTER_LIMITS } from '../../src/commandcenter/limits.js';
import type { CommandCenterLimits } from '../../src/commandcenter/limits.js';
import type { PageFiles } from '../../src/commandcenter/page-files.js';
import { NodeLinks } from '../../src/client/node-links.js';
import { HttpServer } from '../../src/http/http-server.js';
import { meterNothing } from '../../src/metrics/meters.js';
import { Recent } from '../../src/metrics/recent.js';
import type { ServiceModules } from '../../src/service/modules.js';
import { Routing } from '../../src/service/routing.js';
import { startWatches } from '../../src/service/watches.js';
import { ask, eventually } from '../http/asking.js';
import type { Asked, AskOptions } from '../http/asking.js';
import { SILENT } from '../http/world.js';
import { IDLE } from '../service/harness.js';
import type { TestCluster, TestNode } from '../service/harness.js';
import { SELF } from '../service/words.js';

export const PASSWORD = 'correct horse battery';

interface CenterOptions {
  readonly password?: string | null;
  readonly limits?: Partial<CommandCenterLimits>;
  readonly authorise?: ServiceModules['authorise'];
  readonly processes?: ServiceModules['processes'];
}

const PAGE: PageFiles = new Map(
  [
    ['index.html', 'text/html; charset=utf-8', '<!doctype html>'],
    ['page.js', 'text/javascript; charset=utf-8', 'export {};'],
  ].map(([name = '', type = '', text = '']) => {
    return [name, { type, body: Buffer.from(text), etag: `"${name}"`, coded: new Map() }];
  }),
);

/** One node's Command Center on a port of its own; `stop` must be called. */
export class Center {
  readonly port: number;
  readonly stop: () => Promise<void>;

  private constructor(port: number, stop: () => Promise<void>) {
    this.port = port;
    this.stop = stop;
  }

  static async open(
    cluster: TestCluster,
    { id, node, api }: TestNode,
    {
      password = PASSWORD,
      limits = {},
      authorise = () => true,
      processes = null,
    }: CenterOptions = {},
  ): Promise<Center> {
    const { clock } = cluster;
    const links = new NodeLinks();
    const watches = startWatches(node, clock);
    const service: ServiceModules = {
      node,
      clock,
      log: SILENT,
      self: { ...SELF, name: `n${id}`, api },
      authorise,
      callerAt: null,
      usage: IDLE,
      processes,
      isStopping: () => false,
      links,
      routing: new Routing(node, clock, links, Math.random),
      watches: watches.hub,
      meterOf: meterNothing,
      onFatal: () => {},
    };
    const listen = { host: '127.0.0.1', port: 0 };
    const server = new HttpServer({ listen, tls: null, names: [] }, service);
    const port = await server.listen();
    const nothing = new Recent().take();
    const recentWork = () => ({
      commit: nothing,
      sync: nothing,
      writtenBytes: 0,
      leaderChanges: 1,
    });
    const http = `127.0.0.1:${port}`;
    const center = new CommandCenter(
      { service, recentWork, page: PAGE },
      { password, http, isTls: false, limits: { ...COMMAND_CENTER_LIMITS, ...limits } },
    );
    server.serve(center.routes);
    return new Center(port, async () => {
      center.stop();
      await server.stop();
      links.close();
      watches.stop();
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get(path: string, headers: AskOptions['headers'] = {}): Promise<Asked> {
    return ask(this.port, `/commandcenter${path}`, { headers });
  }

  /** As the page of this very server sends it, unless `headers` say otherwise; null leaves one out. */
  post(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string | null>> = {},
  ): Promise<Asked> {
    const usual = { Origin: this.origin, 'Content-Type': 'application/json', ...headers };
    const given = Object.entries(usual).filter(([, value]) => value !== null);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const sent = Object.fromEntries(given) as Record<string, string>;
    return ask(this.port, `/commandcenter${path}`, { method: 'POST', body: text, headers: sent });
  }

  /** Logs in and answers the header that says so. */
  async cookie(user?: string): Promise<{ readonly Cookie: string }> {
    const { headers } = await this.post('/login', { password: PASSWORD, ...(user && { user }) });
    const [cookie = ''] = headers['set-cookie'] ?? [];
    return { Cookie: cookie.split(';')[0] ?? '' };
  }

  /** Opens a feed. */
  feed(query = '', headers: Readonly<Record<string, string>> = {}): OpenFeed {
    return new OpenFeed(this.port, `/commandcenter/feed${query}`, headers);
  }
}

interface Told {
  readonly name: string;
  readonly id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The client's end of a feed. */
export class OpenFeed {
  status = 0;
  text = '';
  isOver = false;
  readonly close: () => void;

  constructor(port: number, path: string, headers: Readonly<Record<string, string>>) {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false });
    const over = (): void => {
      this.isOver = true;
    };
    sent.on('error', over).once('response', (response) => {
      this.status = response.statusCode ?? 0;
      response.setEncoding('utf8').on('data', (part: string) => (this.text += part));
      response.on('error', over).once('close', over);
    });
    sent.end();
    this.close = () => sent.destroy();
  }

  /** The messages that came so far, whole ones only. */
  get told(): Told[] {
    const blocks = this.text.slice(0, this.text.lastIndexOf('\n\n') + 1).split('\n\n');
    return blocks.flatMap((block) => {
      const name = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (name === undefined || data === undefined) return [];
      const id = /^id: (.*)$/m.exec(block)?.[1] ?? null;
      return [{ name, id, data: JSON.parse(data) as Told['data'] }];
    });
  }

  of(name: string): Told[] {
    return this.told.filter((one) => one.name === name);
  }

  /** Waits until so many messages of this name came. */
  async until(name: string, count = 1): Promise<Told[]> {
    await eventually(`${count} ${name}`, () => this.of(name).length >= count);
    return this.of(name);
  }

  /** Revisions and texts of all events that were told. */
  get events(): { readonly revision: number; readonly text: string }[] {
    return this.of('events').flatMap(({ data }) => {
      return data['events'] as { revision: number; text: string }[];
    });
  }
}
