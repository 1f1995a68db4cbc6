// The pure parts that judge and show, as tables: contexts of calls, the lines of mon-cluster, and who may join, leave
// or take over. Each row changes one thing in a cluster of three that is well.
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import type { NodeStatusResponse__Output } from '../../src/generated/quorate/v1/NodeStatusResponse.js';
import type { NodeStatus } from '../../src/node/api.js';
import type { LogIndex, NodeId } from '../../src/raft/types.js';
import {
  bestSuccessor,
  judgeAdmission,
  whyNotRemoved,
  whyUnfit,
} from '../../src/service/admission.js';
import { contextFor, metadataFor, usableMs } from '../../src/service/call-context.js';
import { leaderView, localView, ownLine, toleranceOf } from '../../src/service/status-view.js';
import { configuration, installId, leaderStatus, member, peer, SELF } from './words.js';

function said(
  id: number,
  more: Partial<NodeStatusResponse__Output['node']> = {},
): [NodeId, NodeStatusResponse__Output] {
  const node = {
    id,
    name: `n${id}`,
    state: 'STANDBY' as const,
    role: 'FOLLOWER' as const,
    address: '',
    api: '',
    http: '',
    voter: true,
    commitIndex: 9,
    lastApplied: 8,
    uptimeMs: 77,
    version: '0.2.0',
    differs: [],
    tags: {},
    ...more,
  };
  const answer = {
    node,
    term: 2,
    epoch: 4,
    electionTimeoutMs: 1000,
    isPrimary: false,
    installId: installId(id),
    lastLogIndex: 10,
  };
  return [id as NodeId, answer];
}

function own(status: NodeStatus): Parameters<typeof leaderView>[0] {
  return { status, self: SELF, nowMs: 4000 };
}

function states(view: ReturnType<typeof leaderView>): unknown[] {
  return (view.nodes ?? []).map(({ name, state }) => [name, state]);
}

describe('the view of a leader', () => {
  test('takes contact from the leader and the rest from the answers', () => {
    const status = leaderStatus({ peers: [peer(2, 50, 7), peer(3, 60)] });
    const view = leaderView(own(status), new Map([said(2), said(3)]));
    expect(view).toMatchObject({ quorum: true, leader: 'n1', primary: 'n1', failureTolerance: 1 });
    expect(view.nodes?.[1]).toEqual({
      id: 2,
      name: 'n2',
      state: 'STANDBY',
      role: 'FOLLOWER',
      address: '127.0.0.1:6002',
      api: '127.0.0.1:7002',
      http: '',
      tags: {},
      voter: true,
      commitIndex: 9,
      lastApplied: 8,
      uptimeMs: 77,
      version: '0.2.0',
      lagEntries: 3,
      lastContactMs: 50,
    });
    expect(view.nodes?.[0]).toMatchObject({ name: 'n1', state: 'PRIMARY', uptimeMs: 3000 });
  });

  test('shows who is up without an API that answers, and leaves the unknown out', () => {
    const view = leaderView(own(leaderStatus()), new Map());
    expect(states(view)).toEqual([
      ['n1', 'PRIMARY'],
      ['n2', 'STANDBY'],
      ['n3', 'STANDBY'],
    ]);
    expect(view.nodes?.[1]?.commitIndex).toBeUndefined();
    expect(view.nodes?.[1]?.role).toBe('ROLE_UNSPECIFIED');
  });

  test('shows DOWN, DEGRADED, JOINING, and a leader that is not primary as STANDBY', () => {
    const status = leaderStatus({
      configuration: configuration([1, 2, 3, 4], [1, 2, 3]),
      peers: [peer(2, 1001), peer(3, 5000), peer(4, 10)],
      isPrimary: false,
    });
    const view = leaderView(own(status), new Map([said(3, { state: 'DEGRADED' })]));
    expect(view.primary).toBeUndefined();
    expect(view.failureTolerance).toBe(0);
    expect(states(view)).toEqual([
      ['n1', 'STANDBY'],
      ['n2', 'DOWN'],
      ['n3', 'DEGRADED'],
      ['n4', 'JOINING'],
    ]);
  });

  test('shows a node whose disk hangs as DEGRADED, and does not count on it', () => {
    const status = leaderStatus({ isDiskOverdue: true });
    expect(states(leaderView(own(status), new Map()))[0]).toEqual(['n1', 'DEGRADED']);
    const view = leaderView(
      own(leaderStatus()),
      new Map([said(2), said(3, { state: 'DEGRADED' })]),
    );
    expect(states(view)).toEqual([
      ['n1', 'PRIMARY'],
      ['n2', 'STANDBY'],
      ['n3', 'DEGRADED'],
    ]);
    expect(view.failureTolerance).toBe(0);
  });

  test('says of a member that it found set back what to do, whatever that one answers', () => {
    const status = leaderStatus({ peers: [peer(2, 10)], setBack: [3 as NodeId] });
    const trouble =
      'its disk was set back: replace it by a clean node: cluster-replace-node n3 ADDRESS';
    for (const answers of [new Map(), new Map([said(3, { state: 'STANDBY' })])]) {
      const view = leaderView(own(status), answers);
      expect(view.nodes?.[2]).toMatchObject({ name: 'n3', state: 'DEGRADED', trouble });
      expect(view.failureTolerance).toBe(0);
    }
  });

  test('passes on what a member says is wrong with it', () => {
    const answers = new Map([said(3, { state: 'DEGRADED', trouble: 'its disk failed' })]);
    const view = leaderView(own(leaderStatus()), answers);
    expect(view.nodes?.map(({ trouble }) => trouble)).toEqual([
      undefined,
      undefined,
      'its disk failed',
    ]);
  });

  test.each([
    [
      'set back',
      { condition: 'degraded', trouble: 'setBack' },
      /set back.*cluster-replace-node n1 /,
    ],
    [
      'failed',
      { condition: 'degraded', trouble: 'diskFailed' },
      /disk failed.*cluster-replace-node n1 /,
    ],
    ['hangs', { isDiskOverdue: true }, /does not answer/],
    ['was removed', { condition: 'removed' }, /removed.*empty data directory/],
  ] as const)('says in its own line that it %s', (_what, more, says) => {
    expect(ownLine(own(leaderStatus(more))).trouble).toMatch(says);
  });

  test('counts a member that it has not heard yet by its answer', () => {
    const status = leaderStatus({ peers: [peer(2, null), peer(3, null)] });
    const view = leaderView(own(status), new Map([said(2)]));
    expect(states(view).slice(1)).toEqual([
      ['n2', 'STANDBY'],
      ['n3', 'DOWN'],
    ]);
  });
});

