// Three real daemons of the built package, each a process of its own with a primary-only process that marks its reign where
// everyone can see it: epoch, node and time, appended to one file every few milliseconds. The order of the file is the order of
// what happened, whatever any clock says. On loopback, or each at a place of its own. Everything started here is killed at the end.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { QuorateClient } from '../../src/client/client.js';
import { freePorts } from '../forming/words.js';
import { processTable, signal } from '../../src/supervisor/process-table.js';
import { definition, script, until } from './words.js';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
/** The daemon of the package, told its options as JSON; it prints its install id once it is up. */
const DAEMON = `
const { startDaemon } = await import(process.argv[1]);
const daemon = await startDaemon(JSON.parse(process.argv[2]));
process.on('SIGTERM', () => daemon.stop().then(() => process.exit(0)));
// An event loop that something holds up.
process.on('SIGUSR2', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000));
console.log(daemon.status().installId);
`;

/** One look at who ran: appended by the process itself. */
export interface Mark {
  readonly epoch: number;
  readonly node: string;
  /** Seconds since boot, to 10 ms. */
  readonly at: number;
}

export interface RealDaemon {
  readonly name: string;
  readonly api: string;
  child: ChildProcess;
  installId: string;
}

/** Where a daemon runs: an address that the others and the test reach, and words before its command. */
export interface DaemonPlace {
  readonly address: string;
  readonly prefix: readonly string[];
}

/** Who is primary, by what its process marks. */
interface ReigningDaemon {
  readonly daemon: RealDaemon;
  readonly epoch: number;
}

export class RealDaemons {
  readonly folder = mkdtempSync(join(tmpdir(), 'quorate-reigns-'));
  readonly daemons: RealDaemon[] = [];
  readonly #ports: number[] = [];
  readonly #electionTimeoutMs: number;
  readonly #places: readonly DaemonPlace[];
  /** What the daemons logged, for whoever looks into a failure. */
  log = '';

  /** Without places all run on loopback. */
  constructor(electionTimeoutMs: number, places: readonly DaemonPlace[] = []) {
    this.#electionTimeoutMs = electionTimeoutMs;
    this.#places = places;
  }

  /** Starts three and makes them one cluster. */
  async start(): Promise<void> {
    this.#ports.push(...(await freePorts(6)));
    for (const index of [0, 1, 2]) {
      const api = `${this.#placeOf(index).address}:${this.#ports[index + 3] ?? 0}`;
      const name = `n${index + 1}`;
      const daemon = { name, api, installId: '', child: this.#spawn(name, index) };
      this.daemons.push(daemon);
      await this.#up(daemon);
    }
    const [first, ...others] = this.daemons;
    if (first === undefined) return;
    await this.at(first, (client) => client.start({}));
    for (const other of others) {
      await this.at(other, (client) => client.join({ addresses: [first.api] }));
    }
    await this.whole();
  }

  /** All three are voters that some leader hears. */
  async whole(): Promise<void> {
    await untilAsync('a whole cluster', async () => {
      for (const daemon of this.daemons) {
        const { nodes } = await this.at(daemon, (client) => client.status());
        if (nodes.length !== 3) return false;
        if (!nodes.every(({ state }) => state === 'PRIMARY' || state === 'STANDBY')) return false;
      }
      return true;
    });
  }

  /** Kills a daemon, and only it. */
  kill({ child }: RealDaemon): void {
    child.kill('SIGKILL');
  }

  /** Starts one again that has ended. */
  async restart(daemon: RealDaemon): Promise<void> {
    await until(`${daemon.name} is dead`, () => hasEnded(daemon.child));
    daemon.child = this.#spawn(daemon.name, this.daemons.indexOf(daemon));
    await this.#up(daemon);
  }

  at<T>({ api }: RealDaemon, ask: (client: QuorateClient) => Promise<T>): Promise<T> {
    const client = new QuorateClient({ address: api, timeoutMs: 10_000 });
    return ask(client).finally(() => client.close());
  }

  /** Everything that was marked so far, in the order in which it happened. */
  marks(): Mark[] {
    let text = '';
    try {
      text = readFileSync(join(this.folder, 'marks'), 'utf8');
    } catch {
      return [];
    }
    return text.split('\n').flatMap((line) => {
      const [epoch, node, at] = line.split(' ');
      return at === undefined ? [] : [{ epoch: Number(epoch), node: node ?? '', at: Number(at) }];
    });
  }

  /** The daemon whose process marked last; waits until one of an epoch beyond `after` does. */
  reign(after: number): Promise<ReigningDaemon> {
    return this.#last(`a reign after epoch ${after}`, ({ epoch }) => epoch > after);
  }

  /** The daemon whose process marks at this moment; waits until one does. */
  marked(): Promise<ReigningDaemon> {
    const count = this.marks().length;
    return this.#last('a fresh mark', () => this.marks().length > count);
  }

  async #last(what: string, isSo: (mark: Mark) => boolean): Promise<ReigningDaemon> {
    let last: Mark | undefined;
    await until(what, () => {
      last = this.marks().at(-1);
      return last !== undefined && isSo(last);
    });
    const daemon = this.daemons.find(({ name }) => name === last?.node);
    if (daemon === undefined || last === undefined) throw new Error('a stranger marked');
    return { daemon, epoch: last.epoch };
  }

