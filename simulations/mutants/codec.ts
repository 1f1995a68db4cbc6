// Planted bugs of the codecs: what does not survive the wire or the disk although every checksum fits. Each is the smallest change of text that plants what a real system
// once did, or could; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const CODEC: readonly Mutant[] = [
  {
    name: 'vote-not-stored',
    what: 'the vote is not part of the stored hard state',
    changes: [
      {
        file: 'src/codec/record-codec',
        find: 'return seal(RECORD_KIND.hardState, [term, votedFor]);',
        replace: 'return seal(RECORD_KIND.hardState, [term, votedFor === null ? votedFor : null]);',
      },
    ],
  },
  {
    name: 'flags-swapped',
    what: 'pre-vote and hand-over change places in a request for votes',
    changes: [
      {
        file: 'src/codec/message-codec',
        find: 'return [term, preVote, transfer, last.term, last.index];',
        replace: 'return [term, transfer, preVote, last.term, last.index];',
      },
    ],
  },
  {
    name: 'candidate-log-unsaid',
    what: 'a request for votes names no term of the last entry',
    changes: [
      {
        file: 'src/codec/message-codec',
        find: 'return [term, preVote, transfer, last.term, last.index];',
        replace: 'return [term, preVote, transfer, term, last.index];',
      },
    ],
  },
  {
    name: 'round-unsaid',
    what: 'an answer names no round',
    changes: [
      {
        file: 'src/codec/message-codec',
        find: 'return [term, round, ...outcomeFields(outcome), unfit ?? null];',
        replace: 'return [term, round * 0, ...outcomeFields(outcome), unfit ?? null];',
      },
    ],
  },
];
