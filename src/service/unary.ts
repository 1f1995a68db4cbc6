// The frame around every handler that answers one request: context, authorisation, the answer or its error, and nothing
// about any method. Streams have the like in streams.ts.

import { status } from '@grpc/grpc-js';
import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { CallContext } from './call-context.js';
import { admitCall, statusOfFailure } from './call-frame.js';
import { checkReadable } from './messages-in.js';
import type { ServiceModules } from './modules.js';

/** Wraps a handler for grpc-js. `method` is its path, such as `/quorate.v1.Cluster/Status`. */
export function unary<Request, Response>(
  modules: ServiceModules,
  method: string,
  run: (request: Request, context: CallContext) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const meter = modules.meterOf(method, 'unary');
  const respond = async (
    call: ServerUnaryCall<Request, Response>,
    callback: sendUnaryData<Response>,
  ): Promise<void> => {
    const began = meter.began();
    let response: Response;
    try {
      checkReadable(call.request);
      response = await run(call.request, admitCall(modules, method, call));
    } catch (error) {
      const failure = statusOfFailure(modules, method, call, error);
      callback(failure);
      meter.ended(began, failure.code);
      return;
    }
    callback(null, response);
    meter.ended(began, status.OK);
  };
  return (call, callback) => {
    void respond(call, callback);
  };
}
