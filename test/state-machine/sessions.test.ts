// Sessions by example: merging, compare-and-set, lives, limits and lists. The model test says the same of any run.

import { describe, expect, it } from 'vitest';
import type { ApplyResult, Session } from '../../src/state-machine/command.js';
import { SESSION_LIMITS } from '../../src/state-machine/command.js';
import { AppliedLog, index, nodeId } from '../support/log-words.js';
import { bytes, expire, put, remove, renew, touch } from '../support/session-words.js';

const EVERYTHING = { prefix: '', after: '', countMax: 1000, bytesMax: Number.MAX_SAFE_INTEGER };

function sessionOf(result: ApplyResult): Session {
  if (result.type !== 'session')
    throw new Error(`expected a session, got ${JSON.stringify(result)}`);
  return result.session;
}

function refusalOf(result: ApplyResult): object {
  if (result.type !== 'refused')
    throw new Error(`expected a refusal, got ${JSON.stringify(result)}`);
  return result.refusal;
}

describe('a session', () => {
  it('is created with defaults and the index of its entry as revision', () => {
    const log = AppliedLog.started().wait(100);
    const session = sessionOf(log.command(put('s', { nodeId: nodeId(2) })));
    expect(session).toEqual({
      id: 's',
      owner: '',
      nodeId: nodeId(2),
      attributes: new Map(),
      ttlMs: SESSION_LIMITS.ttlDefaultMs,
      deadlineMs: 100 + SESSION_LIMITS.ttlDefaultMs,
      createdRevision: 3,
      revision: 3,
    });
    expect(log.state.session('s')).toEqual(session);
  });

  it('is merged: given attributes replace, removed ones go, others and what is null stay', () => {
    const log = AppliedLog.started();
    const before = new Map([
      ['x', bytes('1')],
      ['y', bytes('2')],
      ['z', bytes('3')],
    ]);
    log.command(put('s', { owner: 'ann', attributes: before, ttlMs: 5000 }));
    const after = new Map([
      ['a', bytes('5')],
      ['x', bytes('4')],
    ]);
    const session = sessionOf(log.command(put('s', { attributes: after, removed: ['y', 'none'] })));
    expect([...session.attributes]).toEqual([
      ['a', bytes('5')],
      ['x', bytes('4')],
      ['z', bytes('3')],
    ]);
    expect(session).toMatchObject({ owner: 'ann', ttlMs: 5000, createdRevision: 3, revision: 4 });
  });

  it('is renewed by a touch that keeps its revision', () => {
    const log = AppliedLog.started();
    log.command(put('s', { ttlMs: 5000 }));
    const session = sessionOf(log.wait(3000).command(touch('s')));
    expect(session).toMatchObject({ deadlineMs: 8000, revision: 3 });
    expect(refusalOf(log.command(touch('t')))).toEqual({ reason: 'sessionNotFound', id: 't' });
  });

  it.each([
    { name: 'creation though it exists', id: 's', expected: 0, actual: 3 },
    { name: 'an older revision', id: 's', expected: 2, actual: 3 },
    { name: 'a revision of what does not exist', id: 't', expected: 3, actual: 0 },
  ])('refuses compare-and-set: $name', ({ id, expected, actual }) => {
    const log = AppliedLog.started();
    log.command(put('s'));
    const refusal = { reason: 'revisionMismatch', expected, actual };
    expect(refusalOf(log.command(put(id, { ifRevision: index(expected) })))).toEqual(refusal);
    expect(refusalOf(log.command(remove(id, expected)))).toEqual(refusal);
    expect(log.state.session('s')?.revision).toBe(3);
  });

  it('accepts compare-and-set with the right revision, 0 for creation', () => {
    const log = AppliedLog.started();
    expect(sessionOf(log.command(put('s', { ifRevision: index(0) }))).revision).toBe(3);
    expect(sessionOf(log.command(put('s', { ifRevision: index(3) }))).revision).toBe(4);
    expect(log.command(remove('s', 4))).toEqual({ type: 'deleted', existed: true });
    expect(log.command(remove('s'))).toEqual({ type: 'deleted', existed: false });
  });
});

