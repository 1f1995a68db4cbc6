// A server stream of gRPC as an async iterable that reads no faster than its consumer, and ends its call when the consumer leaves.
// Knows no method; failures are the status as grpc-js tells it.

import type { Client, Metadata } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';

export interface StreamOptions {
  readonly metadata: Metadata;
  /** Ends the call; the iteration then ends too. */
  readonly signal: AbortSignal;
  /** Without a message for so long the call is ended, in milliseconds. */
  readonly silenceMaxMs: number;
}

/** It was silent for too long. */
export class SilentStream extends Error {}

/** The messages of a call, as they come. Throws a ServiceError, or SilentStream. */
export async function* serverStream<Request, Response, RequestOut extends Request, ResponseOut>(
  client: Client,
  method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
  request: Request,
  { metadata, signal, silenceMaxMs }: StreamOptions,
): AsyncGenerator<ResponseOut, void> {
  // It may have been aborted while the connection was made.
  if (signal.aborted) return;
  const call = client.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    metadata,
    {},
  );
  const abort = (): void => call.cancel();
  signal.addEventListener('abort', abort, { once: true });
  let isSilent = false;
  const timer = setInterval(() => {
    if (isSilent) call.destroy(new SilentStream(`nothing came for ${silenceMaxMs} ms`));
    isSilent = true;
  }, silenceMaxMs);
  try {
    for await (const response of call) {
      isSilent = false;
      yield response as ResponseOut;
      // The consumer took its time, not the server.
      isSilent = false;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', abort);
    call.on('error', () => {});
    call.cancel();
  }
}
