// The decision as a table: which cause follows from which notes, how sure it is, what speaks against it, and whether the log agrees.
// Beside it the order of the chain, and the sentence that people read first.

import { describe, expect, it } from 'vitest';

import { chainOf } from '../../src/explain/chain.js';
import { agrees, saidByLog } from '../../src/explain/causes.js';
import type { CauseKind } from '../../src/explain/causes.js';
import { decide } from '../../src/explain/decide.js';
import type { Certainty } from '../../src/explain/decide.js';
import type { NodeNotes, Story } from '../../src/explain/story.js';
import { durationOf, sentenceFor } from '../../src/explain/words.js';
import { ENDED } from '../../src/notebook/note.js';
import { BEFORE, note, reign, story, told } from './words.js';

const missed = told('n2', [
  note('n2', -1900, 'peerLost', { peer: 'n1', why: 'Connection dropped' }),
  note('n2', -800, 'askedToCampaign', { peer: 'n1', ms: 1200 }),
  note('n2', -750, 'elected', { term: 2, why: '2 of 3 voted for it' }),
]);
const n3 = told('n3', []);
const lost = note('n1', -1200, 'leaseLost');
const deposed = note('n1', -900, 'steppedDown', { why: 'a quorum was not heard' });
const started = (why: string): NodeNotes => {
  return told('n1', [note('n1', -9000, 'peerBack'), note('n1', 4000, 'started', { why })]);
};

interface Row {
  readonly what: string;
  readonly n1: NodeNotes;
  readonly others?: readonly NodeNotes[];
  readonly more?: Partial<Story>;
  readonly kind: CauseKind;
  readonly certainty: Certainty;
  readonly against?: RegExp;
}

const proven = { ...BEFORE, endedBy: 'proof' };
const saying = (cause: string): Partial<Story> => ({ before: proven, reign: reign({ cause }) });

const ROWS: readonly Row[] = [
  {
    what: 'a daemon that began anew without a goodbye was killed',
    n1: started(ENDED.unclean),
    kind: 'killed',
    certainty: 'certain',
  },
  {
    what: 'one on a machine that was started anew lost its machine',
    n1: started(ENDED.rebooted),
    kind: 'rebooted',
    certainty: 'certain',
  },
  {
    what: 'one that was stopped in order, and whose hand-over failed, was stopped',
    n1: started(ENDED.orderly),
    kind: 'shutdown',
    certainty: 'certain',
  },
  {
    what: 'a daemon that came back long after is explained all the same',
    n1: told('n1', [note('n1', 90_000, 'started', { why: ENDED.unclean })]),
    kind: 'killed',
    certainty: 'certain',
  },
  {
    what: 'a process that did not run for longer than the others wait was paused',
    n1: told('n1', [note('n1', 3000, 'paused', { ms: 4200 }), deposed]),
    kind: 'paused',
    certainty: 'certain',
  },
  {
    what: 'a pause that deposes nobody is no cause',
    n1: told('n1', [note('n1', -1500, 'paused', { ms: 600 }), lost, deposed]),
    kind: 'partition',
    certainty: 'certain',
  },
  {
    what: 'one that used the processor meanwhile was held up',
    n1: told('n1', [note('n1', 100, 'stalled', { ms: 1900 })]),
    kind: 'stalled',
    certainty: 'certain',
  },
  {
    what: 'a pause that ended in a kill is still a pause, and says so',
    n1: told('n1', [
      note('n1', 3000, 'paused', { ms: 4200 }),
      note('n1', 4000, 'started', { why: ENDED.unclean }),
    ]),
    kind: 'paused',
    certainty: 'certain',
    against: /started/,
  },
  {
    what: 'a sync that took too long was the disk, even if the word of it was lost',
    n1: told('n1', [note('n1', -900, 'syncOverdue', { ms: 1000 })]),
    kind: 'hungDisk',
    certainty: 'certain',
  },
  {
    what: 'a node that ran on, and lost its lease while the others missed it, was cut off',
    n1: told('n1', [lost, deposed]),
    kind: 'partition',
    certainty: 'certain',
  },
  {
    what: 'where nobody else noted that it missed it, that is only likely',
    n1: told('n1', [lost, deposed]),
    others: [told('n2', 'no answer'), told('n3', 'no answer')],
    kind: 'partition',
    certainty: 'likely',
  },
  {
    what: 'a node that noted nothing of it leaves the cause unknown',
    n1: told('n1', []),
    kind: 'unknown',
    certainty: 'unknown',
  },
  {
    what: 'a silent node whose machine refuses connections was most likely killed',
    n1: told('n1', '127.0.0.1:6001 did not answer'),
    others: [told('n2', [note('n2', -1900, 'peerLost', { peer: 'n1', why: 'refused' })]), n3],
    kind: 'killed',
    certainty: 'likely',
    against: /only its absence/,
  },
  {
    what: 'a silent node that nobody heard go is gone or cut off',
    n1: told('n1', '127.0.0.1:6001 took the request and did not answer in time'),
    kind: 'gone',
    certainty: 'unknown',
    against: /look alike/,
  },
  {
    what: 'a member that was removed since cannot be asked',
    n1: n3,
    others: [missed],
    kind: 'gone',
    certainty: 'unknown',
    against: /look alike/,
  },
  {
    what: 'the first reign has no cause before it',
    n1: told('n1', []),
    more: { before: null },
    kind: 'first',
    certainty: 'certain',
  },
  ...(
    [
      ['n1 asked by 127.0.0.1: new disks', 'handOver'],
      ['health-check on n1: db does not answer', 'healthCheck'],
      ['before-promotion on n1: no', 'hook'],
      ['n2 has a higher priority', 'priority'],
      ['n1 stops', 'shutdown'],
      ['n1 asked by 127.0.0.1 (the leader is removed)', 'removal'],
      ['AUTH failed on n1 3 times', 'processFailed'],
      ['a disk sync is overdue by an election timeout', 'hungDisk'],
    ] as const
  ).map(([cause, kind]): Row => {
    const what = `the log's word counts: ${cause}`;
    return { what, n1: told('n1', []), more: saying(cause), kind, certainty: 'certain' };
  }),
];