describe('renewSessions', () => {
  it('begins the lives of those that exist again, and tells their deadlines in order', () => {
    const log = AppliedLog.started();
    log.command(put('short', { ttlMs: 2000 }));
    log.command(put('long', { ttlMs: 9000 }));
    const answer = log.wait(1000).command(renew('long', 'none', 'short', 'long'));
    expect(answer).toEqual({ type: 'renewed', deadlinesMs: [10_000, null, 3000, 10_000] });
    expect(log.state.session('short')).toMatchObject({ deadlineMs: 3000, revision: 3 });
    expect(log.state.expiredSessions(2999, 10)).toEqual([]);
    expect(log.state.expiredSessions(3000, 10)).toEqual([{ id: 'short', revision: 3 }]);
  });
});

describe('expireSessions', () => {
  it('ends a session whose deadline has come and leaves one alone that was renewed or rewritten', () => {
    const log = AppliedLog.started();
    for (const id of ['over', 'touched', 'rewritten']) log.command(put(id, { ttlMs: 2000 }));
    log.wait(1000).command(touch('touched'));
    log.command(put('rewritten', { ttlMs: 2000 }));
    log.wait(1000);
    const command = expire(['over', 3], ['over', 3], ['touched', 4], ['rewritten', 5], ['none', 1]);
    expect(log.command(command)).toEqual({ type: 'expired', count: 1 });
    expect(log.state.listSessions(EVERYTHING).sessions.map(({ id }) => id)).toEqual([
      'rewritten',
      'touched',
    ]);
    expect(log.state.eventsAfter(index(7), 10)).toMatchObject([
      {
        revision: 8,
        clusterTimeMs: 2000,
        kind: 'sessionsExpired',
        text: '1 session expired: over',
      },
    ]);
  });

  it('ignores a session that is over in the eyes of no entry yet', () => {
    const log = AppliedLog.started();
    log.command(put('s', { ttlMs: 2000 }));
    expect(log.wait(1999).command(expire(['s', 3]))).toEqual({ type: 'expired', count: 0 });
  });

  it('names the first few and counts the others', () => {
    const log = AppliedLog.started();
    for (const id of ['a', 'b', 'c', 'd', 'e']) log.command(put(id, { ttlMs: 2000 }));
    log.wait(2000);
    const ends = log.state.expiredSessions(2000, 10);
    log.command({ kind: 'expireSessions', sessions: ends });
    expect(log.state.eventsAfter(index(7), 10)).toMatchObject([
      { text: '5 sessions expired: a, b, c and 2 more' },
    ]);
    expect(log.state.sessionCount).toBe(0);
  });
});

describe('expiredSessions', () => {
  it('finds what is over, longest over first, as many as asked for', () => {
    const log = AppliedLog.started();
    log.command(put('late', { ttlMs: 4000 }));
    log.command(put('early', { ttlMs: 2000 }));
    log.command(put('middle', { ttlMs: 3000 }));
    expect(log.state.expiredSessions(1999, 10)).toEqual([]);
    expect(log.state.expiredSessions(3000, 10)).toEqual([
      { id: 'early', revision: 4 },
      { id: 'middle', revision: 5 },
    ]);
    expect(log.state.expiredSessions(9000, 1)).toEqual([{ id: 'early', revision: 4 }]);
  });
});

