// Nodes for the tests of the HTTP port: real driver, core, state machine and codec, on a clock and a network that only the
// test moves, so that any state can be held for as long as a request takes. Each has a real HTTP port on loopback.
import { commandCodec } from '../../src/codec/command-codec.js';
import { HttpServer } from '../../src/http/http-server.js';
import { HTTP_LIMITS } from '../../src/http/limits.js';
import type { HttpLimits } from '../../src/http/limits.js';
import { routesFor } from '../../src/http/routes.js';
import type { RouteModules } from '../../src/http/routes.js';
import { Node } from '../../src/node/node.js';
import type { Done, LoggerPort, Stored } from '../../src/node/ports.js';
import type { Message, Sender } from '../../src/raft/message.js';
import { timersFor } from '../../src/raft/options.js';
import { ENTRY_ID_ZERO, HARD_STATE_ZERO, NO_CHANGE } from '../../src/raft/types.js';
import type { ConfigChange, Settings } from '../../src/raft/types.js';
import { N, install, member, sender } from '../support/raft-words.js';

export const SILENT: LoggerPort = { error() {}, warn() {}, info() {}, debug() {} };

const SETTINGS: Settings = {
  clusterId: 'c'.repeat(32),
  clusterName: 'quorate',
  electionTimeoutMs: 1000,
};
/** The part of the shortened lease and the election timeout that the states below tell apart. */
export const TIMERS = timersFor(SETTINGS.electionTimeoutMs);
const STEPS_MAX = 2000;

interface Sent {
  readonly from: Sender;
  readonly to: number;
  readonly message: Message;
}

/** One machine with its HTTP port. */
class Machine {
  readonly id: number;
  readonly node: Node;
  readonly server: HttpServer;
  isDiskBroken = false;
  /** Heartbeats come through, entries do not. */
  isStarved = false;
  isStopping = false;
  port = 0;

  constructor(world: World, id: number, limits: HttpLimits, viewCluster: View) {
    this.id = id;
    const stored: Stored = {
      identity: { nodeId: N(id), installId: install(id), cluster: null, ended: null },
      hardState: HARD_STATE_ZERO,
      snapshot: null,
      compacted: ENTRY_ID_ZERO,
      entries: [],
    };
    const { address, api, version, featureMin, featureMax, priority } = member(id);
    const complete = (done: Done): void => done(this.isDiskBroken ? new Error('broken') : null);
    this.node = new Node(
      {
        stored,
        self: { address, api, version, featureMin, featureMax, priority },
        randomSeed: id,
      },
      {
        clock: { nowMs: () => world.nowMs },
        schedule: { soon: (turn) => void world.turns.push(turn) },
        storage: {
          persist: (_request, done) => complete(done),
          saveSnapshot: (_meta, _parts, done) => complete(done),
          readSnapshot: (done) => done(null, null),
        },
        transport: {
          send: (to, message) => void world.sent.push({ from: sender(id), to, message }),
          setPeers: () => {},
        },
        codec: commandCodec,
        log: SILENT,
      },
    );
    this.node.start(raise);
    this.server = new HttpServer(
      { listen: { host: '127.0.0.1', port: 0 }, tls: null, names: [`n${id}`], limits },
      { log: SILENT, onFatal: raise },
    );
    const { node } = this;
    const isStopping = (): boolean => this.isStopping;
    this.server.serve(
      routesFor({ node, name: `n${id}`, version, isStopping, viewCluster, figures }, limits),
    );
  }
}

type View = RouteModules['viewCluster'];

/** What test/metrics is about. */
const figures: RouteModules['figures'] = () =>
  Promise.resolve({ type: 'text/plain', text: 'quorate_primary 1\n' });

export class World {
  nowMs = 1000;
  readonly turns: (() => void)[] = [];
  sent: Sent[] = [];
  readonly machines: readonly Machine[];
  /** Nobody hears these, and they hear nobody. */
  readonly cut = new Set<number>();
  /** Answers `/v1/cluster`, which no test of this world is about. */
  view: View = () => Promise.reject(new Error('nobody looks'));

