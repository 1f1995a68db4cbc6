// Messages of the feed as tests of the page need them: a healthy cluster of three, of which each test changes what it is about.
// Nothing here is asserted.

import type { ClusterMessage, Hello, NodeView } from '../../src/commandcenter/feed.js';

/** A standby that is up to date. */
export function node(name: string, over: Partial<NodeView> = {}): NodeView {
  return {
    name,
    state: 'STANDBY',
    role: 'follower',
    address: '127.0.0.1:6000',
    api: '127.0.0.1:6001',
    http: '127.0.0.1:8080',
    commitIndex: 100,
    lastApplied: 100,
    lagEntries: 0,
    lastContactMs: 30,
    version: '0.1.0',
    uptimeMs: 60_000,
    ...over,
  };
}

export const PRIMARY: Partial<NodeView> = { state: 'PRIMARY', role: 'leader', lastContactMs: 0 };
export const DOWN: Partial<NodeView> = {
  state: 'DOWN',
  role: null,
  commitIndex: null,
  lastApplied: null,
  uptimeMs: null,
};

export const THREE: readonly NodeView[] = [node('n1'), node('n2', PRIMARY), node('n3')];

type ViewParts = Partial<ClusterMessage['view']>;

/** n2 is primary, n1 is asked. */
export function message(view: ViewParts = {}, over: Partial<ClusterMessage> = {}): ClusterMessage {
  return {
    view: {
      cluster: 'Test',
      clusterId: 'abc',
      quorum: true,
      term: 9,
      leader: 'n2',
      primary: 'n2',
      epoch: 17,
      failureTolerance: 1,
      nodes: THREE,
      ...view,
    },
    isConfirmed: true,
    failures: { mayFail: ['n1', 'n2', 'n3'], mustNotFail: [], advice: [] },
    leaseRemainingMs: 900,
    own: {
      state: 'STANDBY',
      role: 'follower',
      term: 9,
      leader: 'n2',
      isPrimary: false,
      epoch: 17,
      leaseRemainingMs: null,
      leaseMs: 1000,
      stalenessMs: 0,
      lagEntries: 0,
      electionTimeoutMs: 1000,
    },
    links: [],
    ageMs: 0,
    ...over,
  };
}

export const HELLO: Hello = {
  node: 'n1',
  version: '0.1.0',
  cluster: 'Test',
  clusterId: 'abc',
  isWitness: false,
  members: ['n1', 'n2', 'n3'].map((name, at) => ({
    name,
    origin: `http://127.0.0.1:808${at}`,
  })),
  login: { isConfigured: true, user: null, hint: null },
};
