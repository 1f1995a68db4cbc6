// Network namespaces on one bridge, a machine each, as a small site would have them: multicast and all else passes between them,
// any of them can be unplugged, or plugged into a second bridge with others, and the test itself has a place on the first. Needs
// root and `ip` of iproute2 on Linux.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What RFC 2544 sets aside for measuring networks. */
const PREFIX = '198.19';

export interface Place {
  readonly namespace: string;
  readonly address: string;
  readonly port: string;
}

export class Bridge {
  readonly places: readonly Place[];
  /** Of the test itself. */
  readonly address: string;
  readonly #name: string;
  /** What hears nothing of the first, nor of the test. */
  readonly #other: string;

  private constructor(count: number, id: number) {
    const net = `${PREFIX}.${id % 250}`;
    this.#name = `qb${id}`;
    this.#other = `qc${id}`;
    this.address = `${net}.254`;
    this.places = Array.from({ length: count }, (_, at) => {
      return {
        namespace: `quorate-${id}-${at}`,
        address: `${net}.${at + 1}`,
        port: `q${id}p${at}`,
      };
    });
  }

  /** Makes them all. Fails, with nothing left behind, if this machine does not allow it. */
  static create(count: number, id = process.pid): Bridge {
    const made = new Bridge(count, id);
    try {
      made.#build();
    } catch (cause) {
      made.remove();
      throw new Error('cannot make network namespaces: this needs root, and `ip` of iproute2', {
        cause,
      });
    }
    return made;
  }

  /** Takes a machine's cable out, or puts it back. */
  plug({ port }: Place, isIn: boolean): void {
    ip(`link set ${port} ${isIn ? 'up' : 'down'}`);
  }

  /** Moves a machine's cable to the second bridge, or back. */
  move({ port }: Place, isAway: boolean): void {
    ip(`link set ${port} master ${isAway ? this.#other : this.#name}`);
  }

  /** Removes all; whatever runs in them must have ended. */
  remove(): void {
    for (const { namespace } of this.places) {
      quietly(() => ip(`netns del ${namespace}`));
      rmSync(resolverOf(namespace), { recursive: true, force: true });
    }
    for (const name of [this.#name, this.#other]) quietly(() => ip(`link del ${name}`));
  }

  #build(): void {
    ip(`link add ${this.#name} type bridge mcast_snooping 0`);
    ip(`addr add ${this.address}/24 dev ${this.#name}`);
    ip(`link set ${this.#name} up`);
    ip(`link add ${this.#other} type bridge mcast_snooping 0`);
    ip(`link set ${this.#other} up`);
    for (const { namespace, address, port } of this.places) {
      ip(`netns add ${namespace}`);
      ip(`link add ${port} type veth peer name eth0 netns ${namespace}`);
      ip(`link set ${port} master ${this.#name} up`);
      ip(`-n ${namespace} link set lo up`);
      ip(`-n ${namespace} addr add ${address}/24 dev eth0`);
      ip(`-n ${namespace} link set eth0 up`);
      // `ip netns exec` puts it in the place of the machine's own.
      mkdirSync(resolverOf(namespace), { recursive: true });
      const lines = `nameserver ${this.address}\noptions timeout:1 attempts:1\n`;
      writeFileSync(join(resolverOf(namespace), 'resolv.conf'), lines);
    }
  }
}

function resolverOf(namespace: string): string {
  return join('/etc/netns', namespace);
}

function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // It was never made.
  }
}

function ip(words: string): void {
  execFileSync('ip', words.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] });
}
