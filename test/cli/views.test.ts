// The objects that scripts rely on, key by key, and the tables that people read. Unknown is null, never zero.
import { describe, expect, test } from 'vitest';

import { styleFor } from '../../cli/format.js';
import { sessionLines, sessionTable, sessionView } from '../../cli/session-view.js';
import { changeKey, clusterLines } from '../../cli/status-view.js';
import { clusterView } from '../../src/client/cluster-view.js';
import type { Node__Output as Node } from '../../src/generated/quorate/v1/Node.js';
import type { StatusResponse__Output as Status } from '../../src/generated/quorate/v1/StatusResponse.js';

const plain = styleFor({ isTTY: false });

const LEADER: Node = {
  name: 'n1',
  state: 'PRIMARY',
  role: 'LEADER',
  address: '127.0.0.1:6000',
  api: '127.0.0.1:6001',
  http: '127.0.0.1:8080',
  commitIndex: 14,
  lastApplied: 14,
  lagEntries: 0,
  lastContactMs: 0,
  version: '0.1.0',
  uptimeMs: 62_000,
  id: 1,
  voter: true,
  differs: [],
  tags: {},
};
const GONE: Node = {
  name: 'n2',
  state: 'DOWN',
  role: 'ROLE_UNSPECIFIED',
  address: '127.0.0.1:6010',
  api: '127.0.0.1:6011',
  http: '',
  id: 2,
  voter: true,
  differs: [],
  tags: {},
};
const WELL: Status = {
  cluster: 'quorate',
  clusterId: 'ab12',
  quorum: true,
  term: 3,
  leader: 'n1',
  primary: 'n1',
  epoch: 7,
  manual: false,
  failureTolerance: 1,
  nodes: [LEADER, GONE],
  featureLevel: 1,
  heldBackBy: [],
  mayFail: [],
  mustNotFail: ['n1'],
  advice: [],
};
const CLEAN: Status = {
  quorum: false,
  term: 0,
  epoch: 0,
  manual: false,
  failureTolerance: 0,
  nodes: [{ ...GONE, state: 'CLEAN', id: 0, voter: false }],
  featureLevel: 0,
  heldBackBy: [],
  mayFail: [],
  mustNotFail: [],
  advice: [],
};

const KEYS = [
  'cluster',
  'clusterId',
  'quorum',
  'term',
  'leader',
  'primary',
  'epoch',
  'failureTolerance',
  'nodes',
];
const NODE_KEYS = [
  'name',
  'state',
  'role',
  'address',
  'api',
  'http',
  'commitIndex',
  'lastApplied',
  'lagEntries',
  'lastContactMs',
  'version',
  'uptimeMs',
];

describe('mon-cluster --json', () => {
  test('has exactly the keys of the contract, in their order', () => {
    const view = clusterView(WELL);
    expect(Object.keys(view)).toEqual(KEYS);
    for (const node of view.nodes) expect(Object.keys(node)).toEqual(NODE_KEYS);
    expect(Object.keys(clusterView(CLEAN))).toEqual(KEYS);
  });

  test('tells what is known, and null for what is not', () => {
    const { nodes, ...whole } = clusterView(WELL);
    expect(whole).toEqual({
      cluster: 'quorate',
      clusterId: 'ab12',
      quorum: true,
      term: 3,
      leader: 'n1',
      primary: 'n1',
      epoch: 7,
      failureTolerance: 1,
    });
    expect(nodes[0]).toMatchObject({
      state: 'PRIMARY',
      role: 'leader',
      lagEntries: 0,
      lastContactMs: 0,
    });
    expect(nodes[1]).toMatchObject({
      state: 'DOWN',
      role: null,
      commitIndex: null,
      lastApplied: null,
      lagEntries: null,
      lastContactMs: null,
      version: null,
      uptimeMs: null,
    });
  });

  test('names who keeps the feature level from rising only where somebody does', () => {
    const heldBackBy = [{ name: 'n2', why: 'it is not in contact' }];
    const view = clusterView({ ...WELL, heldBackBy });
    expect(view.featureLevel).toEqual({ level: 1, heldBackBy });
    const lines = clusterLines(view, plain);
    expect(lines.at(-1)).toBe('feature level 1, kept from rising by n2: it is not in contact');
    expect(clusterLines(clusterView(WELL), plain).join()).not.toContain('feature level');
  });

  test.each([
    ['LEADER', 'leader'],
    ['FOLLOWER', 'follower'],
    ['CANDIDATE', 'candidate'],
    ['LEARNER', 'learner'],
    ['ROLE_UNSPECIFIED', null],
  ] as const)('calls the role %s %s', (role, word) => {
    expect(clusterView({ ...WELL, nodes: [{ ...LEADER, role }] }).nodes[0]?.role).toBe(word);
  });

  test('knows no primary without a quorum, whatever the node says', () => {
    expect(clusterView({ ...WELL, quorum: false })).toMatchObject({ quorum: false, primary: null });
  });

  test('of a clean node has no cluster and one CLEAN node', () => {
    const view = clusterView(CLEAN);
    expect(view).toMatchObject({ cluster: null, clusterId: null, leader: null, primary: null });
    expect(view.nodes.map(({ state }) => state)).toEqual(['CLEAN']);
  });
});

