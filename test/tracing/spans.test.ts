// The tracer of a node: contexts as text, and whose decision counts. Also how many traces a second it makes.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';
import { contextOf, Spans, traceparentOf } from '../../src/tracing/spans.js';

const CONTEXT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';

function world(sample: number) {
  const ended: ReadableSpan[] = [];
  const processor = {
    onStart: () => {},
    onEnd: (span: ReadableSpan) => void ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  return { ended, spans: new Spans({ sample, node: 'n1', version: '0' }, processor) };
}

describe('a context', () => {
  test.each(['00', '01'])('with the flags %s is read and written as it was', (flags) => {
    const text = `${CONTEXT}-${flags}`;
    const context = contextOf(text);
    expect(context && traceparentOf(context)).toBe(text);
    expect(context?.isRemote).toBe(true);
  });

  test('of a later version is read as far as it is known', () => {
    expect(contextOf(`cc${CONTEXT.slice(2)}-01-what-comes`)?.traceFlags).toBe(1);
  });

  test.each([
    null,
    '',
    CONTEXT,
    `ff${CONTEXT.slice(2)}-01`,
    `${CONTEXT.toUpperCase()}-01`,
    `${CONTEXT}-1`,
  ])('%j is none', (text) => {
    expect(contextOf(text)).toBeNull();
  });
});

describe('the tracer', () => {
  test('goes by its share where nobody decided, and by the caller where one did', () => {
    for (const sample of [0, 1]) {
      const { spans } = world(sample);
      expect(spans.begin('a', null).isRecording()).toBe(sample === 1);
      expect(spans.begin('a', contextOf(`${CONTEXT}-01`)).isRecording()).toBe(true);
      expect(spans.begin('a', contextOf(`${CONTEXT}-00`)).isRecording()).toBe(false);
    }
  });

  test('begins so many traces a second and counts the others; what belongs to one that was begun is always kept', () => {
    const { spans, ended } = world(1);
    const begun = Array.from({ length: 500 }, () => spans.begin('a', null));
    const kept = begun.filter((span) => span.isRecording());
    // The turn of a second in between permits as many again.
    expect(kept.length).toBeGreaterThanOrEqual(100);
    expect(kept.length).toBeLessThanOrEqual(200);
    expect(spans.leftOutCount).toBe(500 - kept.length);
    for (const span of kept) spans.end(spans.begin('b', span.spanContext()));
    expect(ended.length).toBe(kept.length);
  });

  test('tells times of the wall clock, whole traces by one clock', () => {
    const { spans, ended } = world(1);
    const before = Date.now();
    const span = spans.begin('a', null);
    spans.end(spans.begin('b', span.spanContext()));
    spans.end(span, 'it went wrong');
    const [inner, outer] = ended.map(({ startTime, endTime }) => ({
      startMs: startTime[0] * 1000 + startTime[1] / 1e6,
      endMs: endTime[0] * 1000 + endTime[1] / 1e6,
    }));
    expect(Math.abs((outer?.startMs ?? 0) - before)).toBeLessThan(1000);
    expect(inner?.startMs).toBeGreaterThanOrEqual(outer?.startMs ?? Infinity);
    expect(inner?.endMs).toBeLessThanOrEqual(outer?.endMs ?? 0);
    expect(ended[1]?.status.message).toBe('it went wrong');
  });
});
