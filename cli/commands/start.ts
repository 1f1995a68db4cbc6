// `quorate start`: runs the daemon in the foreground until a signal ends it. SIGTERM hands over, drains and ends with 0;
// so does Ctrl-C; a second signal forces, and a fault that nobody handled ends it with 70. SIGHUP reloads. The daemon itself is loaded only here.

import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import { Option } from 'commander';
import {
  API_PORT,
  directoryArgument,
  fileArgument,
  durationArgument,
  httpAddressArgument,
  listenAddressArgument,
  nameArgument,
  numberArgument,
  shareArgument,
  targetsArgument,
} from '../arguments.js';
import { printJson } from '../cli.js';
import type { GlobalOptions } from '../cli.js';
import { EXIT_CODES } from '../../src/errors.js';
import { describeFailure, failureOf } from '../errors.js';
import { exitWith, onSignal, outliveOutput } from '../exit.js';
import { ServiceManager } from '../service-manager.js';
import type { Signal } from '../exit.js';
import type { TlsFiles } from '../../src/tls/identity.js';

const PEER_PORT = 6000;
const DATA_DIRECTORY_DEFAULT = 'quorate-data';
const EXIT_BY_SIGNAL: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

interface StartOptions {
  readonly name?: string;
  readonly cluster?: string;
  readonly config?: string;
  readonly dataDir?: string;
  readonly listen?: string;
  readonly advertise?: string;
  readonly api?: string;
  readonly http?: string;
  readonly electionTimeout?: number;
  readonly witness?: true;
  readonly priority?: number;
  readonly connect?: readonly string[];
  readonly expect?: number;
  readonly traceEndpoint?: string;
  readonly traceSample?: number;
  readonly insecure?: true;
  readonly exitWithStdin?: true;
}

/** What is told of a daemon that runs. */
interface RunningDaemon {
  readonly name: string;
  readonly address: string;
  readonly api: string;
  readonly http: string | null;
  reload(): Promise<void>;
  fail(error: unknown): void;
  status(): { readonly cluster: { readonly clusterName: string } | null };
}

const HELP = `
Logs are JSON lines on standard error. SIGTERM or Ctrl-C hands the primacy over, lets requests end and
exits with 0, within a few seconds even if clients or members hang; a second signal ends it at once,
with 143 or 130; a fault of its own ends it with 70. A log that cannot be written does not end it. A
member resumes what its data directory says.

The HTTP port answers load balancers and health checks: /primary, /standby, /read-only, /livez,
/readyz, /health, and /v1/cluster for everything that mon-cluster --json tells. It speaks https with
TLS, and asks for no certificate.

With --tls-cert, --tls-key and --tls-ca (PEM files) every port speaks TLS: peers, clients and this node
show certificates that a CA of the others signed. A node's certificate has extendedKeyUsage
serverAuth,clientAuth and, as alternative names, the hosts by which others reach it; only whoever has
such a certificate is heard as a node, so use a CA that signs for this cluster alone. The files are
read again within seconds of a change, and on SIGHUP; new ones that cannot be used are logged and
change nothing. SIGHUP reads the log level of the configuration file again too, and never ends the
daemon; quorate install activates everything that needs no restart.

With --connect the node finds its cluster by itself: it joins the one that a node it hears belongs to,
or, with --expect, forms the first with so many clean nodes of its cluster's name. By number that is
safe while fewer than twice as many data directories carry the name; hosts in a configuration file
have no such bound. mon-cluster tells what a clean node waits for.

/commandcenter is a page that shows the cluster. Who has a password may act from it:
commandCenter.password in the configuration file, or the environment variable
QUORATE_COMMANDCENTER_PASSWORD. Without one the page only shows.

With --trace-endpoint, or OTEL_EXPORTER_OTLP_ENDPOINT, writes are traced through all nodes and sent to
an OpenTelemetry collector (OTLP over HTTP; a URL without a path stands for its /v1/traces). A caller's
W3C traceparent counts; of the other writes --trace-sample says the share, 100 a second at most.

A configuration file (--config) says what these options say and more: quorate config check --help, and
the chapter on configuration. Flags go before the environment (QUORATE_NAME, QUORATE_DATA_DIR and so
on), which goes before the file. Paths in the file count from its directory.

Examples:
  quorate start
  quorate start --config /etc/quorate/quorate.yaml
  quorate start --name n1 --data-dir /var/lib/quorate
  quorate start --name n2 --data-dir ./n2 --listen 127.0.0.1:6010 --api 127.0.0.1:6011 \\
    --http 127.0.0.1:8081
  quorate start --listen 0.0.0.0:6000 --advertise 192.168.2.10:6000 --api 0.0.0.0:6001 \\
    --tls-cert n1.crt --tls-key n1.key --tls-ca ca.crt
  quorate start --listen 0.0.0.0:6000 --advertise 192.168.2.10:6000 --api 0.0.0.0:6001 --insecure
  quorate start --expect 3 --connect udp://224.2.2.44:54327 --listen 192.168.2.10 --api 192.168.2.10 \\
    --insecure
  quorate start --connect tcp://192.168.2.10 --listen 192.168.2.14 --api 192.168.2.14 --insecure`;

