// Three real daemons of the built package to which everything can happen whose cause `explain` must find: each at a place of its own
// on a bridge, on a disk that can hang, with a health check that fails while a file is there. Everything ends with `close`.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { QuorateClient } from '../../../src/client/client.js';
import { FaultyDisk } from '../disk/faulty-disk.js';
import { Mesh } from '../reigns/mesh.js';

const MAIN = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url));
/** The daemon of the package, told its options as JSON. */
const DAEMON = `
const { startDaemon } = await import(process.argv[1]);
await startDaemon(JSON.parse(process.argv[2]));
`;
/** Long, since a busy machine would otherwise cause fail-overs of its own. */
const ELECTION_TIMEOUT_MS = 2000;
const LIMIT_MS = 60_000;
const POLL_MS = 50;

export class Subject {
  readonly name: string;
  readonly api: string;
  readonly client: QuorateClient;
  readonly disk: FaultyDisk;
  readonly #folder: string;
  readonly #address: string;
  readonly #prefix: readonly string[];
  #child: ChildProcess | null = null;
  log = '';

  constructor(name: string, folder: string, address: string, prefix: readonly string[]) {
    this.name = name;
    this.api = `${address}:6001`;
    this.client = new QuorateClient({ address: this.api, timeoutMs: 10_000 });
    this.#folder = folder;
    this.#address = address;
    this.#prefix = prefix;
    const dataDir = join(folder, name);
    mkdirSync(dataDir);
    this.disk = new FaultyDisk(dataDir, join(folder, `${name}.disk`));
  }

  start(): void {
    this.disk.begin();
    const sick = `test ! -e ${this.#sickFile}`;
    const check = { name: 'sick', probe: { type: 'command', command: ['sh', '-c', sick] } };
    const often = { intervalMs: 200, timeoutMs: 5000, rise: 1, fall: 1, process: null };
    const options = {
      dataDir: this.disk.root,
      name: this.name,
      http: 'none',
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      listen: `${this.#address}:6000`,
      api: this.api,
      insecure: true,
      healthChecks: [{ ...check, ...often }],
    };
    const args = ['--input-type=module', '-e', DAEMON, MAIN, JSON.stringify(options)];
    const [program = '', ...words] = [...this.#prefix, process.execPath, ...args];
    const env = { ...process.env, ...this.disk.environment };
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    this.#child = child;
  }

  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name);
  }

  /** Lets its health check fail, or succeed again. */
  setSick(isSick: boolean): void {
    if (isSick) writeFileSync(this.#sickFile, '');
    else rmSync(this.#sickFile, { force: true });
  }

  /** Kills it and resolves once it is gone. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    this.disk.set();
    this.signal('SIGCONT');
    this.signal('SIGKILL');
    await gone;
  }

  get #sickFile(): string {
    return join(this.#folder, `${this.name}.sick`);
  }
}

export class ExplainedCluster {
  readonly mesh = new Mesh(3);
  readonly subjects: readonly Subject[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'quorate-explain-'));

  constructor() {
    this.subjects = this.mesh.places.map(({ address, prefix }, at) => {
      return new Subject(`n${at + 1}`, this.#folder, address, prefix);
    });
  }

  async start(): Promise<void> {
    for (const subject of this.subjects) subject.start();
    const [first, ...others] = this.subjects;
    if (first === undefined) return;
    for (const { client, name } of this.subjects) {
      await eventually(name, () => client.nodeStatus({ timeoutMs: 3000, retry: false }));
    }
    await first.client.start({}, { timeoutMs: LIMIT_MS });
    for (const { client } of others) {
      await client.join({ addresses: [first.api] }, { timeoutMs: LIMIT_MS });
    }
  }

  /** Who is primary in which epoch, and the others; waits until all members are well. */
  async whole(): Promise<{ primary: Subject; others: Subject[]; epoch: number }> {
    let asked = 0;
    return eventually('a whole cluster', async () => {
      asked += 1;
      const subject = this.subjects[asked % this.subjects.length];
      const status = await subject?.client.status({}, { timeoutMs: 5000, retry: false });
      const { nodes = [], primary: name, epoch = 0 } = status ?? {};
      const areWell = nodes.every(({ state }) => state === 'PRIMARY' || state === 'STANDBY');
      const primary = this.subjects.find((it) => it.name === name);
      if (primary === undefined || nodes.length !== 3 || !areWell) {
        throw new Error(nodes.map((it) => `${it.name} ${it.state}`).join(', '));
      }
      return { primary, others: this.subjects.filter((it) => it !== primary), epoch };
    });
  }

  /** Resolves once somebody else than `old` is primary, as those say who are left. */
  async failedOver(old: Subject, epoch: number): Promise<void> {
    const left = this.subjects.filter((it) => it !== old);
    const primaryOf = async ({ client }: Subject): Promise<string | undefined> => {
      const said = await client.status({}, { timeoutMs: 5000, retry: false });
      return said.quorum && said.epoch > epoch ? said.primary : undefined;
    };
    await eventually(`a primary after ${old.name}`, async () => {
      for (const subject of left) {
        const name = await primaryOf(subject).catch(() => undefined);
        if (name !== undefined && name !== old.name) return;
      }
      throw new Error('nobody yet');
    });
  }

  async close(): Promise<void> {
    for (const subject of this.subjects) {
      subject.client.close();
      await subject.end();
      subject.disk.close();
    }
    this.mesh.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Tries until it succeeds; fails with the last error when it took too long. */
export async function eventually<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > endMs) throw new Error(`waited in vain: ${what}`, { cause: error });
    }
    await pause(POLL_MS);
  }
}