describe('the limits of a session', () => {
  const many = (count: number, length: number): Map<string, Uint8Array> =>
    new Map(Array.from({ length: count }, (_, at) => [`n${at}`, new Uint8Array(length)]));
  const { attributesBytesMax, attributesMax, attributeNameBytesMax } = SESSION_LIMITS;

  it.each([
    {
      name: 'too many attributes after merging',
      wish: { attributes: new Map([['z', bytes('')]]) },
    },
    {
      name: 'too many bytes after merging',
      wish: {
        attributes: new Map([['n0', new Uint8Array(attributesBytesMax)]]),
        removed: [...many(attributesMax, 0).keys()],
      },
    },
    {
      name: 'an empty attribute name',
      wish: { attributes: new Map([['', bytes('')]]), removed: ['n0'] },
    },
    {
      name: 'a long attribute name',
      wish: { attributes: new Map([['é'.repeat(128), bytes('')]]), removed: ['n0'] },
    },
    { name: 'a short life', wish: { ttlMs: SESSION_LIMITS.ttlMinMs - 1 } },
    { name: 'a long life', wish: { ttlMs: SESSION_LIMITS.ttlMaxMs + 1 } },
    { name: 'a long owner', wish: { owner: 'o'.repeat(SESSION_LIMITS.ownerBytesMax + 1) } },
  ])('refuse $name and leave the session as it was', ({ wish }) => {
    const log = AppliedLog.started();
    const session = sessionOf(log.command(put('s', { attributes: many(attributesMax, 10) })));
    expect(refusalOf(log.command(put('s', wish)))).toMatchObject({ reason: 'limitExceeded' });
    expect(log.state.session('s')).toEqual(session);
    expect(attributeNameBytesMax).toBe(255);
  });

  it('refuse an empty and a long id', () => {
    const log = AppliedLog.started();
    const long = 'x'.repeat(SESSION_LIMITS.idBytesMax + 1);
    for (const id of ['', long]) {
      expect(refusalOf(log.command(put(id)))).toMatchObject({ reason: 'limitExceeded' });
    }
    expect(log.state.sessionCount).toBe(0);
  });

  it('allow what fills them exactly', () => {
    const log = AppliedLog.started();
    const value = new Uint8Array(attributesBytesMax - 1);
    expect(log.command(put('s', { attributes: new Map([['n', value]]) })).type).toBe('session');
  });
});

describe('a list of sessions', () => {
  const log = AppliedLog.started();
  for (const id of ['b', '\u{1f600}', 'aa', 'a', '\uffee', 'ab']) {
    log.command(put(id, { attributes: new Map([['n', new Uint8Array(9)]]) }));
  }
  const ids = (wish: Partial<typeof EVERYTHING>): readonly string[] =>
    log.state.listSessions({ ...EVERYTHING, ...wish }).sessions.map(({ id }) => id);

  it.each([
    { name: 'all', wish: {}, expected: ['a', 'aa', 'ab', 'b', '\uffee', '\u{1f600}'] },
    { name: 'a prefix', wish: { prefix: 'a' }, expected: ['a', 'aa', 'ab'] },
    { name: 'a prefix after an id', wish: { prefix: 'a', after: 'aa' }, expected: ['ab'] },
    {
      name: 'after an id that is gone',
      wish: { after: 'ac' },
      expected: ['b', '\uffee', '\u{1f600}'],
    },
    { name: 'after the prefix', wish: { prefix: 'a', after: 'b' }, expected: [] },
    { name: 'a prefix beyond U+FFFF', wish: { prefix: '\u{1f600}' }, expected: ['\u{1f600}'] },
  ])('is in the order of bytes: $name', ({ wish, expected }) => {
    expect(ids(wish)).toEqual(expected);
  });

  it('says whether there is more', () => {
    const page = (countMax: number, bytesMax: number): { ids: string[]; isMore: boolean } => {
      const { sessions, isMore } = log.state.listSessions({
        prefix: 'a',
        after: '',
        countMax,
        bytesMax,
      });
      return { ids: sessions.map(({ id }) => id), isMore };
    };
    expect(page(2, 1000)).toEqual({ ids: ['a', 'aa'], isMore: true });
    expect(page(3, 1000)).toEqual({ ids: ['a', 'aa', 'ab'], isMore: false });
    expect(page(9, 23)).toEqual({ ids: ['a', 'aa'], isMore: true });
    expect(page(9, 0)).toEqual({ ids: ['a'], isMore: true });
  });
});