  private constructor(count: number, limits: HttpLimits) {
    const view: View = (peer, timeoutMs) => this.view(peer, timeoutMs);
    this.machines = Array.from(
      { length: count },
      (_, at) => new Machine(this, at + 1, limits, view),
    );
  }

  /** Clean nodes n1, n2, …; `stop` must be called. */
  static async open(count: number, limits: Partial<HttpLimits> = {}): Promise<World> {
    const world = new World(count, { ...HTTP_LIMITS, ...limits });
    for (const machine of world.machines) machine.port = await machine.server.listen();
    return world;
  }

  async stop(): Promise<void> {
    await Promise.all(this.machines.map(({ server }) => server.stop()));
  }

  machine(id: number): Machine {
    const found = this.machines[id - 1];
    if (found === undefined) throw new Error(`there is no node ${id}`);
    return found;
  }

  /** Delivers everything that is on its way and what that leads to; no time passes. */
  settle(): void {
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const turns = this.turns.splice(0);
      for (const turn of turns) turn();
      const { sent } = this;
      this.sent = [];
      for (const { from, to, message } of sent) {
        const machine = this.machine(to);
        const hasEntries = message.type === 'appendEntries' && message.entries.length > 0;
        if (this.cut.has(from.id) || this.cut.has(to)) continue;
        if (!hasEntries || !machine.isStarved) machine.node.receive(from, message);
      }
      if (turns.length === 0 && sent.length === 0) return;
    }
    throw new Error('the world does not come to rest');
  }

  /** Lets time pass with everything that ticks. */
  pass(durationMs: number): void {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs;) {
      this.nowMs += TIMERS.tickMs;
      for (const { node } of this.machines) node.tick(0);
      this.settle();
    }
  }

  /** Lets time pass until it holds. */
  until(what: string, holds: () => boolean): void {
    for (let step = 0; step < STEPS_MAX && !holds(); step += 1) this.pass(TIMERS.tickMs);
    if (!holds()) throw new Error(`${what} did not come about`);
  }

  /** n1 founds a cluster; the other nodes join it as voters, or as what is said. */
  form(
    how: { readonly learners?: readonly number[]; readonly witnesses?: readonly number[] } = {},
  ) {
    const { learners = [], witnesses = [] } = how;
    this.machine(1).node.startCluster(SETTINGS, 'n1', 'a test', raise);
    this.until('the first reign', () => this.machine(1).node.status().isPrimary);
    for (const { id, node } of this.machines.slice(1)) {
      const isWitness = witnesses.includes(id);
      node.adoptCluster({ ...SETTINGS, nodeName: `n${id}`, isWitness }, raise);
      const newcomer = { name: `n${id}`, witness: isWitness, autoPromote: !learners.includes(id) };
      this.change({ add: [member(id, newcomer)] });
      const isIn = (): boolean => {
        const status = node.status();
        const { settledVoters } = this.machine(1).node.status();
        if (learners.includes(id)) return status.lagEntries === 0;
        return settledVoters.includes(N(id)) && status.settledVoters.includes(N(id));
      };
      this.until(`n${id} as a member`, isIn);
    }
    this.pass(TIMERS.heartbeatMs * 2);
  }

  change(change: Partial<ConfigChange>): void {
    let isDone = false;
    const whole = { ...NO_CHANGE, ...change };
    this.machine(1).node.changeConfiguration(whole, 'a test', this.nowMs + 60_000, (outcome) => {
      isDone = outcome.type === 'done';
    });
    this.until('the change', () => isDone);
  }

  /** One write at n1, so that everybody has something to store. */
  write(): void {
    const command = { kind: 'touchSession', requestId: 'r', client: null, id: 'x' } as const;
    this.machine(1).node.propose(command, this.nowMs + 500, () => {});
    this.settle();
  }

  /** The node's disk refuses what it is given, and there is something to give. */
  breakDisk(id: number): void {
    this.machine(id).isDiskBroken = true;
    this.write();
    this.until('the failure of the disk', () => {
      return this.machine(id).node.status().condition === 'degraded';
    });
  }
}

function raise(error: unknown): void {
  if (error instanceof Error) throw error;
}
