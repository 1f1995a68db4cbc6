// The frame around every handler that answers one request: context, authorisation, the answer or its error, and nothing
// about any method. Streams have the like in streams.ts.

import { status } from '@grpc/grpc-js';
import type { StatusAnswer } from '../client/status-details.js';
import type { CallContext } from './call-context.js';
import { admitCall, statusOfFailure } from './call-frame.js';
import type { AnyCall } from './call-frame.js';
import { checkReadable } from './messages-in.js';
import type { ServiceModules } from './modules.js';
import { TRACEPARENT } from '../tracing/port.js';
import type { CallTrace, TraceCall } from '../tracing/port.js';

/** A call as its handler sees it, be it grpc-js's or a direct one. */
export interface UnaryCall<Request> extends AnyCall {
  readonly request: Request;
}

/** Takes the answer, or the status of a failure. */
export type UnaryAnswer<Response> = (failure: StatusAnswer | null, response?: Response) => void;

/** A handler for grpc-js or for a direct call. Answers once. */
export type UnaryHandler<Request, Response> = (
  call: UnaryCall<Request>,
  answer: UnaryAnswer<Response>,
) => void;

/** Wraps a handler. `method` is its path, such as `/quorate.v1.Cluster/Status`. */
export function unary<Request, Response>(
  modules: ServiceModules,
  method: string,
  run: (request: Request, context: CallContext) => Promise<Response> | Response,
): UnaryHandler<Request, Response> {
  const meter = modules.meterOf(method, 'unary');
  const respond = async (
    call: UnaryCall<Request>,
    answer: UnaryAnswer<Response>,
    trace: CallTrace | null,
  ): Promise<void> => {
    const began = meter.began();
    let response: Response;
    try {
      checkReadable(call.request);
      const context = admitCall(modules, method, call);
      response = await run(call.request, trace === null ? context : { ...context, trace });
    } catch (error) {
      const failure = statusOfFailure(modules, method, call, error);
      answer(failure);
      meter.ended(began, failure.code);
      trace?.ended(failure.code);
      return;
    }
    answer(null, response);
    meter.ended(began, status.OK);
    trace?.ended(status.OK);
  };
  const { traceCall = null } = modules;
  return (call, answer) => {
    void respond(call, answer, traceCall === null ? null : traceOf(traceCall, method, call));
  };
}

function traceOf(traceCall: TraceCall, method: string, { metadata }: AnyCall): CallTrace {
  const [text] = metadata.get(TRACEPARENT);
  return traceCall(method, typeof text === 'string' ? text : null);
}
