// What callers send, as handlers get it: bytes that are no message of the method are refused as INVALID_ARGUMENT where they are taken, since the
// fault is the caller's and grpc-js would answer INTERNAL; and the messages of a stream come one by one, as fast as they are taken.

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

/** The messages of a stream until its caller has said all. A consumer that leaves leaves the stream open, so that the caller can be told why. */
export async function* messagesOf<Request, Response>(
  stream: ServerDuplexStream<Request, Response>,
): AsyncGenerator<Request, void> {
  for await (const message of stream.iterator({ destroyOnReturn: false })) {
    checkReadable(message);
    yield message as Request;
  }
}