  /** Waits until a daemon has a keeper that is not this one. */
  async anotherKeeper(daemon: RealDaemon, not: number): Promise<void> {
    await until(`another keeper of ${daemon.name}`, () => {
      const keeper = this.#findKeeper(daemon);
      return keeper !== undefined && keeper !== not;
    });
  }

  /** The keeper of a daemon. */
  keeperOf(daemon: RealDaemon): number {
    const found = this.#findKeeper(daemon);
    if (found === undefined) throw new Error('there is no keeper');
    return found;
  }

  #findKeeper({ child }: RealDaemon): number | undefined {
    return processTable(new Map()).find(
      ({ pid, parent }) =>
        parent === child.pid &&
        readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('keeper-main'),
    )?.pid;
  }

  close(): void {
    for (const { child } of this.daemons) {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
    }
    const mine = this.daemons.map(({ installId }) => `${installId}/`);
    for (const { pid, mark } of processTable(new Map())) {
      if (mine.some((prefix) => mark?.startsWith(prefix) === true)) signal(pid, 'SIGKILL');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(name: string, index: number): ChildProcess {
    const { address, prefix } = this.#placeOf(index);
    const dataDir = join(this.folder, name);
    mkdirSync(dataDir, { recursive: true });
    const marks = join(this.folder, 'marks');
    const loop = `while read -r up rest < /proc/uptime; do echo "$QUORATE_EPOCH $QUORATE_NODE_NAME $up" >> ${marks}; sleep 0.01; done`;
    const options = {
      dataDir,
      name,
      http: 'none',
      electionTimeoutMs: this.#electionTimeoutMs,
      listen: `${address}:${this.#ports[index] ?? 0}`,
      api: `${address}:${this.#ports[index + 3] ?? 0}`,
      insecure: true,
      processes: [
        definition(
          'marker',
          // One that behaves, and a descendant that detached and ignores SIGTERM.
          script(
            `export LOOP='${loop}'; (setsid sh -c 'trap "" TERM; eval "$LOOP"' &); trap 'exit 0' TERM; eval "$LOOP"`,
          ),
          { primaryOnly: true, stopGraceMs: 1000 },
        ),
      ],
    };
    const args = ['--input-type=module', '-e', DAEMON, MAIN, JSON.stringify(options)];
    const [program = '', ...words] = [...prefix, process.execPath, ...args];
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    return child;
  }

  #placeOf(index: number): DaemonPlace {
    return this.#places[index] ?? { address: '127.0.0.1', prefix: [] };
  }

  async #up(daemon: RealDaemon): Promise<void> {
    let said = '';
    daemon.child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until(`${daemon.name} is up`, () => {
      if (hasEnded(daemon.child)) throw new Error(`${daemon.name} ended: ${this.log}`);
      return said.includes('\n');
    });
    daemon.installId = said.trim();
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Asks until the answer is yes; a node that does not answer is asked again. */
async function untilAsync(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo().catch(() => false)) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  throw new Error(`waited in vain: ${what}`);
}
