// Spans on their way to a collector: batches, the bound, what is told of drops. And the end of a daemon.
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';
import type { LoggerPort } from '../../src/node/ports.js';
import { QUEUE_LIMITS, SpanQueue } from '../../src/tracing/span-queue.js';

type Answer = Parameters<SpanExporter['export']>[1];

/** An exporter that is answered by hand. */
class Exporter implements SpanExporter {
  readonly batches: { readonly count: number; readonly answer: Answer }[] = [];

  export(spans: ReadableSpan[], answer: Answer): void {
    this.batches.push({ count: spans.length, answer });
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function world() {
  const lines: string[] = [];
  const tell = (_fields: object, sentence: string): void => {
    lines.push(sentence);
  };
  const log: LoggerPort = { error: tell, warn: tell, info: tell, debug: tell };
  const exporter = new Exporter();
  return { exporter, lines, queue: new SpanQueue(exporter, log) };
}

function ended(queue: SpanQueue, count: number): void {
  for (let number = 0; number < count; number += 1) queue.onEnd({} as ReadableSpan);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the queue of spans', () => {
  test('sends one batch at a time, and the next when that was taken', async () => {
    const { exporter, queue } = world();
    ended(queue, 2 * QUEUE_LIMITS.batchSpansMax);
    expect(exporter.batches.map(({ count }) => count)).toEqual([QUEUE_LIMITS.batchSpansMax]);
    exporter.batches[0]?.answer({ code: 0 });
    await turn();
    expect(exporter.batches.length).toBe(2);
    exporter.batches[1]?.answer({ code: 0 });
    await queue.forceFlush();
    expect([queue.exportedCount, queue.droppedCount]).toEqual([2 * QUEUE_LIMITS.batchSpansMax, 0]);
  });

  test('keeps so many and drops the rest, which the log tells once', () => {
    const { queue, lines } = world();
    ended(queue, QUEUE_LIMITS.batchSpansMax + QUEUE_LIMITS.spansMax + 100);
    expect(queue.droppedCount).toBe(100);
    expect(lines).toEqual(['spans are dropped: the collector of traces does not take them']);
  });

  test('counts a batch that is refused, and says when the next one is taken', async () => {
    const { exporter, queue, lines } = world();
    ended(queue, QUEUE_LIMITS.batchSpansMax);
    exporter.batches[0]?.answer({ code: 1, error: new Error('connect ECONNREFUSED') });
    await turn();
    ended(queue, QUEUE_LIMITS.batchSpansMax);
    exporter.batches[1]?.answer({ code: 0 });
    await turn();
    expect([queue.exportedCount, queue.droppedCount]).toEqual(
      Array.from({ length: 2 }, () => QUEUE_LIMITS.batchSpansMax),
    );
    expect(lines.length).toBe(2);
    expect(lines[1]).toBe('the collector of traces takes spans again');
  });

  test('waits for a silent collector no longer than its limit when the daemon ends', async () => {
    const { queue } = world();
    ended(queue, QUEUE_LIMITS.batchSpansMax + 5);
    await queue.shutdown();
    ended(queue, 1);
    expect(queue.droppedCount).toBe(6);
  });
});
