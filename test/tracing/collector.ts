// An OTLP collector for tests: an HTTP server that keeps the spans it is sent, in the JSON of the protocol. It can be told to fail, or to
// take requests and never answer them.

import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it arrived, with what is looked at here. */
export interface Received {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly name: string;
  /** The node that sent it. */
  readonly node: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string };
}

/** A span as the protocol writes it. */
interface Sent {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
}

interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly Sent[] }[];
  }[];
}

export class Collector {
  readonly spans: Received[] = [];
  /** What a request is answered with; silent: nothing, ever. */
  mood: 'takes' | 'refuses' | 'silent' = 'takes';
  requestCount = 0;
  readonly #server: Server;
  readonly #held = new Set<ServerResponse>();

  constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => this.#onRequest(request.url ?? '', pieces, response));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const response of this.#held) response.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #onRequest(url: string, pieces: readonly Buffer[], response: ServerResponse): void {
    this.requestCount += 1;
    if (this.mood === 'silent') {
      this.#held.add(response);
      return;
    }
    const isTaken = this.mood === 'takes' && url === '/v1/traces';
    if (isTaken) this.spans.push(...spansOf(JSON.parse(Buffer.concat(pieces).toString()) as Body));
    response.writeHead(isTaken ? 200 : 400, { 'Content-Type': 'application/json' }).end('{}');
  }
}

function spansOf({ resourceSpans }: Body): Received[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const node = String(plain(resource.attributes)['service.instance.id']);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ traceId, spanId, parentSpanId = '', name, ...span }) => ({
        traceId,
        spanId,
        parentSpanId,
        name,
        node,
        startNs: BigInt(span.startTimeUnixNano),
        endNs: BigInt(span.endTimeUnixNano),
        attributes: plain(span.attributes),
      })),
    );
  });
}

function plain(attributes: readonly KeyValue[]): Record<string, string | number> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  );
}
