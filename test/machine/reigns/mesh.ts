// A bridge of network namespaces whose members can be cut apart pair by pair and one way only, while the test itself still reaches
// all. Packets are dropped where they arrive, silently, by their sender's address.

import { execFileSync } from 'node:child_process';

import type { DaemonPlace } from '../../supervisor/real-daemons.js';
import type { Cuts } from '../../supervisor/reign-rounds.js';
import { Bridge } from '../forming/bridge.js';
import type { Place } from '../forming/bridge.js';

const DROP_RULE = 'pref 10';

export class Mesh implements Cuts {
  readonly #bridge: Bridge;
  readonly #dropped: (() => void)[] = [];

  /** Fails, with nothing left behind, if this machine does not allow it. */
  constructor(count: number) {
    this.#bridge = Bridge.create(count);
    for (const { namespace } of this.#bridge.places) {
      // Established connections, and what is for the namespace itself, would otherwise skip the rules.
      const early = 'echo 0 > /proc/sys/net/ipv4/tcp_early_demux';
      execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-c', early]);
      ip(`-n ${namespace} rule add pref 100 lookup local`);
      ip(`-n ${namespace} rule del pref 0`);
    }
  }

  /** Where the daemons n1, n2, … run. */
  get places(): DaemonPlace[] {
    return this.#bridge.places.map(({ namespace, address }) => {
      return { address, prefix: ['ip', 'netns', 'exec', namespace] };
    });
  }

  cut(at: string, from: string): void {
    const { namespace } = this.#placeOf(at);
    const rule = `${DROP_RULE} from ${this.#placeOf(from).address} iif eth0 blackhole`;
    ip(`-n ${namespace} rule add ${rule}`);
    this.#dropped.push(() => ip(`-n ${namespace} rule del ${rule}`));
  }

  heal(): void {
    for (const mend of this.#dropped.splice(0)) mend();
  }

  /** Removes all; whatever runs in it must have ended. */
  close(): void {
    this.#bridge.remove();
  }

  #placeOf(name: string): Place {
    const place = this.#bridge.places[Number(name.slice(1)) - 1];
    if (place === undefined) throw new Error(`there is no place for ${name}`);
    return place;
  }
}

function ip(words: string): void {
  execFileSync('ip', words.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] });
}
