// The configuration file behind a running daemon: reads it once more for `install` and SIGHUP, tells how it differs from what runs,
// activates what needs no restart, and says where it disagrees with the cluster. A daemon opens the file that it was started
// with and no other, whoever asks.

import { isDeepStrictEqual } from 'node:util';

import { disagreements, settingDifferences } from './config/cluster-differences.js';
import type { ClusterSettings } from './config/cluster-differences.js';
import type { Config } from './config/config.js';
import { daemonSettings } from './config/daemon-settings.js';
import { readConfig } from './config/read-config.js';
import { SYSTEM_PREFIX } from './config/system-facts.js';
import { checkOptions } from './daemon-options.js';
import type { CheckedOptions, ConfigSource, DaemonOptions } from './daemon-options.js';
import {
  clusterNameDiffers,
  doneAbout,
  liveDifferences,
  processKey,
  restartDifferences,
} from './daemon-differences.js';
import { QuorateError } from './errors.js';
import type { Difference } from './generated/quorate/v1/Difference.js';
import type { Hooks } from './health/hooks.js';
import type { Defined } from './keeper/words.js';
import type { NodeApi } from './node/api.js';
import type { ClusterIdentity } from './node/ports.js';
import type { Logger } from './ops/logger.js';
import type { ConfigPort, InstallOrder, SelfFacts } from './service/modules.js';

/** Between two looks whether file and cluster agree, for the log. */
const LOOK_EVERY_MS = 2000;
/** A keeper that says nothing for as long is being started anew, and does then as it was told. */
const KEEPER_ANSWER_MS = 5000;
const PAGE_BYTES_MAX = 4 * 1024 * 1024;

interface Running {
  readonly node: NodeApi;
  /** What takes other processes while it runs; null: nothing does. */
  readonly processes: {
    define(
      processes: CheckedOptions['processes'],
      timeoutMs: number,
    ): Promise<readonly Defined[] | null>;
  } | null;
  readonly health: { define(healthChecks: CheckedOptions['healthChecks']): void };
  readonly hooks: { takeable(hooks: Hooks): Hooks; define(hooks: Hooks): void };
}

