// One of everything that has an encoding, by name: the values of test/golden. A value is never changed once its bytes
// were released; what is added to a type gets a value of its own.

import type { Message } from '../../src/raft/message.js';
import type { Entry, HardState, Identity, SnapshotMeta } from '../../src/raft/types.js';
import { REIGN_NONE } from '../../src/raft/types.js';
import type { Command } from '../../src/state-machine/command.js';
import type { SnapshotPart } from '../../src/state-machine/snapshot-part.js';
import {
  A,
  AppliedLog,
  B,
  C,
  configuration,
  index,
  installId,
  nodeId,
  SETTINGS,
  term,
} from './log-words.js';
import { deletePolicy, putPolicy, rollBack } from './policy-words.js';
import { cancel, claim, failed, report, retry, step, submit } from './job-words.js';
import { acquire, release } from './lock-words.js';
import { deregister, register, reports, told } from './service-words.js';
import { change, deleteKey, getKey, hasRevision, putKey } from './store-words.js';
import { bytes, covered, expire, open, put, remove, touch } from './session-words.js';

/** Beyond 32 bits, where msgpack changes its form. */
const LARGE = 2 ** 40 + 7;

const joint = {
  ...configuration([A, B, C], [A, B], { outgoing: [A, C], leaving: [C] }),
  autoRemoveAfterMs: LARGE,
  reigns: { isManual: true, pausedBy: 'n1 asked: new disks' },
};

function entry(at: number, payload: object): Entry {
  return { term: term(3), index: index(LARGE + at), stampMs: 5_000 + at, ...payload } as Entry;
}

export const ENTRIES = {
  noop: entry(1, { kind: 'noop' }),
  command: entry(2, { kind: 'command', data: Uint8Array.from([0, 1, 127, 128, 255]) }),
  emptyCommand: entry(3, { kind: 'command', data: new Uint8Array(0) }),
  configuration: entry(4, {
    kind: 'configuration',
    configuration: configuration([A], [A]),
    cause: 'the cluster was started',
  }),
  jointConfiguration: entry(5, { kind: 'configuration', configuration: joint, cause: 'Grüße 😀' }),
  settings: entry(6, { kind: 'settings', settings: SETTINGS }),
  activation: entry(7, {
    kind: 'activation',
    nodeId: A.id,
    leaseMs: 750,
    cause: 'elected',
    isChosen: false,
    gapMs: null,
  }),
  proof: entry(8, { kind: 'proof', epoch: index(LARGE + 7) }),
  featureLevel: entry(9, { kind: 'featureLevel', level: 3 }),
} satisfies Record<string, Entry>;

export const HARD_STATES = {
  before: { term: term(0), votedFor: null },
  voted: { term: term(LARGE), votedFor: nodeId(2) },
} satisfies Record<string, HardState>;

const { clusterId, clusterName, electionTimeoutMs } = SETTINGS;

export const IDENTITIES = {
  clean: { nodeId: nodeId(LARGE), installId: installId(0xabcdef), cluster: null, ended: null },
  member: {
    nodeId: nodeId(1),
    installId: installId(1),
    cluster: { clusterId, clusterName, nodeName: 'A', electionTimeoutMs, isWitness: false },
    ended: null,
  },
} satisfies Record<string, Identity>;

export const METAS = {
  early: {
    last: { term: term(1), index: index(2) },
    stampMs: 0,
    configuration: configuration([A], [A]),
    configurationIndex: index(2),
    settings: SETTINGS,
    reign: REIGN_NONE,
    featureLevel: 1,
  },
  joint: {
    last: { term: term(9), index: index(LARGE) },
    stampMs: LARGE,
    configuration: joint,
    configurationIndex: index(70_000),
    settings: SETTINGS,
    reign: {
      epoch: index(69_000),
      term: term(8),
      nodeId: B.id,
      leaseMs: 750,
      isOver: true,
      isProven: false,
      unprovenLeaseMs: 1500,
      isChosen: true,
    },
    featureLevel: 3,
  },
} satisfies Record<string, SnapshotMeta>;

const CLIENT_SESSION = '0123456789abcdef0123456789abcdef';

const CHANGE = change(
  [putKey('k', Uint8Array.from([0, 255])), getKey('k'), deleteKey('é')],
  [
    hasRevision('k', 0),
    { key: 'k', relation: 'less', to: { type: 'createdRevision', revision: index(LARGE) } },
    { key: 'k', relation: 'notEqual', to: { type: 'value', value: bytes('v') } },
  ],
  [getKey('😀'), putKey('k')],
);

