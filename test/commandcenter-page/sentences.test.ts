// What the page says of a cluster, as sentences: the headline, what a node is, what is said aloud, and what it would do. A sentence
// may only tell what the message tells, so that each row changes one thing of a healthy cluster.
import { describe, expect, test } from 'vitest';

import { actionWords } from '../../src/commandcenter/page/action-words.js';
import { linksOf } from '../../src/commandcenter/page/links.js';
import { nodeSentence, pageTitle, reignAge, standing } from '../../src/commandcenter/page/words.js';
import type { ClusterMessage } from '../../src/commandcenter/feed.js';
import { DOWN, HELLO, message, node, PRIMARY, THREE } from './words.js';

const NOBODY = { view: { primary: null, nodes: [node('n1'), node('n2', { role: 'leader' })] } };
const WITHOUT_QUORUM = message(
  {
    quorum: false,
    leader: null,
    primary: null,
    failureTolerance: 0,
    nodes: [node('n1'), node('n2', DOWN), node('n3', DOWN)],
  },
  { isConfirmed: false, failures: null, leaseRemainingMs: null },
);

describe('the headline', () => {
  const rows: readonly [
    name: string,
    told: ClusterMessage,
    tone: string,
    title: string,
    detail: string,
  ][] = [
    [
      'of a healthy cluster',
      message(),
      'good',
      'n2 is primary since 3 min, epoch 17.',
      'Any one node may fail.',
    ],
    [
      'of five',
      message({ failureTolerance: 2 }),
      'good',
      'n2 is primary since 3 min, epoch 17.',
      'Any two nodes may fail.',
    ],
    [
      'with a node down',
      message(
        { failureTolerance: 0, nodes: [node('n1'), node('n2', PRIMARY), node('n3', DOWN)] },
        { failures: { mayFail: [], mustNotFail: ['n1', 'n2'], advice: ['Bring n3 back.'] } },
      ),
      'warn',
      'n2 is primary since 3 min, epoch 17.',
      'No further node may fail. n3 is down. Bring n3 back.',
    ],
    [
      'where some may fail and others must not',
      message({}, { failures: { mayFail: ['n3'], mustNotFail: ['n1', 'n2'], advice: [] } }),
      'good',
      'n2 is primary since 3 min, epoch 17.',
      'n3 may fail; n1 and n2 must not.',
    ],
    [
      'of a single node',
      message({ failureTolerance: 0, nodes: [node('n2', PRIMARY)] }),
      'good',
      'n2 is primary since 3 min, epoch 17.',
      'It is alone: add two nodes, and any one may fail.',
    ],
    [
      'without a quorum',
      WITHOUT_QUORUM,
      'bad',
      'No quorum: nothing can be written, and nobody is primary.',
      'n1 reaches 1 of 3 nodes, itself among them, and 2 are needed: it goes on by itself as soon as one of n2 or n3 is back. What is shown is what n1 knows by itself.',
    ],
    [
      'between two reigns',
      message(NOBODY.view),
      'warn',
      'Nobody is primary at the moment.',
      'n2 leads; it takes over once the lease of the last reign can no longer hold.',
    ],
    [
      'while reigns are paused and nobody reigns',
      message({ ...NOBODY.view, pausedBy: 'alice: rack 4' }),
      'warn',
      'Nobody is primary: automatic reigns are paused.',
      'n2 leads. Paused by alice: rack 4. Resume them, or name a primary.',
    ],
    [
      'while reigns are paused and somebody reigns',
      message({ pausedBy: 'alice' }),
      'good',
      'n2 is primary since 3 min, epoch 17.',
      'Any one node may fail. Automatic reigns are paused by alice: nobody follows n2 by itself.',
    ],
    [
      'with manual fail-over',
      message({ ...NOBODY.view, failover: 'manual' }),
      'warn',
      'Nobody is primary: fail-over is manual.',
      'n2 leads the log and waits for somebody to name a primary.',
    ],
    [
      'of a clean node that waits',
      message(
        {
          cluster: null,
          primary: null,
          nodes: [node('n1', { state: 'CLEAN', trouble: 'Waits for 2 more nodes.' })],
        },
        { own: { ...message().own, state: 'CLEAN' } },
      ),
      'idle',
      'n1 belongs to no cluster yet.',
      'Waits for 2 more nodes.',
    ],
    [
      'of a removed node',
      message({ nodes: [] }, { own: { ...message().own, state: 'REMOVED' } }),
      'bad',
      'n1 was removed from the cluster.',
      'What is shown is what it knew last.',
    ],
  ];
  test.each(rows)('%s', (_, told, tone, title, detail) => {
    const said = standing(HELLO, told, 180_000);
    expect(said).toMatchObject({ tone, title });
    expect(said.details.join(' ')).toBe(detail);
  });

  test('does not say since when where the reigns do not tell', () => {
    expect(standing(HELLO, message(), null).title).toBe('n2 is primary, epoch 17.');
    const reigns = { node: 'n1', stalenessMs: 0, reigns: [] };
    expect(reignAge(message(), { message: reigns, atMs: 0 }, 10)).toBeNull();
  });
});

test('a node is one sentence, with what is against it', () => {
  const lame = node('n3', { lagEntries: 12, ineligible: 'its health check fails' });
  expect(nodeSentence(lame, 'n2')).toBe(
    'n3: standby, 12 entries behind, heard 30 ms ago, up for 1 min, may not be primary: its health check fails.',
  );
  expect(nodeSentence(node('n2', PRIMARY), 'n2')).toBe('n2: primary, up for 1 min.');
});

test('the tab of the browser says who is primary, or why nobody is', () => {
  expect(pageTitle(null, null)).toBe('Quorate Command Center');
  expect(pageTitle(HELLO, message())).toBe('n2 is primary · Test');
  expect(pageTitle(HELLO, message({ primary: null }))).toBe('no primary · Test');
  expect(pageTitle(HELLO, WITHOUT_QUORUM)).toBe('no quorum · Test');
});

test('links are the leader’s, and without one those of the node that is asked', () => {
  const up = { from: 'n2', to: 'n1', isUp: true, lagEntries: 1200, lastContactMs: 40 };
  const cut = { from: 'n2', to: 'n3', isUp: false, lagEntries: 5, lastContactMs: 9000 };
  expect(linksOf(message({}, { links: [up, cut] }), 'n1')).toMatchObject([
    { isUp: true, label: '1\u202f200 behind · 40 ms' },
    { isUp: false, sentence: 'n2 has not heard n3 for 9 s' },
  ]);
  expect(linksOf(WITHOUT_QUORUM, 'n1').map(({ from, to, isUp }) => [from, to, isUp])).toEqual([
    ['n1', 'n2', false],
    ['n1', 'n3', false],
  ]);
  expect(linksOf(message({ nodes: THREE.slice(0, 1) }), 'n1')).toEqual([]);
});

test('only removing cannot simply be done the other way round', () => {
  const actions = ['set-primary', 'remove', 'pause', 'resume'] as const;
  const words = actions.map((action) => actionWords({ action, name: 'n3' }));
  expect(words.map(({ isGrave }) => isGrave)).toEqual([false, true, false, false]);
  expect(words[0]?.title).toBe('Make n3 primary');
});