export class DaemonConfig implements ConfigPort {
  /** What runs: as at the start, but for what was activated since. */
  #runs: CheckedOptions;
  #config: Config | null;
  readonly #source: ConfigSource | null;
  readonly #log: Logger;
  #running: Running | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** What was logged last. */
  #told = '';
  /** One at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: CheckedOptions, log: Logger) {
    this.#runs = options;
    this.#source = options.configuration;
    this.#config = options.configuration?.config ?? null;
    this.#log = log;
  }

  get file(): string | null {
    return this.#source?.file ?? null;
  }

  get priority(): number {
    return this.#runs.priority;
  }

  get isPriorityGiven(): boolean {
    return this.#runs.isPriorityGiven;
  }

  get tags(): CheckedOptions['tags'] {
    return this.#runs.tags;
  }

  /** Begins to look whether file and cluster agree. */
  watch(running: Running): void {
    this.#running = running;
    if (this.#source === null) return;
    this.#timer = setInterval(() => this.#tell(), LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A line for each thing that the file, as last read, says otherwise than the cluster. */
  differs(): readonly string[] {
    const config = this.#config;
    const cluster = this.#settings();
    if (config === null || cluster === null) return [];
    return disagreements(config, cluster, this.#held());
  }

  /** As `ConfigPort` says. */
  install(order: InstallOrder): Promise<Difference[]> {
    const turn = this.#turn.then(() => this.#install(order));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Takes the log level from the file; one that cannot be read is logged and changes nothing. What SIGHUP does. */
  async reloadLogLevel(): Promise<void> {
    const source = this.#source;
    if (source === null) return;
    try {
      const { config } = await readConfig(source.file, process.env);
      const { logLevel } = this.#optionsOf(source, config);
      this.#runs = { ...this.#runs, logLevel };
      this.#log.setLevel(logLevel);
      this.#log.info({ file: source.file, logLevel }, 'the log level was read again');
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      const { message: detail, hint } = error;
      this.#log.error({ detail, hint }, 'the file cannot be used; what runs stays');
    }
  }

  async #install({ file, sha256, dryRun }: InstallOrder): Promise<Difference[]> {
    const source = this.#source;
    const running = this.#running;
    if (source === null || (file !== '' && file !== source.file)) {
      const own = source === null ? 'without a file' : `with ${source.file}`;
      const asked = file === '' ? 'any' : file;
      throw new QuorateError(
        'OTHER_CONFIG_FILE',
        `the daemon was started ${own}, not with ${asked}`,
      );
    }
    const read = await readConfig(source.file, process.env);
    if (sha256 !== '' && read.sha256 !== sha256) {
      const message = `${source.file} holds something else on the machine of the node that was asked`;
      throw new QuorateError('OTHER_CONFIG_FILE', message);
    }
    const wanted = this.#optionsOf(source, read.config);
    const cluster = running?.node.status().cluster ?? null;
    const wrongName = cluster === null ? null : clusterNameDiffers(read.config, cluster);
    if (wrongName !== null) throw wrongName;
    const settings = this.#settings();
    const hasProcesses = running !== null && running.processes !== null;
    const hooks = running === null ? this.#runs.hooks : running.hooks.takeable(wanted.hooks);
    const differences: Difference[] = [
      ...(settings === null ? [] : settingDifferences(read.config, settings)).map((it) => {
        return { ...it, effect: 'NEVER' as const };
      }),
      ...restartDifferences(this.#runs, wanted, cluster !== null),
      ...liveDifferences({ runs: this.#runs, wanted, given: source.given, hasProcesses, hooks }),
    ];
    if (dryRun) return differences;
    this.#config = read.config;
    const done = await this.#activate({
      ...this.#runs,
      logLevel: wanted.logLevel,
      priority: wanted.priority,
      isPriorityGiven: wanted.isPriorityGiven,
      tags: wanted.tags,
      processes: hasProcesses ? wanted.processes : this.#runs.processes,
      healthChecks: wanted.healthChecks,
      hooks,
    });
    const told = differences.map((difference) => withDone(difference, done));
    const keys = told.map(
      ({ key, effect, done: what }) => `${key ?? ''}: ${what ?? String(effect)}`,
    );
    this.#log.info(
      { file: source.file, differences: keys },
      'the configuration file was installed',
    );
    return told;
  }

  /** What a start with this file would come to. */
  #optionsOf({ given, defaults }: ConfigSource, config: Config): CheckedOptions {
    const options: DaemonOptions = { ...defaults, ...daemonSettings(config), ...given };
    return checkOptions(options);
  }

  /** Answers what became of the processes that differ; null: the keeper has not said. */
  async #activate(runs: CheckedOptions): Promise<readonly Defined[] | null> {
    const { processes, healthChecks } = this.#runs;
    this.#runs = runs;
    this.#log.setLevel(runs.logLevel);
    if (!isDeepStrictEqual(healthChecks, runs.healthChecks)) {
      this.#running?.health.define(runs.healthChecks);
    }
    this.#running?.hooks.define(runs.hooks);
    if (isDeepStrictEqual(processes, runs.processes)) return [];
    return (await this.#running?.processes?.define(runs.processes, KEEPER_ANSWER_MS)) ?? null;
  }

  #settings(): ClusterSettings | null {
    const status = this.#running?.node.status();
    if (status === undefined || status.cluster === null) return null;
    const { cluster, configuration } = status;
    // A newcomer that nobody has reached knows no member, and nothing of what the cluster is set to.
    if (configuration.members.length === 0) return null;
    const failover = configuration.reigns.isManual ? 'manual' : 'automatic';
    return { electionTimeoutMs: cluster.electionTimeoutMs, failover };
  }

  /** The system definition as this node has it; null: a witness, or a newcomer that has nothing yet, cannot tell. */
  #held(): Map<string, string> | null {
    const node = this.#running?.node;
    if (node === undefined) return null;
    const { cluster, condition, stalenessMs } = node.status();
    if (condition !== 'member' || cluster?.isWitness === true || stalenessMs === null) return null;
    const bounds = { countMax: 1000, bytesMax: PAGE_BYTES_MAX, isKeysOnly: false };
    const { entries } = node.state.listStore({ prefix: SYSTEM_PREFIX, after: '', ...bounds });
    return new Map(entries.map(({ key, value }) => [key, Buffer.from(value).toString('utf8')]));
  }

  #tell(): void {
    const differs = this.differs();
    const told = differs.join('\n');
    if (told === this.#told) return;
    this.#told = told;
    const file = this.file;
    if (told === '') this.#log.info({ file }, 'the configuration file says what the cluster holds');
    else this.#log.warn({ file, differs }, 'the configuration file disagrees with the cluster');
  }
}

const NOT_SAID = 'the keeper has not answered; it is done as soon as one does, as mon shows';

/** The difference with what was done about it, if it is one of a process. */
function withDone(difference: Difference, done: readonly Defined[] | null): Difference {
  const { key, effect } = difference;
  if (effect !== 'LIVE' || key?.startsWith(processKey('')) !== true) return difference;
  if (done === null) return { ...difference, done: NOT_SAID };
  const about = done.find(({ name }) => processKey(name) === key);
  return about === undefined ? difference : { ...difference, done: doneAbout(about.effect) };
}

type Known =
  | 'name'
  | 'clusterName'
  | 'electionTimeoutMs'
  | 'witness'
  | 'priority'
  | 'isPriorityGiven'
  | 'tags'
  | 'startedAtMs';

/** What this daemon says of itself; `known` once its ports are bound. */
export function selfFacts(
  { name, clusterName, electionTimeoutMs, witness }: CheckedOptions,
  configuration: DaemonConfig,
  cluster: ClusterIdentity | null,
  known: Omit<SelfFacts, Known>,
  startedAtMs: number,
  opened: { readonly http: string | null },
): SelfFacts {
  return {
    name: cluster?.nodeName ?? name,
    clusterName,
    electionTimeoutMs,
    ...known,
    witness: cluster?.isWitness ?? witness,
    // They change when a file is installed.
    get priority() {
      return configuration.priority;
    },
    get isPriorityGiven() {
      return configuration.isPriorityGiven;
    },
    get tags() {
      return configuration.tags;
    },
    startedAtMs,
    // The HTTP port is opened last.
    get http() {
      return opened.http;
    },
  };
}
