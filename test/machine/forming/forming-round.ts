// One round of forming with real daemons, a machine each: three to five nodes that find each other in one of three ways are started
// at random moments, killed, started again, robbed of their disks, unplugged and cut in two while they form; then all is healed and one
// cluster must come about. What they tell of clusters is collected all the while: two different ones are never right.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { Stream } from '../../../simulations/random.js';
import { QuorateClient } from '../../../src/client/client.js';
import { BIN } from '../../support/cluster.js';
import type { Bridge, Place } from './bridge.js';

export const NAME = 'nodes.quorate.test';
export const WAYS = ['multicast', 'one address', 'a name'] as const;
export type Way = (typeof WAYS)[number];
export const NODES_MAX = 5;

const FAULTS = ['kill', 'kill', 'wipe', 'unplug', 'unplug', 'cut in two'] as const;
export type FaultName = (typeof FAULTS)[number];

/** How long faults go on, and what healed daemons are given on a busy machine. */
const FAULTS_MS = 8000;
const HEALED_MAX_MS = 180_000;
/** A node whose disk was emptied under a name that the cluster has stays out: so long nothing must change. */
const SETTLED_MS = 8000;
/** Before an operator empties what is bound to a coordinator that is not heard. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 250;

export interface FormingRoundResult {
  readonly way: Way;
  readonly nodes: number;
  readonly faults: readonly FaultName[];
  /** Every cluster id that any node told at any time. */
  readonly clusters: readonly string[];
  /** Nodes that belong to the cluster, by name, and those that stay out because their disk was emptied. */
  readonly members: readonly string[];
  readonly outside: readonly string[];
  /** From the heal until all belonged, in ms; null: not in time. */
  readonly healedMs: number | null;
  /** It took an operator, as src/forming/README.md says it may once a coordinator's disk is lost. */
  readonly neededOperator: boolean;
  /** Null: as it should be. */
  readonly problem: string | null;
}

interface Node {
  readonly name: string;
  readonly place: Place;
  child: ChildProcess | null;
  /** Data directories so far; the newest is in use. */
  disks: number;
  cluster: string | null;
  standing: string;
}

export class FormingRound {
  readonly #bridge: Bridge;
  readonly #dice: Stream;
  readonly #way: Way;
  readonly #directory = mkdtempSync(join(tmpdir(), 'quorate-forming-'));
  readonly #nodes: Node[];
  readonly #clusters = new Set<string>();
  readonly #faults: FaultName[] = [];
  #isOver = false;
  #isHealed = false;

