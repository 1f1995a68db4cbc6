// Two network namespaces joined by a pair of virtual interfaces, each also joined to the machine, so that daemons in them
// can be cut off from each other while whoever tests still reaches both. Packets are dropped where they arrive: a drop
// at the sender is told to TCP, which then behaves unlike in a real partition. Needs root and `ip` of iproute2 on Linux.

import { execFileSync } from 'node:child_process';

/** One side of the cut. */
export interface Side {
  /** Of the namespace. */
  readonly name: string;
  /** By which the other side reaches it; this path is cut. */
  readonly address: string;
  /** By which the machine reaches it; never cut. */
  readonly apiAddress: string;
}

/** Of traffic between the sides only, and looked up before the machine's own addresses. */
const DROP_RULE = 'pref 10';
/** What RFC 2544 sets aside for measuring networks. */
const PREFIX = '198.18';

export class Namespaces {
  readonly left: Side;
  readonly right: Side;
  readonly #cable: Readonly<Record<'left' | 'right', string>>;
  readonly #cut = new Set<Side>();

  private constructor(id: number) {
    const side = (which: 'left' | 'right', at: number): Side => ({
      name: `quorate-${id}-${which}`,
      address: `${PREFIX}.${id % 250}.${at}`,
      apiAddress: `${PREFIX}.${id % 250}.${64 + 4 * at + 2}`,
    });
    this.left = side('left', 1);
    this.right = side('right', 2);
    this.#cable = { left: `q${id}l`, right: `q${id}r` };
  }

  /** Makes both namespaces. Fails, with nothing left behind, if this machine does not allow it. */
  static create(id = process.pid): Namespaces {
    const made = new Namespaces(id);
    try {
      made.#build();
    } catch (cause) {
      made.remove();
      const message = 'cannot make network namespaces: this needs root, and `ip` of iproute2';
      throw new Error(message, { cause });
    }
    return made;
  }

  /** Drops everything that arrives at this side from the other, silently. */
  cut(side: Side): void {
    if (this.#cut.has(side)) return;
    this.#cut.add(side);
    ip(`-n ${side.name} rule add ${DROP_RULE} iif ${this.#cableOf(side)} blackhole`);
  }

  /** Lets everything through again. */
  heal(): void {
    for (const side of this.#cut) ip(`-n ${side.name} rule del ${DROP_RULE}`);
    this.#cut.clear();
  }

  /** Arguments that run a command in the namespace; the process is the command itself. */
  inside(side: Side, command: readonly string[]): string[] {
    return ['netns', 'exec', side.name, ...command];
  }

  /** Removes both; whatever runs in them must have ended. */
  remove(): void {
    for (const { name } of [this.left, this.right]) {
      try {
        ip(`netns del ${name}`);
      } catch {
        // It was never made.
      }
    }
  }

  #build(): void {
    const { left, right } = this;
    for (const { name } of [left, right]) ip(`netns add ${name}`);
    const [there, here] = [`name ${this.#cable.right} netns ${right.name}`, this.#cable.left];
    ip(`link add ${here} netns ${left.name} type veth peer ${there}`);
    for (const side of [left, right]) {
      const cable = this.#cableOf(side);
      ip(`-n ${side.name} link set lo up`);
      ip(`-n ${side.name} addr add ${side.address}/26 dev ${cable}`);
      ip(`-n ${side.name} link set ${cable} up`);
      const outside = `${cable}m`;
      ip(`link add ${outside} type veth peer name ${outside} netns ${side.name}`);
      ip(`addr add ${before(side.apiAddress)}/30 dev ${outside}`);
      ip(`link set ${outside} up`);
      ip(`-n ${side.name} addr add ${side.apiAddress}/30 dev ${outside}`);
      ip(`-n ${side.name} link set ${outside} up`);
      // Established connections would otherwise skip the rules.
      inside(side.name, ['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/tcp_early_demux']);
      ip(`-n ${side.name} rule add pref 100 lookup local`);
      ip(`-n ${side.name} rule del pref 0`);
    }
  }

  #cableOf(side: Side): string {
    return side === this.left ? this.#cable.left : this.#cable.right;
  }
}

function before(address: string): string {
  return address.replace(/\d+$/, (last) => String(Number(last) - 1));
}

function ip(words: string): void {
  execFileSync('ip', words.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] });
}

function inside(namespace: string, command: readonly string[]): void {
  execFileSync('ip', ['netns', 'exec', namespace, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