describe('mon-cluster for people', () => {
  test('shows every node on a line of at most 100 columns', () => {
    const lines = clusterLines(clusterView(WELL), plain);
    expect(lines[0]).toBe(
      'quorate · quorum · primary n1, epoch 7 · leader n1, term 3 · can lose 1 voter',
    );
    expect(lines.some((line) => /^n1 +PRIMARY +leader/.test(line))).toBe(true);
    expect(lines.some((line) => /^n2 +DOWN +- /.test(line))).toBe(true);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('says below the table what is wrong with a node and what to do, also with --json', () => {
    const trouble = 'its disk was set back: replace it';
    const view = clusterView({ ...WELL, nodes: [LEADER, { ...GONE, state: 'DEGRADED', trouble }] });
    expect(clusterLines(view, plain).at(-1)).toBe(`n2: ${trouble}`);
    expect(view.nodes[1]).toHaveProperty('trouble', trouble);
  });

  test('says of a node that takes no part whom to ask, not that voters are missing', () => {
    const nodes = [{ ...GONE, state: 'DEGRADED' as const, trouble: 'its disk failed' }];
    const lines = clusterLines(clusterView({ ...WELL, quorum: false, nodes }), plain);
    expect(lines[1]).toBe('This node takes no part in its cluster: ask another member.');
  });

  test('keeps to the width with long names and addresses', () => {
    const name = 'n'.repeat(63);
    const wide = { ...LEADER, name, address: `${name}.example:6000`, api: `${name}.example:6001` };
    const view = clusterView({ ...WELL, nodes: [{ ...wide, commitIndex: 123_456_789_012 }] });
    const [title = '', ...rest] = clusterLines(view, plain).slice(2);
    expect(title).toMatch(
      /^NAME +STATE +ROLE +ADDRESS +API +COMMIT +APPLIED +LAG +CONTACT +VERSION +UP$/,
    );
    for (const line of [title, ...rest]) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('says what is missing without a quorum, and what to do on a clean node', () => {
    expect(clusterLines(clusterView({ ...WELL, quorum: false }), plain)[0]).toMatch(
      /NO QUORUM · no primary/,
    );
    expect(clusterLines(clusterView(CLEAN), plain).join('\n')).toMatch(/cluster-start/);
  });

  test('names below the table who may fail next, who must not, and what would help', () => {
    const told = (failures: Parameters<typeof clusterLines>[3], tolerance = 1): string[] => {
      const nodes = ['n1', 'n2', 'w'].map((name): Node => {
        return { ...LEADER, name, state: name === 'w' ? 'WITNESS' : 'STANDBY' };
      });
      const view = clusterView({ ...WELL, failureTolerance: tolerance, nodes });
      return clusterLines(view, plain, 100, failures).slice(nodes.length + 4);
    };
    const advice: string[] = [];
    expect(told({ mayFail: ['n1', 'n2', 'w'], mustNotFail: [], advice })).toEqual([
      'can lose 1 more node: n1 or n2 or w',
    ]);
    expect(told({ mayFail: [], mustNotFail: ['n1', 'w'], advice }, 0)).toEqual([
      'loses service if n1 or w fails',
    ]);
    expect(told({ mayFail: ['w'], mustNotFail: ['n1'], advice: ['add one'] })).toEqual([
      'can lose 1 more node: w; loses service if n1 fails',
      'advice: add one',
    ]);
    // Of three voters in contact beyond a quorum, as many as leave one that can be primary.
    expect(told({ mayFail: ['n1', 'n2', 'w'], mustNotFail: [], advice }, 2)).toEqual([
      'can lose 1 more node: n1 or n2 or w',
    ]);
    expect(told(null)).toEqual([]);
  });

  test('counts no clock and no counter as a change', () => {
    const later = { ...LEADER, commitIndex: 99, lastApplied: 99, uptimeMs: 63_000, lagEntries: 3 };
    const key = changeKey(clusterView(WELL));
    expect(changeKey(clusterView({ ...WELL, nodes: [later, GONE] }))).toBe(key);
    expect(
      changeKey(clusterView({ ...WELL, nodes: [LEADER, { ...GONE, state: 'STANDBY' }] })),
    ).not.toBe(key);
    expect(changeKey(clusterView({ ...WELL, epoch: 8 }))).not.toBe(key);
  });
});

describe('session get --json', () => {
  const session = {
    id: 'alice',
    owner: 'web',
    node: 'n1',
    attributes: {
      theme: Buffer.from('dark'),
      raw: Buffer.from([0xff, 0]),
      bom: Buffer.from('\ufeffx'),
    },
    ttlMs: 1_800_000,
    remainingMs: 1_799_000,
    revision: 12,
    createdRevision: 9,
  };

  test('has exactly the keys of the contract', () => {
    expect(sessionView(session)).toEqual({
      id: 'alice',
      owner: 'web',
      node: 'n1',
      attributes: { bom: '\ufeffx', raw: { base64: '/wA=' }, theme: 'dark' },
      ttlMs: 1_800_000,
      remainingMs: 1_799_000,
      revision: 12,
    });
  });

  test('is shown to people without disturbing their terminal', () => {
    const view = sessionView({ ...session, attributes: { note: Buffer.from('a\u001b[2Jb') } });
    expect(sessionLines(view, plain)).toEqual([
      'alice · revision 12 · owner web · 29 m 59 s of 30 m left · written through n1',
      '  note=a\\u001b[2Jb',
    ]);
    expect(sessionTable([view], plain)[1]).toMatch(/^alice +web +n1 +1 value +29 m 59 s +12$/);
  });
});