describe('the view without a leader', () => {
  test('has no quorum and no primary, and says who answers', () => {
    const status = leaderStatus({ role: 'candidate', leaderId: null, isPrimary: false, peers: [] });
    const view = localView(own(status), new Map([said(2)]));
    expect(view).toMatchObject({ quorum: false, failureTolerance: 0, epoch: 4 });
    expect(view.leader).toBeUndefined();
    expect(view.primary).toBeUndefined();
    expect(states(view)).toEqual([
      ['n1', 'STANDBY'],
      ['n2', 'STANDBY'],
      ['n3', 'DOWN'],
    ]);
  });

  test('of a removed node shows the node itself too', () => {
    const status = leaderStatus({ condition: 'removed', configuration: configuration([2, 3]) });
    expect(states(localView(own(status), new Map()))[0]).toEqual(['n1', 'REMOVED']);
  });
});

test.each([
  { name: 'three of three', voters: [1, 2, 3], outgoing: null, up: [1, 2, 3], expected: 1 },
  { name: 'two of three', voters: [1, 2, 3], outgoing: null, up: [1, 2], expected: 0 },
  { name: 'one of three', voters: [1, 2, 3], outgoing: null, up: [1], expected: 0 },
  { name: 'four of four', voters: [1, 2, 3, 4], outgoing: null, up: [1, 2, 3, 4], expected: 1 },
  {
    name: 'five of five',
    voters: [1, 2, 3, 4, 5],
    outgoing: null,
    up: [1, 2, 3, 4, 5],
    expected: 2,
  },
  { name: 'the worse half', voters: [1, 2, 3], outgoing: [1, 2], up: [1, 2, 3], expected: 0 },
])('failure tolerance: $name', ({ voters, outgoing, up, expected }) => {
  const ids = [...new Set([...voters, ...(outgoing ?? [])])];
  const isUp = (id: NodeId): boolean => up.includes(Number(id));
  expect(toleranceOf(configuration(ids, voters, outgoing), isUp)).toBe(expected);
});

