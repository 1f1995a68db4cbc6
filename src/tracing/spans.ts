// Makes spans on OpenTelemetry's own tracer: with times of one clock for all spans of this node, and as many traces a second as a node can
// afford. Nothing global is registered, so that several daemons in one process do not mix.

import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { Attributes, Context, Span, SpanContext, Tracer } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Sampler, SamplingResult, SpanProcessor } from '@opentelemetry/sdk-trace';

/** Traces a second that this node begins, and those that it goes on with for a caller or a peer; more are left out. */
const BEGUN_PER_SECOND_MAX = 100;
const CONTINUED_PER_SECOND_MAX = 1000;

/** Two clocks apart by more than this are brought together again. */
const CLOCK_SLACK_MS = 5;

export interface SpansOptions {
  /** Share of traces that are kept, 0 to 1; a caller's own decision goes before it. */
  readonly sample: number;
  /** The node's name and the software's version. */
  readonly node: string;
  readonly version: string;
}

export class Spans {
  readonly #tracer: Tracer;
  readonly #sampler: BoundedSampler;
  /** What is to be added to the monotonic clock. */
  #epochMs = performance.timeOrigin;

  constructor({ sample, node, version }: SpansOptions, processor: SpanProcessor) {
    this.#sampler = new BoundedSampler(sample);
    const provider = new TracerProvider({
      sampler: this.#sampler,
      spanProcessors: [processor],
      spanLimits: { attributeValueLengthLimit: 256 },
      resource: resourceFromAttributes({
        'service.name': 'quorate',
        'service.version': version,
        'service.instance.id': node,
      }),
    });
    this.#tracer = provider.getTracer('quorate', version);
  }

  /** Traces that were left out because there were too many. */
  get leftOutCount(): number {
    return this.#sampler.leftOutCount;
  }

  /** Milliseconds of the wall clock with fractions, that do not go back within a span unless the wall clock is set. */
  nowMs(): number {
    const nowMs = this.#epochMs + performance.now();
    const aheadMs = nowMs - Date.now();
    // Date.now() cuts off up to a millisecond.
    if (aheadMs > -CLOCK_SLACK_MS && aheadMs < CLOCK_SLACK_MS) return nowMs;
    this.#epochMs -= aheadMs;
    return nowMs - aheadMs;
  }

  /** Begins a span; `parent` null: of a new trace. It records nothing if the trace is not sampled. */
  begin(
    name: string,
    parent: SpanContext | null,
    {
      kind = SpanKind.INTERNAL,
      attributes = {},
      startMs = this.nowMs(),
    }: { kind?: SpanKind; attributes?: Attributes; startMs?: number } = {},
  ): Span {
    const context: Context =
      parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    return this.#tracer.startSpan(name, { kind, attributes, startTime: startMs }, context);
  }

  /** Ends a span; `failure` null: all went well. */
  end(span: Span, failure: string | null = null): void {
    if (failure !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    span.end(this.nowMs());
  }
}

/** OpenTelemetry's usual sampler, held to so many traces a second. */
class BoundedSampler implements Sampler {
  readonly #inner: Sampler;
  #second = 0;
  #begun = 0;
  #continued = 0;
  leftOutCount = 0;

  constructor(ratio: number) {
    this.#inner = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }

  shouldSample(...asked: Parameters<Sampler['shouldSample']>): SamplingResult {
    const result = this.#inner.shouldSample(...asked);
    if (result.decision !== SamplingDecision.RECORD_AND_SAMPLED) return result;
    const parent = trace.getSpanContext(asked[0]);
    if (parent !== undefined && parent.isRemote !== true) return result;
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#begun = 0;
      this.#continued = 0;
    }
    const isOver =
      parent === undefined
        ? (this.#begun += 1) > BEGUN_PER_SECOND_MAX
        : (this.#continued += 1) > CONTINUED_PER_SECOND_MAX;
    if (!isOver) return result;
    this.leftOutCount += 1;
    return { decision: SamplingDecision.NOT_RECORD };
  }

  toString(): string {
    return 'BoundedSampler';
  }
}

/** W3C's text of a context. Source: W3C Trace Context, traceparent. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
}

const TRACEPARENT_TEXT = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:$|-)/;

/** The context that such a text names; null: it names none. */
export function contextOf(text: string | null): SpanContext | null {
  const [, traceId, spanId, flags = ''] = TRACEPARENT_TEXT.exec(text ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return { traceId, spanId, traceFlags, isRemote: true };
}