export const COMMANDS = {
  putSession: put('session 😀', {
    requestId: '0123456789abcdef',
    owner: 'ann',
    nodeId: nodeId(2),
    attributes: new Map([
      ['cart', Uint8Array.from([0, 255])],
      ['é', new Uint8Array(0)],
    ]),
    removed: ['old'],
    ttlMs: 60_000,
    ifRevision: index(LARGE),
  }),
  putSessionKeepingAll: put('s'),
  touchSession: touch('s'),
  deleteSession: remove('s'),
  deleteSessionIf: remove('s', 7),
  renewSessions: { kind: 'renewSessions', ids: ['a', 'é'] },
  expireSessions: expire(['a', 3], ['b', LARGE]),
  openClientSession: open(CLIENT_SESSION),
  putSessionOnce: covered(put('s'), CLIENT_SESSION, LARGE, 70_000),
  touchSessionOnce: covered(touch('s'), CLIENT_SESSION, 2),
  deleteSessionOnce: covered(remove('s'), CLIENT_SESSION, 3),
  changeStore: covered(CHANGE, CLIENT_SESSION, 4),
  acquireLock: covered(
    acquire('lock 😀', 's', { value: Uint8Array.from([0, 255]), delayMs: 60_000 }),
    CLIENT_SESSION,
    5,
  ),
  tryLock: acquire('x', 's', { isWaiting: false }),
  releaseLock: covered(release('x', 's'), CLIENT_SESSION, 6),
  grantLocks: { kind: 'grantLocks', names: ['x', 'é'] },
  submitJob: covered(submit('job 😀', { delayMs: 700 }), CLIENT_SESSION, 7),
  claimJob: covered(claim(LARGE, ['deploy', 'é']), CLIENT_SESSION, 8),
  heartbeatJob: report('j', 4, 9, { type: 'heartbeat' }),
  recordStep: covered(report('j', 4, 9, step('one', '1')), CLIENT_SESSION, 9),
  completeJob: report('j', 4, 9, { type: 'done', result: Uint8Array.from([0, 255]) }),
  failJob: report('j', 4, 9, failed('broken', true)),
  cancelJob: covered(cancel('j'), CLIENT_SESSION, 10),
  retryJob: covered(retry('j'), CLIENT_SESSION, 11),
  putPolicy: covered(
    putPolicy('p.yaml', 'é', { ifVersion: 0, who: 'ann 😀', reason: 'why' }),
    CLIENT_SESSION,
    12,
  ),
  rollBackPolicy: covered(rollBack('p.yaml', 3, { ifVersion: 7 }), CLIENT_SESSION, 13),
  deletePolicy: covered(deletePolicy('p.yaml'), CLIENT_SESSION, 14),
  registerProvider: covered(
    register('web', 'é/1', { load: LARGE, health: 'draining', tags: new Map([['zone', 'b']]) }),
    CLIENT_SESSION,
    15,
  ),
  registerProviderOfMember: register('web', 'a', { session: null }),
  deregisterProvider: covered(deregister('web', 'a', LARGE), CLIENT_SESSION, 16),
  reportProviders: reports(
    told('web', 'a', { registration: index(LARGE), load: 7 }),
    told('web', 'b', { health: 'unhealthy' }),
  ),
  lapseJobs: { kind: 'lapseJobs', claims: [{ id: 'j', token: index(LARGE) }] },
  noteGivenUp: { kind: 'noteGivenUp', name: 'AUTH', epoch: index(LARGE), why: 'exit code 1' },
} satisfies Record<string, Command>;

/** Index of the entry that claims the job in the log below. */
const JOB_TOKEN = 29;