describe('admission', () => {
  const rows: readonly {
    name: string;
    id: number;
    more?: object;
    cluster?: string;
    verdict: string;
  }[] = [
    { name: 'a newcomer', id: 4, verdict: 'due' },
    { name: 'the same node again', id: 2, verdict: 'done' },
    { name: 'another cluster name', id: 4, cluster: 'other', verdict: 'CLUSTER_NAME_MISMATCH' },
    { name: 'a copied id', id: 2, more: { installId: installId(9) }, verdict: 'NODE_ID_TAKEN' },
    {
      name: 'a member that moved',
      id: 2,
      more: { address: '127.0.0.1:1' },
      verdict: 'ALREADY_MEMBER',
    },
    { name: 'a name that is taken', id: 4, more: { name: 'n2' }, verdict: 'NAME_TAKEN' },
    {
      name: 'an address that is taken',
      id: 4,
      more: { address: '127.0.0.1:6002' },
      verdict: 'ADDRESS_TAKEN',
    },
    {
      name: 'one that was removed, with the data directory that it had',
      id: 5,
      verdict: 'NODE_ID_TAKEN',
    },
    {
      name: 'one whose software does not speak the feature level',
      id: 4,
      more: { featureMin: 2, featureMax: 3 },
      verdict: 'UNSPOKEN_LEVEL',
    },
    {
      name: 'an API that is taken',
      id: 4,
      more: { api: '127.0.0.1:7002' },
      verdict: 'ADDRESS_TAKEN',
    },
  ];

  test.each(rows)('$name: $verdict', ({ id, more = {}, cluster = 'test', verdict }) => {
    const judged = judgeAdmission(leaderStatus(), member(id, more), cluster, id === 5);
    expect(judged.type === 'refuse' ? judged.error.code : judged.type).toBe(verdict);
  });
});

describe('removal', () => {
  const five = configuration([1, 2, 3, 4, 5]);
  const ups = [peer(2, 10), peer(3, 10), peer(4, 10)];
  const oneDown = leaderStatus({ configuration: five, peers: [...ups, peer(5, 5000)] });
  const rows: readonly {
    name: string;
    status: NodeStatus;
    id: number;
    isForced?: boolean;
    code: ErrorCode | null;
  }[] = [
    { name: 'one of three that are up', status: leaderStatus(), id: 2, code: null },
    {
      name: 'the one that is down',
      status: leaderStatus({ peers: [peer(2, 10), peer(3, 5000)] }),
      id: 3,
      code: null,
    },
    {
      name: 'one that is up, the other being down',
      status: leaderStatus({ peers: [peer(2, 10), peer(3, 5000)] }),
      id: 2,
      isForced: true,
      code: 'WOULD_LOSE_QUORUM',
    },
    {
      name: 'the last voter',
      status: leaderStatus({ configuration: configuration([1]), peers: [] }),
      id: 1,
      isForced: true,
      code: 'WOULD_LOSE_QUORUM',
    },
    { name: 'an up one before the down one', status: oneDown, id: 2, code: 'WOULD_LOSE_TOLERANCE' },
    { name: 'the same by force', status: oneDown, id: 2, isForced: true, code: null },
    { name: 'the down one first', status: oneDown, id: 5, code: null },
    {
      name: 'a learner',
      status: leaderStatus({ configuration: configuration([1, 2], [1]), peers: [] }),
      id: 2,
      code: null,
    },
  ];

  test.each(rows)('$name: $code', ({ status, id, isForced = false, code }) => {
    const error = whyNotRemoved(status, member(id), isForced);
    expect(error?.code ?? null).toBe(code);
  });

  test('names the member that should go first', () => {
    expect(whyNotRemoved(oneDown, member(2), false)?.hint).toContain('Remove n5');
  });
});

