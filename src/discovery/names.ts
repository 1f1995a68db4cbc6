// Peer addresses that were configured, and all addresses of the names among them, resolved again every few seconds so that a
// name may begin to stand for another machine. A name that does not resolve is said once, until it does; the addresses that
// it had stay meanwhile.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatAddress } from '../address.js';
import type { Address } from '../address.js';
import type { LoggerPort } from '../node/ports.js';

const RESOLVE_EVERY_MS = 5000;
/** Addresses of one name that are asked. */
const ADDRESSES_MAX = 64;

export class Names {
  readonly #targets: readonly Address[];
  /** TLS may know a peer by its name only, so that the name is dialled too. */
  readonly #keepNames: boolean;
  readonly #log: LoggerPort;
  /** By target. */
  readonly #found = new Map<string, readonly Address[]>();
  readonly #complained = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(targets: readonly Address[], keepNames: boolean, log: LoggerPort) {
    this.#targets = targets;
    this.#keepNames = keepNames;
    this.#log = log;
    for (const target of targets) {
      const isNumeric = isIP(target.host) !== 0;
      if (isNumeric || keepNames) this.#found.set(formatAddress(target), [target]);
    }
    if (targets.some(({ host }) => isIP(host) === 0)) void this.#resolve();
  }

  get addresses(): Address[] {
    return [...this.#found.values()].flat();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #resolve(): Promise<void> {
    const names = this.#targets.filter(({ host }) => isIP(host) === 0);
    await Promise.all(names.map((target) => this.#resolveOne(target)));
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#resolve(), RESOLVE_EVERY_MS);
  }

  async #resolveOne(target: Address): Promise<void> {
    const { host, port } = target;
    try {
      const all = await lookup(host, { all: true, verbatim: true });
      const addresses = all.slice(0, ADDRESSES_MAX).map(({ address }) => ({ host: address, port }));
      this.#found.set(formatAddress(target), this.#keepNames ? [target, ...addresses] : addresses);
      this.#complained.delete(host);
    } catch (error) {
      if (this.#complained.has(host) || this.#isClosed) return;
      this.#complained.add(host);
      const detail = error instanceof Error ? error.message : String(error);
      this.#log.warn({ host, detail }, 'a name to connect to does not resolve; it is tried again');
    }
  }
}
