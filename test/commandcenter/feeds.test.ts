// Feeds without a network: what goes down a stream, who is cut off, and how all end. The streams are the test's own, and take only
// what the test reads.
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { Feeds, messageText } from '../../src/commandcenter/feeds.js';
import { COMMAND_CENTER_LIMITS } from '../../src/commandcenter/limits.js';

const LIMITS = { ...COMMAND_CENTER_LIMITS, feedsMax: 2, feedBufferBytesMax: 10_000 };
const feeds: Feeds[] = [];

function opened(): Feeds {
  const made = new Feeds(LIMITS);
  feeds.push(made);
  return made;
}

afterEach(() => {
  for (const one of feeds.splice(0)) one.end();
});

/** A stream whose reader takes nothing until it is asked to. */
function stream(): PassThrough {
  return new PassThrough({ highWaterMark: 1 });
}

function readAll(out: PassThrough): string {
  let text = '';
  for (let part = out.read() as Buffer | null; part !== null; part = out.read() as Buffer | null) {
    text += part.toString();
  }
  return text;
}

describe('feeds', () => {
  test('tell all the same, and say what a page goes on after', () => {
    const all = opened();
    const out = stream();
    all.open(out, 0);
    all.tellAll(messageText('events', { events: [], isGap: false }, 17));
    expect(readAll(out)).toBe(
      'retry: 1000\n\nevent: events\nid: 17\ndata: {"events":[],"isGap":false}\n\n',
    );
  });

  test('cut off a reader that does not read, and go on for the others', () => {
    const all = opened();
    const [slow, quick] = [stream(), stream()];
    all.open(slow, 0);
    all.open(quick, 0);
    quick.resume();
    for (let at = 0; at < 200 && !slow.destroyed; at += 1) {
      all.tellAll(messageText('bye', { reason: 'stopping', text: 'x'.repeat(500) }));
      quick.read();
    }
    expect(slow.destroyed).toBe(true);
    expect(slow.writableLength).toBeLessThanOrEqual(LIMITS.feedBufferBytesMax);
    expect(quick.destroyed).toBe(false);
  });

  test('are bounded, and make room when one goes away', async () => {
    const all = opened();
    const [first, second] = [stream(), stream()];
    all.open(first, 0);
    expect(all.whyNot()).toBeNull();
    all.open(second, 0);
    expect(all.whyNot()).toContain('2 open feeds');
    const closed = new Promise((resolve) => first.once('close', resolve));
    first.destroy();
    await closed;
    expect([all.size, all.whyNot()]).toEqual([1, null]);
  });

  test('say goodbye, and open no more', () => {
    const all = opened();
    const out = stream();
    all.open(out, 0);
    all.end();
    expect(out.writableEnded).toBe(true);
    expect(readAll(out)).toContain('event: bye');
    expect(all.whyNot()).toContain('stopping');
  });
});