describe('taking over', () => {
  test.each([
    { name: 'a voter in contact', id: 2, more: {}, says: null },
    { name: 'the leader itself', id: 1, more: {}, says: null },
    { name: 'one not heard', id: 2, more: { peers: [peer(2, 2000)] }, says: /DOWN/ },
    { name: 'one never heard', id: 2, more: { peers: [peer(2, null)] }, says: /DOWN/ },
    {
      name: 'one far behind',
      id: 2,
      more: { lastLogIndex: 1000 as LogIndex },
      says: /990 entries behind/,
    },
    {
      name: 'a learner',
      id: 2,
      more: { configuration: configuration([1, 2, 3], [1, 3]) },
      says: /learner/,
    },
  ])('$name', ({ id, more, says }) => {
    const error = whyUnfit(leaderStatus(more), member(id));
    expect(error === null).toBe(says === null);
    expect(error?.message ?? '').toMatch(says ?? /^$/);
    expect(error?.code ?? 'TARGET_UNFIT').toBe('TARGET_UNFIT');
  });

  test('goes to the voter with most of the log, the lowest id among equals', () => {
    expect(bestSuccessor(leaderStatus())).toBe(2);
    expect(bestSuccessor(leaderStatus({ peers: [peer(2, 10, 8), peer(3, 10, 9)] }))).toBe(3);
    expect(bestSuccessor(leaderStatus({ peers: [peer(2, 2000), peer(3, null)] }))).toBeNull();
  });
});

describe('the context of a call', () => {
  const peer = '127.0.0.1:5';
  const base = { method: 'm', deadline: Infinity, metadata: new Metadata(), peer, caller: null };

  test.each([
    { name: 'no deadline', remainingMs: Infinity, expected: 9500 },
    { name: 'a second', remainingMs: 1000, expected: 920 },
    { name: 'a moment', remainingMs: 40, expected: 30 },
    { name: 'none left', remainingMs: -5, expected: 0 },
    { name: 'an hour', remainingMs: 3_600_000, expected: 57_000 },
  ])('with $name keeps a margin for its answer', ({ remainingMs, expected }) => {
    expect(usableMs(remainingMs)).toBe(expected);
    const context = contextFor({ ...base, deadline: 5000 + remainingMs }, 5000, 70);
    expect(context.deadlineMs).toBe(70 + expected);
  });

  test.each([
    { peer: '10.1.2.3:4567', who: '10.1.2.3' },
    { peer: '[::1]:4567', who: '::1' },
  ])('names the caller at $peer without a port', ({ peer: address, who }) => {
    expect(contextFor({ ...base, peer: address }, 0, 0).who).toBe(who);
  });

  test('draws a request id and keeps one that was given, through a forward', () => {
    expect(contextFor(base, 0, 0).requestId).toMatch(/^[0-9a-f]{16}$/);
    const metadata = new Metadata();
    metadata.set('x-request-id', 'req-1');
    const context = contextFor({ ...base, metadata }, 0, 0);
    const forwarded = metadataFor(context, 2 as NodeId, true);
    const there = contextFor({ ...base, peer: '10.0.0.2:1', metadata: forwarded }, 0, 0);
    expect(there).toMatchObject({
      requestId: 'req-1',
      who: '127.0.0.1',
      forwards: 1,
      viaNodeId: 2,
      mayForward: true,
    });
    const again = contextFor({ ...base, metadata: metadataFor(there, 3 as NodeId, true) }, 0, 0);
    expect(again).toMatchObject({ forwards: 2, viaNodeId: 2, mayForward: false });
  });

  test.each([
    { name: 'anybody without TLS', caller: null, who: 'Jörg 100%', via: 7 },
    { name: 'a node', caller: { name: 'n2', isNode: true }, who: 'Jörg 100%', via: 7 },
    { name: 'nobody else', caller: { name: 'eve', isNode: false }, who: 'eve', via: null },
  ])('believes $name about who asked whom', ({ caller, who, via }) => {
    const asked = contextFor({ ...base, caller: { name: 'Jörg 100%', isNode: false } }, 0, 0);
    expect(asked).toMatchObject({ who: 'Jörg 100%', identity: { name: 'Jörg 100%' } });
    const metadata = metadataFor(asked, 7 as NodeId, true);
    const there = contextFor({ ...base, metadata, caller }, 0, 0);
    expect(there).toMatchObject({ who, viaNodeId: via, forwards: 1 });
    expect(there.identity).toEqual(caller === null ? null : { name: who });
  });

  test.each(['%', '%ff', 'a%0Ab', '', 'x'.repeat(5000)])('takes %j for no name', (text) => {
    const metadata = new Metadata();
    metadata.set('x-quorate-who', text);
    expect(contextFor({ ...base, metadata }, 0, 0).who).toBe('127.0.0.1');
  });

  test('is not forwarded when it asks so', () => {
    const metadata = new Metadata();
    metadata.set('x-quorate-no-forward', '1');
    expect(contextFor({ ...base, metadata }, 0, 0).mayForward).toBe(false);
  });
});
