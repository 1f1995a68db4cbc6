// What callers send, as handlers get it. Bytes that are no message of the method are refused as INVALID_ARGUMENT where they are taken: the
// fault is the caller's, and grpc-js would answer INTERNAL. The messages of a stream come one by one, as fast as they are taken.

import type { ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import { invalid } from './validate.js';

/** Bytes that are no message of the method. */
class Malformed {}

/** The methods, taking any bytes for a request: who gets it calls `checkReadable`. */
export function tolerant<Definition extends ServiceDefinition>(definition: Definition): Definition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes);
      } catch {
        return new Malformed();
      }
    };
    return [name, { ...method, requestDeserialize }];
  });
  return Object.fromEntries(methods) as Definition;
}

/** Refuses what is no message of the method. */
export function checkReadable(message: unknown): void {
  if (message instanceof Malformed) throw invalid('request', 'expected a message of this method');
}

/**
 * The messages of a stream until its caller has said all or gone away. A consumer that leaves, also while it waits, leaves the stream as
 * it is, so that the caller can be told why; the iterator of Node would destroy it at that error.
 */
export async function* messagesOf<Request>(
  stream: ServerDuplexStream<Request, never>,
): AsyncGenerator<Request, void> {
  do {
    for (let message = stream.read() as Request | null; message !== null;) {
      checkReadable(message);
      yield message;
      message = stream.read() as Request | null;
    }
  } while (await hasMore(stream));
}

/** Resolves once there is something to read; false: there will be nothing more. */
function hasMore<Request>(stream: ServerDuplexStream<Request, never>): Promise<boolean> {
  if (stream.readableEnded || stream.destroyed || stream.cancelled) return Promise.resolve(false);
  const ends = ['end', 'close', 'error', 'cancelled'];
  return new Promise((resolve) => {
    const settle = (isSo: boolean): void => {
      stream.off('readable', onReadable);
      for (const event of ends) stream.off(event, onEnd);
      resolve(isSo);
    };
    const onReadable = (): void => settle(true);
    const onEnd = (): void => settle(false);
    stream.on('readable', onReadable);
    for (const event of ends) stream.on(event, onEnd);
  });
}
