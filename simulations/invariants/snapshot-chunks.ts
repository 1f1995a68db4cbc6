// Who tells a leader how much of a snapshot it has stored was sent that much of that very snapshot by that leader, without a
// gap, since its process began. Else bytes of two snapshots are put together: most such are found to be no snapshot, and
// asked for again, but nothing says that all are.

import type { EntryId, NodeId } from '../../src/raft/types.js';
import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function snapshotChunks(): Invariant {
  /** By receiver, sender and snapshot: how many of its first bytes have come. */
  const come = new Map<Machine, Map<string, number>>();
  const keyOf = (from: NodeId, { index, term }: EntryId): string => `${from} ${index} ${term}`;
  return {
    booted(machine) {
      come.set(machine, new Map<string, number>());
    },
    received(machine, _process, from, message) {
      if (message.type !== 'installSnapshot') return;
      const { meta, offset, data } = message;
      const key = keyOf(from, meta.last);
      const bytes = come.get(machine)?.get(key) ?? 0;
      if (offset <= bytes) come.get(machine)?.set(key, Math.max(bytes, offset + data.length));
    },
    sent(from, to, message) {
      if (message.type !== 'installSnapshotResponse' || message.nextOffset === null) return;
      const { last, nextOffset } = message;
      const bytes = come.get(from)?.get(keyOf(to, last)) ?? 0;
      hold(nextOffset <= bytes, 'snapshot-chunks', () => {
        return `node ${from.id} tells node ${to} that it has ${nextOffset} bytes of the snapshot at ${last.index}, of which ${bytes} came`;
      });
    },
  };
}
