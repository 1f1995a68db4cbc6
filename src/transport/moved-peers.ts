// Members that restarted elsewhere than their row in the configuration says. What a member tells in its greeting is believed
// until its row is changed, and so is where discovery has met it, so that it can be answered, vote and be led meanwhile, also
// where its own vote is needed to change the row. Decides only; it connects nothing.

import { formatAddress } from '../address.js';
import type { Address } from '../address.js';
import type { Member, NodeId } from '../raft/types.js';
import type { Hello } from './handshake.js';

interface Moved {
  /** Address in the row that it contradicts. */
  readonly row: string;
  readonly address: Address;
}

export class MovedPeers {
  readonly #rows = new Map<NodeId, Member>();
  readonly #moved = new Map<NodeId, Moved>();

  /** Takes the rows of the configuration in force; what was told against a row that has changed is forgotten. */
  setRows(members: readonly Member[]): void {
    this.#rows.clear();
    for (const member of members) this.#rows.set(member.id, member);
    for (const [id, { row }] of this.#moved) {
      if (this.#rows.get(id)?.address !== row) this.#moved.delete(id);
    }
  }

  /**
   * Takes a greeting that was accepted; answers where the member is reached from now on, null: where it was. It counts
   * for the data directory of that member only, and never with an address that is another member's.
   */
  greeted({ from, fromAddress }: Hello, address: Address): Address | null {
    const row = this.#rows.get(from.id);
    if (row === undefined || row.installId !== from.installId) return null;
    const isTaken = [...this.#rows.values()].some(
      (other) => other.id !== from.id && this.#placeOf(other) === fromAddress,
    );
    if (isTaken) return null;
    this.#note(row, address);
    return address;
  }

  /** Takes where a member was met; whoever else had that address by its row is there no more. */
  met(id: NodeId, address: Address): void {
    const row = this.#rows.get(id);
    if (row !== undefined) this.#note(row, address);
  }

  /** Where the member is reached against its row; null: where the row says. */
  addressOf(id: NodeId): Address | null {
    return this.#moved.get(id)?.address ?? null;
  }

  #placeOf({ id, address }: Member): string {
    const moved = this.addressOf(id);
    return moved === null ? address : formatAddress(moved);
  }

  #note({ id, address: row }: Member, address: Address): void {
    if (formatAddress(address) === row) this.#moved.delete(id);
    else this.#moved.set(id, { row, address });
  }
}