/** Adds the command. */
export function registerStart(program: Command): void {
  const command = addTracing(addDiscovery(program.command('start')))
    .description('run the daemon in the foreground; it resumes its membership, or is clean')
    .addOption(setting('--config <file>', 'configuration file; flags go before it', fileArgument))
    .addOption(setting('--name <name>', 'name of this node (default: the host name)', nameArgument))
    .addOption(setting('--cluster <name>', 'name of its cluster (default: quorate)', nameArgument))
    .addOption(
      setting(
        '--data-dir <directory>',
        `created if missing (default: ${DATA_DIRECTORY_DEFAULT})`,
        directoryArgument,
      ),
    )
    .addOption(
      setting(
        '--listen <address>',
        'where peers reach it (default: 127.0.0.1:6000)',
        listenAddressArgument(PEER_PORT),
      ),
    )
    .addOption(
      setting(
        '--advertise <address>',
        'what peers are told, where that differs from --listen',
        listenAddressArgument(PEER_PORT),
      ),
    )
    .addOption(
      setting(
        '--api <address>',
        'where clients reach it (default: 127.0.0.1:6001)',
        listenAddressArgument(API_PORT),
      ),
    )
    .addOption(
      setting(
        '--http <address>',
        'health and load balancers, or none (default: 127.0.0.1:8080)',
        httpAddressArgument,
      ),
    )
    .addOption(
      setting(
        '--election-timeout <duration>',
        'for the cluster that this node starts (default: 1s)',
        durationArgument,
      ),
    )
    .option('--witness', 'vote, keep the log as bytes, hold no state, never be primary')
    .addOption(
      setting(
        '--priority <number>',
        'who should be primary when all are well, 0 to 100 (default: 50)',
        numberArgument(0, 100),
      ),
    )
    .option('--insecure', 'allow addresses other than loopback without TLS')
    .addOption(new Option('--exit-with-stdin', 'end at once when standard input closes').hideHelp())
    .addHelpText('after', HELP)
    .action(() => start(command.optsWithGlobals<StartOptions & GlobalOptions>()));
}

/** Where others are looked for, and who forms the first cluster. */
function addDiscovery(command: Command): Command {
  return command
    .addOption(
      setting(
        '--connect <address>',
        'where others are: udp://GROUP:PORT, tcp://HOST:PORT or a name of all; may be repeated',
        targetsArgument,
      ),
    )
    .addOption(
      setting(
        '--expect <number>',
        'so many clean nodes that found each other form the first cluster; 1: this one alone',
        numberArgument(1, 31),
      ),
    );
}

/** Where the traces of writes go, and how many. */
function addTracing(command: Command): Command {
  return command
    .addOption(
      setting(
        '--trace-endpoint <url>',
        'OpenTelemetry collector that gets the traces of writes',
        (text: string) => text,
      ),
    )
    .addOption(
      setting(
        '--trace-sample <share>',
        'share of the writes that are traced, 0 to 1 (default: 1)',
        shareArgument,
      ),
    );
}

/** An option that the environment may say too: `--data-dir` is QUORATE_DATA_DIR. */
function setting<T>(
  flags: string,
  description: string,
  parse: (text: string, previous: T) => T,
): Option {
  const name = (/^--([\w-]+)/.exec(flags)?.[1] ?? '').toUpperCase().replaceAll('-', '_');
  return new Option(flags, description).env(`QUORATE_${name}`).argParser(parse);
}

