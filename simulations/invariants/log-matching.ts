// If two logs hold an entry with the same index and term, they are identical up to it (Raft Fig. 3, §5.3). It is enough
// that an entry of a given index and term has one content and one predecessor for ever: the rest follows by induction.
// This also catches a leader that writes two entries at one index in its term, on any disk, ever.

import { encodeEntry } from '../../src/codec/entry-codec.js';
import { indexPlus } from '../../src/raft/types.js';
import type { Entry } from '../../src/raft/types.js';
import { digestOfBytes } from '../digest.js';
import type { History } from '../history.js';
import type { Sight } from '../sight.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

export function logMatching(world: World, history: History): Invariant {
  const check = ({ machine, state }: Sight, entry: Entry): void => {
    const digest = digestOfBytes(encodeEntry(entry));
    const prevTerm = state.log.termAt(indexPlus(entry.index, -1));
    const fact = history.entry(entry);
    if (fact === null) {
      history.noteEntry(entry, { digest, prevTerm, bornUs: world.nowUs });
      return;
    }
    hold(fact.digest === digest, 'log-matching', () => {
      return `node ${machine.id} holds another content at index ${entry.index} of term ${entry.term} than was seen before`;
    });
    if (prevTerm === null || fact.prevTerm === null) return;
    hold(fact.prevTerm === prevTerm, 'log-matching', () => {
      return `before entry ${entry.index} of term ${entry.term}, node ${machine.id} holds term ${prevTerm}, another node term ${fact.prevTerm}`;
    });
  };
  return {
    changed(sight) {
      for (const entry of sight.appended) check(sight, entry);
    },
  };
}
