// The order in which operations of one stream are tried, and tried again. The rules of the lane come one by one, then all of them together
// against a naive leader that takes, refuses and loses what it is given.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Lane, ON_STREAM } from '../../src/client/lane.js';
import type { Place } from '../../src/client/lane.js';
import { QuorateError } from '../../src/errors.js';

const refused = new QuorateError('NO_QUORUM', 'nobody leads');

function entered(lane: Lane, count: number): [Place, Place, Place] {
  return Array.from({ length: count }, () => lane.enter()) as [Place, Place, Place];
}

describe('an operation', () => {
  test('waits for those before it to go', async () => {
    const [first, second] = entered(new Lane(), 2);
    expect([first.mayGo(), second.mayGo()]).toEqual([true, false]);
    const turn = second.turn();
    first.go(ON_STREAM);
    await turn;
    expect(second.mayGo()).toBe(true);
  });

  test('waits for one before it that has to be tried again, also if it had its turn', () => {
    const [first, second] = entered(new Lane(), 2);
    first.go(ON_STREAM);
    first.hold(refused);
    expect(second.mayGo()).toBe(false);
    first.leave();
    expect(second.mayGo()).toBe(true);
  });

  test('holds up nobody once its caller has given up, whatever becomes of it later', () => {
    const [first, second] = entered(new Lane(), 2);
    first.go(ON_STREAM);
    first.leave();
    first.hold(refused);
    expect([second.mayGo(), second.mayGoTo(ON_STREAM)]).toEqual([true, true]);
  });

  test('is not tried at one place while another one is at another, which is let go if it can be', () => {
    const [first, second] = entered(new Lane(), 2);
    let isLetGo = false;
    first.go(7, () => (isLetGo = true));
    expect([second.mayGoTo(7), second.mayGoTo(ON_STREAM)]).toEqual([true, false]);
    second.letGoElsewhere(7);
    expect(isLetGo).toBe(false);
    second.letGoElsewhere(ON_STREAM);
    expect(isLetGo).toBe(true);
    first.leave();
    expect(second.mayGoTo(ON_STREAM)).toBe(true);
  });

  test('is tried again only after those behind it that are under way, and not if one of them was answered', async () => {
    const [first, second, third] = entered(new Lane(), 3);
    for (const place of [first, second, third]) place.go(ON_STREAM);
    first.hold(refused);
    expect(first.mayGoTo(ON_STREAM)).toBe(false);
    const changed = first.changed();
    second.hold(refused);
    await changed;
    expect(first.mayGoTo(ON_STREAM)).toBe(false);
    third.pass();
    third.leave();
    expect(() => first.mayGoTo(ON_STREAM)).toThrow('operations behind it went on');
    expect(() => first.mayGoTo(ON_STREAM)).toThrow(
      expect.objectContaining({ code: 'NO_QUORUM', data: { overtaken: 'true' } }),
    );
  });
});

test('an operation that may have happened is tried again before others that may have, and not behind an answer', () => {
  const [first, second, third] = entered(new Lane(), 3);
  for (const place of [first, second, third]) place.go(1);
  const doubt = new QuorateError('INDETERMINATE', 'who knows');
  for (const place of [first, second]) {
    place.pass(true);
    place.hold(doubt);
  }
  third.hold(refused);
  expect(first.mayGoTo(2)).toBe(true);
  first.hold(refused);
  expect(() => first.mayGoTo(2)).toThrow('operations behind it went on');
  first.hold(doubt);
  third.pass();
  expect(() => first.mayGoTo(2)).toThrow('operations behind it went on');
});

/** What becomes of an operation that is tried: taken and answered, refused, or lost with all that were taken after it. */
type Fate = 'taken' | 'refused' | 'lost';

test('what is taken for good is taken in order, whatever is refused and lost', () => {
  const anyFates = fc.array(fc.constantFrom<Fate>('taken', 'refused', 'lost'), { minLength: 40 });
  const anyPicks = fc.array(fc.nat(9), { minLength: 200, maxLength: 200 });
  const holds = fc.property(anyFates, anyPicks, fc.nat(2), (fates, picks, window) => {
    const lane = new Lane();
    const places = Array.from({ length: 8 }, () => lane.enter());
    const waiting = new Set(places.keys());
    const flying: number[] = [];
    const kept: number[] = [];
    let term = 1;
    for (const pick of picks) {
      const number = [...waiting][pick % Math.max(1, waiting.size)];
      const place = number === undefined ? undefined : places[number];
      // One more is tried, or what was tried first has its end.
      if (pick < 6 && number !== undefined && place !== undefined && flying.length <= window + 1) {
        if (!place.mayGo()) continue;
        try {
          if (!place.mayGoTo(term)) continue;
        } catch {
          waiting.delete(number);
          place.leave();
          continue;
        }
        place.go(term);
        waiting.delete(number);
        flying.push(number);
        continue;
      }
      const next = flying.shift();
      if (next === undefined) continue;
      const fate = fates.shift() ?? 'taken';
      if (fate === 'taken') {
        kept.push(next);
        places[next]?.pass();
        places[next]?.leave();
        continue;
      }
      // A leader that loses its office loses all that it has not committed.
      const lost = fate === 'lost' ? [next, ...flying.splice(0)] : [next];
      if (fate === 'lost') term += 1;
      for (const one of lost) {
        places[one]?.hold(refused);
        waiting.add(one);
      }
    }
    expect(kept).toEqual(kept.toSorted((one, other) => one - other));
  });
  fc.assert(holds, { numRuns: 500 });
});