async function start(options: StartOptions & GlobalOptions): Promise<void> {
  if (options.exitWithStdin === true) exitWithStdin();
  const { tlsFilesFrom } = await import('../../src/tls/identity.js');
  const tls = tlsFilesFrom(options);
  const flags = daemonOptions(options, tls);
  const file = await fileOf(options);
  // V8 would share the collecting of young garbage out to threads and wait for the last of them. A daemon has little of it, often,
  // and shares the processors with others.
  setFlagsFromString('--no-parallel-scavenge');
  // It would let old garbage grow to four times what lives before it collects it, and then stand still for long: each call leaves some
  // texts of node:http2 behind that are freed one by one only then. Collected sooner, a fifth of the pause, and half of the memory.
  setFlagsFromString('--heap-growing-percent=60');
  const { startDaemon } = await import('../../src/main.js');
  const signalled = firstSignal();
  let running: RunningDaemon | null = null;
  outliveOutput();
  endOnFault((error) => {
    if (running !== null) running.fail(error);
  });
  // From before the start, because the default of this signal ends the process.
  process.on('SIGHUP', () => void running?.reload());
  const { traceEndpointOfOtel } = await import('../../src/config/tracing-section.js');
  const shared = traceEndpointOfOtel(process.env);
  const tracing = shared === null ? {} : { traceEndpoint: shared };
  const defaults = { dataDir: DATA_DIRECTORY_DEFAULT, ...tracing };
  const daemon = await startDaemon({
    ...defaults,
    ...file?.settings,
    ...flags,
    ...(file === null ? {} : { configuration: file.source(flags, defaults) }),
  }).catch((error: unknown) => {
    throw file === null ? error : file.placed(error, flags);
  });
  running = daemon;
  // V8 waits long before it makes fast code, so that a leader spent twice the time on each of its first tens of thousands of writes. From
  // here on it is worth it sooner; what runs but once, at the start, is not.
  setFlagsFromString('--interrupt-budget=16000');
  tellReady(daemon, options.json === true);
  const manager = new ServiceManager();
  manager.ready(`${daemon.name}, API at ${daemon.api}`);
  const failure = await Promise.race([signalled, daemon.failure]);
  manager.stopping();
  try {
    await daemon.stop();
  } finally {
    manager.close();
  }
  if (failure !== undefined) throw failure;
}

/** What the flags and the environment say; what was not said is absent, so that its own defaults count. */
function daemonOptions(options: StartOptions, tls: TlsFiles | null) {
  // No flag: a command line can be read by everybody on the machine.
  const password = process.env['QUORATE_COMMANDCENTER_PASSWORD'];
  // What this daemon starts inherits its environment, and shall not act in its operators' name.
  delete process.env['QUORATE_COMMANDCENTER_PASSWORD'];
  const { name, cluster, dataDir, listen, advertise, api, http } = options;
  const { electionTimeout, insecure, witness, priority, connect, expect } = options;
  const { traceEndpoint, traceSample } = options;
  return {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(name === undefined ? {} : { name }),
    ...(cluster === undefined ? {} : { clusterName: cluster }),
    ...(listen === undefined ? {} : { listen }),
    ...(advertise === undefined ? {} : { advertise }),
    ...(api === undefined ? {} : { api }),
    ...(http === undefined ? {} : { http }),
    ...(electionTimeout === undefined ? {} : { electionTimeoutMs: electionTimeout }),
    ...(witness === undefined ? {} : { witness }),
    ...(priority === undefined ? {} : { priority }),
    ...(connect === undefined ? {} : { connect }),
    ...(expect === undefined ? {} : { expect }),
    ...(password === undefined ? {} : { commandCenterPassword: password }),
    ...(traceEndpoint === undefined ? {} : { traceEndpoint }),
    ...(traceSample === undefined ? {} : { traceSample }),
    ...(tls === null ? {} : { tls }),
    ...(insecure === undefined ? {} : { insecure }),
  };
}

/** The configuration file that was named; loaded only then. */
async function fileOf({ config, json }: StartOptions & GlobalOptions) {
  if (config === undefined) return null;
  const { loadSettings } = await import('../config-file.js');
  return loadSettings(config, json === true);
}

/** Resolves at the first signal; the second ends the process without waiting for anything. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    onSignal((signal) => {
      if (isStopping) void exitWith(EXIT_BY_SIGNAL[signal]);
      isStopping = true;
      resolve();
    });
  });
}

/** A daemon in which something was thrown past everybody ends whole; `tell` is asked first. */
function endOnFault(tell: (error: unknown) => void): void {
  const onFault = (error: unknown): never => {
    tell(error);
    process.stderr.write(`${describeFailure(failureOf(error), false)}\n`);
    process.exit(EXIT_CODES.fatal);
  };
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
}

/**
 * Ends the process when its standard input closes: whoever started it holds the other end of that pipe, and the kernel
 * closes it even if the parent is killed. Nothing is handed over, as if this process had been killed with it.
 */
function exitWithStdin(): void {
  const end = (): never => process.exit(EXIT_BY_SIGNAL.SIGTERM);
  process.stdin.on('end', end).on('close', end).on('error', end).resume();
}

/** For programs one object on standard output; for people a line on their terminal, beside the log. */
function tellReady(daemon: RunningDaemon, asJson: boolean): void {
  const { name, address, api, http } = daemon;
  const cluster = daemon.status().cluster?.clusterName ?? null;
  if (asJson) {
    printJson({ name, address, api, http, cluster });
    return;
  }
  if (!process.stderr.isTTY) return;
  const next =
    cluster === null
      ? `clean: \`quorate cluster-start --node ${api}\` makes it the first of a cluster`
      : `a member of ${cluster}`;
  const ports = `peers at ${address}, API at ${api}, HTTP ${http === null ? 'off' : `at ${http}`}`;
  process.stderr.write(`${name} is up: ${ports}; ${next}.\n`);
}