describe('The cause of a reign', () => {
  it.each(ROWS)('$what', ({ n1, others = [missed, n3], more, kind, certainty, against }) => {
    const verdict = decide(story([n1, ...others], more));
    expect([verdict.kind, verdict.certainty]).toEqual([kind, certainty]);
    expect(verdict.agreesWithLog).toBe(true);
    expect(verdict.evidence.length).toBeGreaterThan(0);
    expect(verdict.against.join('\n')).toMatch(against ?? /^$/);
  });

  it('contradicts the log only where the log says another', () => {
    expect(agrees('heard no leader in time', 'handOver')).toBe(false);
    expect(agrees('n1 stops', 'killed')).toBe(false);
    expect(agrees('words of a later version', 'killed')).toBe(true);
    expect(saidByLog('heard no leader in time')).toBeNull();
  });
});

describe('The chain', () => {
  it('is ordered by term first, then by time, and leaves out what is not of the story', () => {
    const n1 = told('n1', [
      note('n1', -60_000, 'peerBack'),
      note('n1', 500, 'steppedDown', { term: 1 }),
      note('n1', 700, 'followed', { term: 2, peer: 'n2' }),
      note('n1', 50_000, 'started', { term: 2, why: ENDED.unclean }),
      note('n1', 60_000, 'started', { term: 2, why: ENDED.unclean }),
    ]);
    const everyday = told('n3', [note('n3', -100, 'peerBack', { peer: 'n2' })]);
    const kinds = chainOf(story([missed, n1, everyday])).map(({ kind }) => kind);
    expect(kinds).toEqual([
      'peerLost',
      'askedToCampaign',
      'steppedDown',
      'elected',
      'followed',
      'started',
    ]);
  });
});

describe('The sentence', () => {
  it.each([
    ['certain', /because n1 was killed.*nobody was primary for about 2\.0 s\.$/],
    ['likely', /because n1 most likely was killed/],
  ] as const)('says how sure it is: %s', (certainty, words) => {
    const found = { kind: 'killed', certainty, evidence: [], against: [], agreesWithLog: true };
    expect(sentenceFor(reign(), BEFORE, { ...found, kind: 'killed' })).toMatch(words);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1250, '1.3 s'],
    [59_000, '59 s'],
    [61_000, '1 m 1 s'],
    [3_660_000, '1 h 1 m'],
  ])('tells %d ms as %s', (ms, text) => {
    expect(durationOf(ms)).toBe(text);
  });
});
