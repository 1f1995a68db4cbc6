// `quorate lb haproxy|nginx|envoy`: a balancer's configuration for the cluster at hand. Standard output is only the
// configuration. Witnesses are left out: they answer nothing; learners answer only reads and are left to their checks.

import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import { parseAddress } from '../../src/address.js';
import { clusterView } from '../../src/client/cluster-view.js';
import type { ClusterView, NodeView } from '../../src/client/cluster-view.js';
import { QuorateError } from '../../src/errors.js';
import {
  complaint,
  durationArgument,
  listenAddressArgument,
  numberArgument,
} from '../arguments.js';
import { printJson, printLines, withClient } from '../cli.js';
import type { Cli } from '../cli.js';
import { envoyLines } from '../lb/envoy.js';
import { haproxyLines } from '../lb/haproxy.js';
import { nginxLines } from '../lb/nginx.js';
import type { Backend, Plan } from '../lb/plan.js';

const WRITERS = { haproxy: haproxyLines, nginx: nginxLines, envoy: envoyLines } as const;
type Product = keyof typeof WRITERS;

interface LbOptions {
  readonly bind: string;
  readonly readBind: string;
  readonly port?: number;
  readonly httpPort: number;
  readonly http?: ReadonlyMap<string, number>;
  readonly checkInterval: number;
  readonly checkCa?: string;
}

const PORT_MAX = 65_535;

/** Adds the command. */
export function registerLb(program: Command): void {
  const command = program
    .command('lb')
    .description("print a balancer's configuration for this cluster")
    .addArgument(
      new Argument('<product>', Object.keys(WRITERS).join(', ')).choices(Object.keys(WRITERS)),
    )
    .option(
      '--bind <address>',
      'where it takes what is for the primary',
      listenAddressArgument(7001),
      '127.0.0.1:7001',
    )
    .option(
      '--read-bind <address>',
      'where it takes what any member may answer',
      listenAddressArgument(7002),
      '127.0.0.1:7002',
    )
    .option(
      '--port <number>',
      'of a service of yours on each node (default: the API)',
      numberArgument(1, PORT_MAX),
    )
    .option('--http-port <number>', "the nodes' HTTP port", numberArgument(1, PORT_MAX), 8080)
    .addOption(
      new Option(
        '--http <NAME=PORT>',
        'HTTP port of one node, where it differs; several times',
      ).argParser(namedPort),
    )
    .option('--check-interval <duration>', 'between two checks of a node', durationArgument, 250)
    .option('--check-ca <file>', 'the checks speak https; CA of the nodes, on the balancer')
    .addHelpText(
      'after',
      `
The balancer asks each node's HTTP port: /primary is 200 only on the primary while its lease holds,
/read-only on members that may answer reads. A fail-over shows as refused connections until the new
primary answers: clients try again. nginx has no such checks and serves the API alone.

Examples:
  quorate lb haproxy > /etc/haproxy/haproxy.cfg
  quorate lb haproxy --port 5432 --bind 0.0.0.0:5432
  quorate lb envoy --http-port 8443 --check-ca /etc/quorate/ca.crt`,
    )
    .action((product: Product) => withClient<LbOptions>(command, (cli) => print(cli, product)));
}

async function print(cli: Cli<LbOptions>, product: Product): Promise<void> {
  const view = clusterView(await cli.client.status());
  const lines = WRITERS[product](planFor(view, cli.options));
  if (cli.isJson) printJson({ product, configuration: `${lines.join('\n')}\n` });
  else printLines(lines);
}

function planFor(view: ClusterView, options: LbOptions): Plan {
  const { cluster, nodes } = view;
  if (cluster === null) {
    throw new QuorateError('CLEAN_NODE', 'the node asked belongs to no cluster');
  }
  const backends = nodes
    .filter(({ state }) => state !== 'WITNESS')
    .map((node) => backendOf(node, options));
  const unknown = [...(options.http?.keys() ?? [])].find(
    (name) => !nodes.some((node) => node.name === name),
  );
  if (unknown !== undefined) {
    throw new QuorateError('UNKNOWN_NODE', `--http: ${unknown} is no member`);
  }
  return {
    cluster,
    backends,
    primaryBind: parseAddress(options.bind, null),
    readBind: parseAddress(options.readBind, null),
    checkMs: options.checkInterval,
    caFile: options.checkCa ?? null,
  };
}

function backendOf({ name, api }: NodeView, { port, httpPort, http }: LbOptions): Backend {
  if (api === null) {
    const hint = 'Try again once it is up, or remove it.';
    throw new QuorateError('UNKNOWN_NODE', `the address of ${name} is not known`, {}, { hint });
  }
  const address = parseAddress(api, null);
  return {
    name,
    host: address.host,
    port: port ?? address.port,
    httpPort: http?.get(name) ?? httpPort,
  };
}

function namedPort(
  text: string,
  previous: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const [, name = '', port = ''] = /^([A-Za-z0-9._-]{1,63})=(\d{1,5})$/.exec(text) ?? [];
  const number = Number(port);
  if (name === '' || number < 1 || number > PORT_MAX) {
    throw complaint(`expected NAME=PORT, got ${JSON.stringify(text.slice(0, 40))}`);
  }
  return new Map(previous).set(name, number);
}
