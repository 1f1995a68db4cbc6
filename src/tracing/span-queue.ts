// Spans that wait to be sent to the collector: so many at most, sent a batch at a time and never two at once. A collector that is down,
// slow or silent costs the node nothing but these spans: what finds no room is dropped and counted, and the log says so once.

import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { LoggerPort } from '../node/ports.js';

export const QUEUE_LIMITS = {
  spansMax: 2048,
  batchSpansMax: 256,
  /** The longest that a span waits for others to go with. */
  pauseMs: 500,
  /** How long the end of a daemon waits for the last batch. */
  endMs: 1000,
} as const;

/** `ExportResultCode.SUCCESS` of OpenTelemetry. */
const DONE = 0;

export class SpanQueue implements SpanProcessor {
  readonly #exporter: SpanExporter;
  readonly #log: LoggerPort;
  #waiting: ReadableSpan[] = [];
  #sending: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isDropping = false;
  #isStopped = false;
  /** Since the start of the daemon. */
  exportedCount = 0;
  droppedCount = 0;

  constructor(exporter: SpanExporter, log: LoggerPort) {
    this.#exporter = exporter;
    this.#log = log;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#isStopped || this.#waiting.length >= QUEUE_LIMITS.spansMax) {
      this.#drop(1, 'more spans end than the collector takes');
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= QUEUE_LIMITS.batchSpansMax) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), QUEUE_LIMITS.pauseMs).unref();
  }

  /** Resolves when what waits now was sent or given up. */
  async forceFlush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#sending !== null) {
      this.#send();
      await this.#sending;
    }
  }

  /** Sends what waits, for as long as the end of a daemon may wait for it; drops the rest. */
  async shutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, QUEUE_LIMITS.endMs);
    });
    await Promise.race([this.forceFlush(), late]);
    clearTimeout(timer);
    this.#isStopped = true;
    this.#clearTimer();
    this.droppedCount += this.#waiting.splice(0).length;
  }

  /** Counts spans that are lost; `why` is told once until some are sent again. */
  #drop(count: number, why: string): void {
    this.droppedCount += count;
    if (this.#isDropping || this.#isStopped) return;
    this.#isDropping = true;
    this.#log.warn({ why }, 'spans are dropped: the collector of traces does not take them');
  }

  #send(): void {
    this.#clearTimer();
    if (this.#sending !== null || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, QUEUE_LIMITS.batchSpansMax);
    this.#sending = this.#sent(batch).finally(() => {
      this.#sending = null;
      if (this.#waiting.length > 0) this.#send();
    });
  }

  async #sent(batch: ReadableSpan[]): Promise<void> {
    const failure = await new Promise<Error | null>((resolve) => {
      try {
        this.#exporter.export(batch, ({ code, error }) => {
          resolve(code === DONE ? null : (error ?? new Error('it answered with an error')));
        });
      } catch (error) {
        resolve(error instanceof Error ? error : new Error(String(error)));
      }
    });
    if (failure !== null) {
      this.#drop(batch.length, failure.message);
      return;
    }
    this.exportedCount += batch.length;
    if (!this.#isDropping) return;
    this.#isDropping = false;
    this.#log.info({ dropped: this.droppedCount }, 'the collector of traces takes spans again');
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