/** The parts of a small state, one for each fact, as the state machine writes them. */
function partsByFact(): Record<string, SnapshotPart> {
  const log = AppliedLog.started();
  log.write({ kind: 'configuration', configuration: configuration([A, B], [A]), cause: 'join' });
  log.write({ kind: 'configuration', configuration: configuration([A], [A]), cause: '' });
  log.write({
    kind: 'activation',
    nodeId: A.id,
    leaseMs: 750,
    cause: 'elected',
    isChosen: false,
    gapMs: null,
  });
  log.write({ kind: 'proof', epoch: index(5) });
  log.write({
    kind: 'activation',
    nodeId: A.id,
    leaseMs: 750,
    cause: 'again',
    isChosen: true,
    gapMs: null,
  });
  log.command(put('s', { owner: 'ann', attributes: new Map([['k', bytes('v')]]), ttlMs: 5000 }));
  log.command(open(CLIENT_SESSION));
  const requests = [
    touch('s'),
    touch('nobody'),
    remove('s', 1),
    put('s', { ttlMs: 1 }),
    remove('t'),
    CHANGE,
    CHANGE,
    acquire('x', 's', { value: bytes('v') }),
    acquire('x', 'nobody'),
    release('x', 'nobody'),
    put('t'),
    acquire('x', 't'),
    acquire('x', 'u', { isWaiting: false }),
    put('u'),
    acquire('x', 'u', { isWaiting: false }),
    submit('j'),
    submit('j', { payload: bytes('other') }),
    submit('k', { isResumable: false }),
    claim(1),
    claim(7),
    report('j', 7, 1, step('one')),
    report('j', 7, JOB_TOKEN, step('one')),
    claim(7, ['none']),
    cancel('j'),
    cancel('k'),
    retry('j'),
    retry('nobody'),
    put('s'),
    register('web', 'a', { tags: new Map([['zone', 'b']]) }),
    register('web', 'b', { session: null, load: 4 }),
    register('web', 'c', { session: null, nodeId: C.id }),
    deregister('web', 'b', 1),
    deregister('web', 'none'),
    putPolicy('p', 'one'),
    putPolicy('p', 'two', { ifVersion: 1, reason: 'why' }),
    putPolicy('p', 'three', { ifVersion: 1 }),
    rollBack('p', 1),
    rollBack('p', 9),
    rollBack('q', 1),
    deletePolicy('p'),
    putPolicy('.', 'x'),
  ];
  for (const [at, request] of requests.entries()) {
    log.command(covered(request, CLIENT_SESSION, at + 1));
  }
  const parts = [...log.state.freeze().parts(1000)];
  return Object.fromEntries(parts.map((part) => [part.fact, part]));
}

export const PARTS: Record<string, SnapshotPart> = {
  ...partsByFact(),
  forgottenPolicies: { fact: 'forgottenPolicies', version: 1, rows: [[7]] },
};

const word = { term: term(3), round: LARGE, leaseMs: 750, clusterTimeMs: 6_000 };
const last = { term: term(2), index: index(LARGE) };

export const MESSAGES = {
  requestVote: { type: 'requestVote', term: term(4), preVote: false, transfer: true, last },
  requestVoteResponse: {
    type: 'requestVoteResponse',
    term: term(4),
    preVote: true,
    granted: true,
  },
  heartbeat: { type: 'appendEntries', ...word, prev: last, entries: [], commitIndex: index(5) },
  appendEntries: {
    type: 'appendEntries',
    ...word,
    prev: last,
    entries: Object.values(ENTRIES),
    commitIndex: index(LARGE),
  },
  matched: {
    type: 'appendEntriesResponse',
    term: term(3),
    round: 1,
    outcome: { type: 'matched', matchIndex: index(9) },
  },
  conflict: {
    type: 'appendEntriesResponse',
    term: term(3),
    round: 1,
    outcome: { type: 'conflict', rejectedIndex: index(9), hint: last },
  },
  stale: { type: 'appendEntriesResponse', term: term(3), round: 1, outcome: { type: 'stale' } },
  unfit: {
    type: 'appendEntriesResponse',
    term: term(3),
    round: 1,
    outcome: { type: 'matched', matchIndex: index(9) },
    unfit: 'the database does not answer',
  },
  installSnapshot: {
    type: 'installSnapshot',
    ...word,
    meta: METAS.joint,
    offset: 262_144,
    data: Uint8Array.from([1, 2, 3]),
    checksum: 0xffff_ffff,
    totalBytes: 262_147,
  },
  installSnapshotResponse: {
    type: 'installSnapshotResponse',
    term: term(3),
    round: 2,
    last,
    nextOffset: 262_144,
  },
  timeoutNow: { type: 'timeoutNow', term: term(3), cause: 'set-primary B', isChosen: true },
  diskSetBack: {
    type: 'diskSetBack',
    term: term(3),
    acknowledged: { term: term(2), index: index(LARGE) },
  },
  readIndexRequest: { type: 'readIndexRequest', term: term(3), requestId: LARGE },
  readIndexResponse: {
    type: 'readIndexResponse',
    term: term(3),
    requestId: LARGE,
    readIndex: index(7),
  },
} satisfies Record<string, Message>;
