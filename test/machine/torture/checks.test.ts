// The direct checks of a history, each against a small history that breaks just it, and against sound ones that look
// alike. A check that finds nothing here would find nothing in a torture run either.

import { describe, expect, test } from 'vitest';

import { anomaliesOf } from './checks.js';
import type { Answer, Operation, Request, SeenSession } from './history.js';

let number = 0;

function operation(request: Request, times: readonly [number, number], answer: Answer): Operation {
  number += 1;
  const [callUs, returnUs] = times;
  return { number, process: number, node: 'n1', request, callUs, returnUs, answer };
}

function session(
  revision: number,
  attributes: Record<string, string>,
  created = revision,
): SeenSession {
  return { id: 'x', attributes, revision, createdRevision: created };
}

function put(attributes: Record<string, string>, ifRevision: number | null = null): Request {
  return { kind: 'put', id: 'x', attributes, removed: [], ifRevision };
}

const GET: Request = { kind: 'get', id: 'x' };
const DELETE: Request = { kind: 'delete', id: 'x', ifRevision: null };

function answered(seen: SeenSession, place = seen.revision): Answer {
  return { type: 'session', place, session: seen };
}

function broken(operations: readonly Operation[], final: SeenSession | null): string[] {
  const sessions = new Map(final === null ? [] : [[final.id, final]]);
  return [...new Set(anomaliesOf(operations, sessions).map(({ check }) => check))];
}

const FIRST = session(5, { a: '1' });
const MERGED = session(7, { a: '1', b: '2' }, 5);
const PUT_FIRST = operation(put({ a: '1' }), [0, 10], answered(FIRST));
const PUT_MERGED = operation(put({ b: '2' }), [20, 30], answered(MERGED));
const OPEN: Answer = { type: 'indeterminate', code: 'INDETERMINATE' };
const REFUSED: Answer = { type: 'refused', code: 'NO_QUORUM' };
const LOST = 'nothing acknowledged is lost';

describe('a history', () => {
  test('that holds has no anomaly', () => {
    const read = operation(GET, [12, 18], answered(FIRST, 6));
    const gone = operation(DELETE, [40, 50], { type: 'deleted', place: 9, existed: true });
    expect(broken([PUT_FIRST, read, PUT_MERGED], MERGED)).toEqual([]);
    expect(broken([PUT_FIRST, PUT_MERGED, gone], null)).toEqual([]);
  });

  test.each([
    ['is not there at the end', [PUT_FIRST, PUT_MERGED], null],
    ['is there at the end as it was before', [PUT_FIRST, PUT_MERGED], FIRST],
    [
      'is there at the end although it was deleted',
      [PUT_FIRST, operation(DELETE, [20, 30], { type: 'deleted', place: 6, existed: true })],
      FIRST,
    ],
    ['was changed by nobody', [PUT_FIRST], session(8, { a: '1' }, 5)],
  ])('whose session %s lost a write', (_name, operations, final) => {
    expect(broken(operations, final)).toContain(LOST);
  });

  test('with writes of unknown fate may end either way', () => {
    const gone = operation(DELETE, [20, 30], OPEN);
    expect(broken([PUT_FIRST, gone], null)).toEqual([]);
    expect(broken([PUT_FIRST, gone], FIRST)).toEqual([]);
    const more = operation(put({ b: '2' }), [20, 30], OPEN);
    expect(broken([PUT_FIRST, more], MERGED)).toEqual([]);
  });

  test('shows no write that was refused', () => {
    const refused = operation(put({ b: '?' }), [20, 30], REFUSED);
    const shown = session(7, { a: '1', b: String(refused.number) }, 5);
    const open = operation(put({ c: '3' }), [20, 30], OPEN);
    expect(broken([PUT_FIRST, refused, open], shown)).toEqual(['nothing refused happens']);
  });

  test('has one write to an entry', () => {
    const other = { ...put({ a: '1' }), id: 'y' };
    const twin = operation(other, [0, 10], answered({ ...FIRST, id: 'y' }));
    const final = new Map([FIRST, { ...FIRST, id: 'y' }].map((each) => [each.id, each]));
    const checks = anomaliesOf([PUT_FIRST, twin], final).map(({ check }) => check);
    expect(checks).toEqual(['one entry is one write']);
  });

  test('has no read that is older than what was answered before it began', () => {
    const stale = operation(GET, [40, 50], answered(FIRST, 6));
    expect(broken([PUT_FIRST, PUT_MERGED, stale], MERGED)).toEqual(['places follow real time']);
    const concurrent = operation(GET, [25, 50], answered(FIRST, 6));
    expect(broken([PUT_FIRST, PUT_MERGED, concurrent], MERGED)).toEqual([]);
  });

  test('shows one content for one revision', () => {
    const other = operation(GET, [12, 18], answered(session(5, { a: '9' }), 6));
    expect(broken([PUT_FIRST, other], FIRST)).toContain('a revision has one content');
  });

  test.each([
    ['a merge that lost what was there', put({ b: '2' }), answered(session(7, { b: '2' }, 5))],
    ['a session created twice', put({ b: '2' }), answered({ ...MERGED, createdRevision: 7 })],
    ['a condition that was overlooked', put({ b: '2' }, 4), answered(MERGED)],
    ['a deletion of nothing', DELETE, { type: 'deleted', place: 7, existed: false } as const],
  ])('does not have %s', (_name, request, answer) => {
    const wrong = operation(request, [20, 30], answer);
    const final = answer.type === 'session' ? answer.session : null;
    expect(broken([PUT_FIRST, wrong], final)).toEqual([
      'each answer follows from the state before it',
    ]);
  });
});
