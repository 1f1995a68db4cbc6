// What the page knows after what it was told: events once each however often the feed begins again, and announcements for ears.
// And whom it asks next when nobody answers.
import { describe, expect, test } from 'vitest';

import type { EventView, Figures, Hello } from '../../src/commandcenter/feed.js';
import { EVENTS_MAX, mergeEvents, toneOf } from '../../src/commandcenter/page/merge-events.js';
import { after, firstState, nameAt } from '../../src/commandcenter/page/page-state.js';
import type { Happening, PageState } from '../../src/commandcenter/page/page-state.js';
import { withFigures } from '../../src/commandcenter/page/series.js';
import { candidates, isOutgrown, nextAfter } from '../../src/commandcenter/page/whom-to-ask.js';
import { HELLO, message } from './words.js';

const HOME = 'http://127.0.0.1:8080';
const OTHER = 'http://127.0.0.1:8081';

function event(revision: number, text = `event ${revision}`): EventView {
  return { revision, kind: 'settingChanged', text, requestId: null, agoMs: 100 };
}

function told(...happenings: readonly Happening[]): PageState {
  return happenings.reduce(after, firstState(HOME));
}

describe('events', () => {
  test('stand newest first, both of one revision, with the time at which they happened', () => {
    const seen = mergeEvents(
      [],
      { events: [event(1), event(5, 'a'), event(5, 'b')], isGap: false },
      1000,
    );
    expect(seen.map(({ text }) => text)).toEqual(['b', 'a', 'event 1']);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(3);
    expect(seen[0]?.atMs).toBe(900);
  });

  test('are taken once, however often they are told', () => {
    const first = mergeEvents([], { events: [event(1), event(2)], isGap: false }, 0);
    const again = mergeEvents(first, { events: [event(1), event(2)], isGap: false }, 50);
    expect(again).toBe(first);
    expect(mergeEvents(first, { events: [event(2), event(3)], isGap: false }, 50)).toHaveLength(3);
  });

  test('begin anew after a gap, and are bounded', () => {
    const first = mergeEvents([], { events: [event(9)], isGap: false }, 0);
    const anew = mergeEvents(first, { events: [event(2)], isGap: true }, 0);
    expect(anew.map(({ revision }) => revision)).toEqual([2]);
    const many = Array.from({ length: EVENTS_MAX + 50 }, (_, at) => event(at));
    const kept = mergeEvents([], { events: many, isGap: false }, 0);
    expect(kept).toHaveLength(EVENTS_MAX);
    expect(kept[0]?.revision).toBe(EVENTS_MAX + 49);
  });

  test('of a kind that is not known are plain', () => {
    expect(toneOf('reignBegan')).toBe('crown');
    expect(toneOf('somethingNew')).toBe('plain');
  });
});

describe('what is said aloud', () => {
  const cluster = (view: Parameters<typeof message>[0], isConfirmed = true): Happening => ({
    kind: 'cluster',
    message: message(view, { isConfirmed }),
    atMs: 0,
  });
  test('a new primary, a lost one, a lost quorum, and nothing twice', () => {
    const first = told({ kind: 'hello', hello: HELLO }, cluster({}));
    expect(first.announcement).toBe('n2 is primary, epoch 17.');
    expect(after(first, cluster({})).announcement).toBe('n2 is primary, epoch 17.');
    const none = after(first, cluster({ primary: null }));
    expect(none.announcement).toBe('n2 is primary no longer.');
    const next = after(none, cluster({ primary: 'n3', epoch: 18 }));
    expect(next.announcement).toBe('n3 is primary, epoch 18.');
    expect(after(next, cluster({ primary: null }, false)).announcement).toContain('quorum is lost');
  });

  test('another member that is watched through, and that nobody answers', () => {
    const link = { origin: OTHER, isHome: false, failed: [HOME] };
    const moved = told(
      { kind: 'hello', hello: HELLO },
      { kind: 'link', link: { ...link, phase: 'connecting' } },
      { kind: 'link', link: { ...link, phase: 'live' } },
    );
    expect(moved.announcement).toBe('Watching through n2.');
    const lost = after(moved, { kind: 'link', link: { ...link, phase: 'lost' } });
    expect(lost.announcement).toBe('No member answers. Trying again.');
  });
});

test('members that become known later are asked too', () => {
  const bare: Hello = { ...HELLO, members: HELLO.members.slice(0, 1) };
  const state = told({ kind: 'hello', hello: bare }, { kind: 'members', members: HELLO.members });
  expect(state.hello?.members).toHaveLength(3);
  expect(nameAt(state.hello, OTHER)).toBe('n2');
  expect(nameAt(state.hello, 'http://10.0.0.1:80')).toBe('10.0.0.1:80');
});

describe('whom the page asks', () => {
  test('the one that served it first, then the others in a circle', () => {
    const all = candidates(OTHER, HELLO);
    expect(all).toEqual([OTHER, HOME, 'http://127.0.0.1:8082']);
    expect(nextAfter(all, OTHER)).toBe(HOME);
    expect(nextAfter(all, 'http://127.0.0.1:8082')).toBe(OTHER);
  });

  test('nobody by http if it came by https, and nobody whose address is not known', () => {
    const members = [...HELLO.members, { name: 'n4', origin: null }];
    expect(candidates('https://a:1', { ...HELLO, members })).toEqual(['https://a:1']);
    expect(candidates(HOME, null)).toEqual([HOME]);
  });
});

describe('a page is older than the members', () => {
  const allowed = candidates(HOME, HELLO);
  const joined = [...HELLO.members, { name: 'n4', origin: 'http://127.0.0.1:8083' }];

  test.each([
    { name: 'not with those of its policy', members: HELLO.members, isSo: false },
    { name: 'not when one left', members: HELLO.members.slice(0, 2), isSo: false },
    { name: 'when one joined', members: joined, isSo: true },
    {
      name: 'not by one whose address is not known',
      members: [{ name: 'n5', origin: null }],
      isSo: false,
    },
  ])('$name: $isSo', ({ members, isSo }) => {
    expect(isOutgrown(allowed, HOME, { ...HELLO, members })).toBe(isSo);
  });

  test('not by one that a page by https would not ask anyway', () => {
    expect(isOutgrown(['https://a:1'], 'https://a:1', { ...HELLO, members: joined })).toBe(false);
  });
});

test('figures are kept in order, once each and for ten minutes', () => {
  const at = (atMs: number): Figures => ({ atMs }) as Figures;
  const known = withFigures([], [at(1), at(2)]);
  expect(withFigures(known, [at(2)])).toBe(known);
  const many = Array.from({ length: 700 }, (_, n) => at(n + 3));
  const kept = withFigures(known, many);
  expect([kept.length, kept.at(-1)?.atMs]).toEqual([600, 702]);
});
