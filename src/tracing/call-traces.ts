// The spans of calls of the API at this node: one for the call, one for each forward. A call whose caller sent a context goes on with it; any
// other begins a trace only once it turns out to change something, so that reads and polls cost nothing.

import { SpanKind } from '@opentelemetry/api';
import type { Span, SpanContext } from '@opentelemetry/api';
import type { CallTrace, Hop, TraceCall } from './port.js';
import { contextOf, traceparentOf } from './spans.js';
import type { Spans } from './spans.js';

/** The statuses of gRPC that are a server's fault: unknown, deadline, unimplemented, internal, unavailable, data loss. */
const FAULTS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

export class CallTraces {
  readonly #spans: Spans;
  /** Recorded writes in progress, by request id. */
  readonly #writing = new Map<string, Span>();

  constructor(spans: Spans) {
    this.#spans = spans;
  }

  readonly called: TraceCall = (method, traceparent) =>
    new TracedCall(this.#spans, this.#writing, method, contextOf(traceparent));

  /** The span of the call that carries this request out; null: it is not traced. */
  spanOf(requestId: string): Span | null {
    return this.#writing.get(requestId) ?? null;
  }
}

class TracedCall implements CallTrace {
  readonly #spans: Spans;
  readonly #writing: Map<string, Span>;
  readonly #method: string;
  readonly #beganMs: number;
  /** Null: it has no trace, or none yet. */
  #span: Span | null;
  #requestId: string | null = null;

  constructor(
    spans: Spans,
    writing: Map<string, Span>,
    method: string,
    parent: SpanContext | null,
  ) {
    this.#spans = spans;
    this.#writing = writing;
    this.#method = method;
    this.#beganMs = spans.nowMs();
    this.#span = parent === null ? null : this.#begin(parent);
  }

  writes(requestId: string): void {
    if (this.#requestId !== null) return;
    this.#requestId = requestId;
    this.#span ??= this.#begin(null);
    if (!this.#span.isRecording()) return;
    this.#span.setAttribute('quorate.request_id', requestId);
    this.#writing.set(requestId, this.#span);
  }

  forwards(address: string): Hop | null {
    if (this.#span === null) return null;
    const attributes = { 'server.address': address };
    const kind = SpanKind.CLIENT;
    // Where nothing is recorded the leader is told so: else it would begin a trace of its own.
    const span = this.#span.isRecording()
      ? this.#spans.begin('forward', this.#span.spanContext(), { kind, attributes })
      : this.#span;
    return {
      traceparent: traceparentOf(span.spanContext()),
      ended: (failure) => {
        if (span === this.#span) return;
        const message = failure instanceof Error ? failure.message : null;
        this.#spans.end(span, failure === null ? null : (message ?? 'it failed'));
      },
    };
  }

  ended(status: number): void {
    const span = this.#span;
    if (this.#requestId !== null && this.#writing.get(this.#requestId) === span) {
      this.#writing.delete(this.#requestId);
    }
    if (span === null) return;
    span.setAttribute('rpc.grpc.status_code', status);
    this.#spans.end(span, FAULTS.has(status) ? `status ${status} of gRPC` : null);
  }

  #begin(parent: SpanContext | null): Span {
    const [, service = '', method = ''] = this.#method.split('/');
    return this.#spans.begin(`${service}/${method}`, parent, {
      kind: SpanKind.SERVER,
      startMs: this.#beganMs,
      attributes: { 'rpc.system': 'grpc', 'rpc.service': service, 'rpc.method': method },
    });
  }
}