  constructor(bridge: Bridge, way: Way, dice: Stream) {
    this.#bridge = bridge;
    this.#way = way;
    this.#dice = dice;
    const places = bridge.places.slice(0, dice.between(3, NODES_MAX));
    this.#nodes = places.map((place, at) => {
      return { name: `n${at + 1}`, place, child: null, disks: 1, cluster: null, standing: '' };
    });
  }

  /** Plays it to its end; whatever it started has ended then. */
  async play(): Promise<FormingRoundResult> {
    try {
      const looking = this.#look();
      const beginMs = performance.now();
      const starts = this.#nodes.map(async (node) => {
        await pause(this.#dice.between(0, 3000));
        this.#start(node);
      });
      while (performance.now() - beginMs < FAULTS_MS && !this.#hasTwo) {
        await pause(this.#dice.between(200, 1500));
        await this.#strike();
      }
      await Promise.all(starts);
      this.#heal();
      const end = await this.#settle();
      this.#isOver = true;
      await looking;
      return this.#result(end);
    } finally {
      this.#isOver = true;
      await Promise.all(this.#nodes.map((node) => this.#kill(node)));
      this.#plugAll();
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }

  /** The ends of all logs. */
  get logs(): string {
    return this.#nodes
      .map((node) => `--- ${node.name}\n${readFileSync(this.#logOf(node), 'utf8').slice(-3000)}`)
      .join('\n');
  }

  get #hasTwo(): boolean {
    return this.#clusters.size > 1;
  }

  get #connect(): string {
    if (this.#way === 'multicast') return 'udp://224.2.2.44:54327';
    return this.#way === 'a name' ? NAME : `tcp://${this.#nodes[0]?.place.address ?? ''}`;
  }

  #logOf({ name }: Node): string {
    return join(this.#directory, `${name}.log`);
  }

  #start(node: Node): void {
    if (node.child !== null || this.#isOver) return;
    const { name, disks, place } = node;
    const log = openSync(this.#logOf(node), 'a');
    const expect = ['--expect', String(this.#nodes.length), '--connect', this.#connect];
    const words = ['start', '--exit-with-stdin', '--insecure', '--http', 'none', ...expect];
    const own = ['--name', name, '--data-dir', join(this.#directory, `${name}-${disks}`)];
    const reached = ['--listen', place.address, '--api', place.address];
    const command = [process.execPath, BIN, ...words, ...own, ...reached];
    const child = spawn('ip', ['netns', 'exec', place.namespace, ...command], {
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    child.stdin?.on('error', () => {});
    node.child = child;
  }

  async #kill(node: Node): Promise<void> {
    const { child } = node;
    node.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async #strike(): Promise<void> {
    const fault = this.#dice.pick(FAULTS);
    const node = this.#dice.pick(this.#nodes);
    const pauseMs = this.#dice.between(100, 2000);
    const side = this.#nodes.filter(() => this.#dice.chance(500_000));
    // By count it is sound only while fewer than twice as many data directories carry the name.
    const disks = this.#nodes.reduce((sum, { disks: own }) => sum + own, 0);
    if (fault === 'wipe' && disks + 1 >= 2 * this.#nodes.length) return;
    if ((fault === 'wipe' || fault === 'kill') && node.child === null) return;
    this.#faults.push(fault);
    const later = (undo: () => void): void => {
      void pause(pauseMs).then(() => {
        if (!this.#isHealed) undo();
      });
    };
    if (fault === 'unplug') {
      this.#bridge.plug(node.place, false);
      later(() => this.#bridge.plug(node.place, true));
    } else if (fault === 'cut in two') {
      for (const { place } of side) this.#bridge.move(place, true);
      later(() => {
        for (const { place } of side) this.#bridge.move(place, false);
      });
    } else {
      await this.#kill(node);
      if (fault === 'wipe') node.disks += 1;
      later(() => this.#start(node));
    }
  }

  #heal(): void {
    this.#isHealed = true;
    this.#plugAll();
    for (const node of this.#nodes) this.#start(node);
  }

  #plugAll(): void {
    for (const { place } of this.#nodes) {
      this.#bridge.move(place, false);
      this.#bridge.plug(place, true);
    }
  }

  /** Asks every node again and again which cluster it belongs to. */
  async #look(): Promise<void> {
    while (!this.#isOver) {
      await Promise.all(this.#nodes.map((node) => this.#ask(node)));
      await pause(LOOK_EVERY_MS);
    }
  }

  async #ask(node: Node): Promise<void> {
    const { child } = node;
    const client = new QuorateClient({ address: `${node.place.address}:6001` });
    try {
      const view = await client.status({}, { timeoutMs: 1000, retry: false });
      if (node.child !== child) return;
      node.cluster = view.clusterId ?? null;
      node.standing = JSON.stringify(view.nodes);
      if (node.cluster !== null) this.#clusters.add(node.cluster);
    } catch {
      // It does not run, is not reached, or has no answer yet.
    } finally {
      client.close();
    }
  }

  /** Waits until all belong to one cluster, or nothing but emptied nodes is left out; lets an operator act where one must. */
  async #settle(): Promise<{ healedMs: number | null; neededOperator: boolean }> {
    const beginMs = performance.now();
    let [last, sinceMs, neededOperator] = ['', beginMs, false];
    for (;;) {
      await pause(LOOK_EVERY_MS);
      const nowMs = performance.now();
      const outside = this.#nodes.filter(({ cluster }) => cluster === null);
      if (this.#hasTwo) return { healedMs: null, neededOperator };
      if (outside.length === 0) return { healedMs: nowMs - beginMs, neededOperator };
      const seen = outside.map(({ name }) => name).join();
      if (seen !== last) [last, sinceMs] = [seen, nowMs];
      const isSettled = nowMs - sinceMs > SETTLED_MS;
      const isAnyInside = outside.length < this.#nodes.length;
      if (isSettled && isAnyInside && outside.every(({ disks }) => disks > 1)) {
        return { healedMs: sinceMs - beginMs, neededOperator };
      }
      // Only a lost disk can bind them for ever: until then whoever coordinates is but slow.
      const isLost = this.#faults.includes('wipe') && nowMs - beginMs > PATIENCE_MS;
      const bound = outside.filter(({ standing }) => standing.includes('empty the data dir'));
      if (isSettled && isLost && !isAnyInside && bound.length > 0) {
        neededOperator = true;
        await Promise.all(bound.map((node) => this.#kill(node)));
        for (const node of bound) {
          node.disks += 1;
          node.standing = '';
          this.#start(node);
        }
      }
      if (nowMs - beginMs > HEALED_MAX_MS) return { healedMs: null, neededOperator };
    }
  }

  #result(end: { healedMs: number | null; neededOperator: boolean }): FormingRoundResult {
    const clusters = [...this.#clusters];
    const isIn = ({ cluster }: Node): boolean => cluster !== null;
    const names = (nodes: readonly Node[]): string[] => nodes.map(({ name }) => name);
    const outside = names(this.#nodes.filter((node) => !isIn(node)));
    let problem: string | null = null;
    if (clusters.length > 1) problem = `two clusters: ${clusters.join(' and ')}`;
    else if (end.healedMs === null) problem = `not one cluster in time: ${outside.join()} outside`;
    return {
      way: this.#way,
      nodes: this.#nodes.length,
      faults: this.#faults,
      clusters,
      members: names(this.#nodes.filter(isIn)),
      outside,
      ...end,
      problem,
    };
  }
}
