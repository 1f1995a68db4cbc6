// The frame around every handler of a stream: context, authorisation, and how the stream ends. A handler's promise is the
// stream's life: it resolves when all is said, and fails with the error that the caller shall get. What a caller that goes
// away leaves behind is the handler's to clear, at `cancelled`.

import type { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import type { MethodMeter } from '../metrics/meters.js';
import type { CallContext } from './call-context.js';
import { admitCall, statusOfFailure } from './call-frame.js';
import { checkReadable } from './messages-in.js';
import type { ServiceModules } from './modules.js';

type AnyStream<Request, Response> =
  ServerWritableStream<Request, Response> | ServerDuplexStream<Request, Response>;

/** Wraps a handler for grpc-js. `method` is its path, such as `/grpc.health.v1.Health/Watch`. */
export function streaming<Request, Response, Call extends AnyStream<Request, Response>>(
  modules: ServiceModules,
  method: string,
  run: (call: Call, context: CallContext) => Promise<void>,
): (call: Call) => void {
  let known: MethodMeter | null = null;
  const respond = async (call: Call): Promise<void> => {
    known ??= modules.meterOf(method, 'request' in call ? 'server_stream' : 'bidi_stream');
    const meter = known;
    const began = meter.began();
    try {
      if ('request' in call) checkReadable(call.request);
      await run(call, admitCall(modules, method, call));
    } catch (error) {
      if (call.cancelled) {
        meter.ended(began, status.CANCELLED);
        return;
      }
      const { code, details, metadata } = statusOfFailure(modules, method, call, error);
      call.emit('error', Object.assign(new Error(details), { code, details, metadata }));
      meter.ended(began, code);
      return;
    }
    meter.ended(began, call.cancelled ? status.CANCELLED : status.OK);
    if (!call.cancelled) call.end();
  };
  return (call) => {
    void respond(call);
  };
}

/** Writes a message; resolves once there is room for the next. False: the caller has gone away. */
export async function sent<Response>(
  call: { readonly cancelled: boolean; write(message: Response): boolean } & EventEmitter,
  message: Response,
): Promise<boolean> {
  if (call.cancelled) return false;
  if (call.write(message)) return true;
  return new Promise((resolve) => {
    const settle = (isOpen: boolean): void => {
      call.off('drain', onDrain);
      call.off('cancelled', onCancelled);
      resolve(isOpen);
    };
    const onDrain = (): void => settle(true);
    const onCancelled = (): void => settle(false);
    call.once('drain', onDrain);
    call.once('cancelled', onCancelled);
  });
}
