// Where the nodes of a torture run are: on the machine itself, or, so that they can be cut apart, the first at the left end of a
// cable and the others at its right end, each end a network namespace (test/machine/partition). Whoever tests reaches all of them.

import type { NodePlace } from '../../../cli/demo/cluster.js';
import { Namespaces } from '../partition/namespaces.js';

const PORT_FIRST = 6000;
const PORT_STEP = 10;
const HTTP_PORT = 8080;

/** Which direction of the cable carries nothing: what arrives at the first node, at the others, or anything. */
export type Cut = 'left' | 'right' | 'both';

export class Places {
  readonly #namespaces: Namespaces;
  readonly #onExit = (): void => this.#namespaces.remove();

  /** Makes the namespaces. Fails if this machine does not allow it. */
  constructor() {
    this.#namespaces = Namespaces.create();
    process.once('exit', this.#onExit);
  }

  /** Where the node at this place runs, by what its peers reach it and by what the machine does. */
  placeOf(at: number): NodePlace {
    const { left, right } = this.#namespaces;
    const side = at === 0 ? left : right;
    const port = PORT_FIRST + at * PORT_STEP;
    return {
      address: `${side.address}:${port}`,
      api: `${side.apiAddress}:${port + 1}`,
      http: `127.0.0.1:${HTTP_PORT + at}`,
      apiForMembers: `${side.address}:${port + 1}`,
      prefix: ['ip', ...this.#namespaces.inside(side, [])],
      more: ['--api', `0.0.0.0:${port + 1}`, '--insecure'],
    };
  }

  cut(which: Cut): void {
    const { left, right } = this.#namespaces;
    if (which !== 'right') this.#namespaces.cut(left);
    if (which !== 'left') this.#namespaces.cut(right);
  }

  heal(): void {
    this.#namespaces.heal();
  }

  /** Removes the namespaces; whatever runs in them must have ended. */
  close(): void {
    this.#onExit();
    process.off('exit', this.#onExit);
  }
}
