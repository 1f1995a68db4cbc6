// Asking an HTTP port in tests: in good manners through node:http, and byte by byte through a socket for everything that
// a well-behaved client would not send. Everything has a limit.
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

const LIMIT_MS = 20_000;

export interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default: 20 s. */
  readonly limitMs?: number;
}

/** One request on a connection of its own. */
export function ask(port: number, path: string, options: AskOptions = {}): Promise<Asked> {
  const { method = 'GET', headers = {}, body, limitMs = LIMIT_MS } = options;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limitMs);
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false, signal });
    sent.once('error', reject);
    sent.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.end(body);
  });
}

/** The answer's JSON object. */
export async function askJson<T>(port: number, path: string): Promise<T & { status: number }> {
  const { status, text } = await ask(port, path);
  return { ...(JSON.parse(text) as T), status };
}

/** A connection of which every byte is the test's. */
export class RawConnection {
  readonly socket: Socket;
  received = '';
  isClosed = false;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port });
    this.socket.setEncoding('utf8').on('data', (text: string) => (this.received += text));
    // Being cut off is what many of these tests are about.
    this.socket.on('error', () => {});
    this.socket.once('close', () => (this.isClosed = true));
  }

  /** The first lines of the answers so far: `HTTP/1.1 200 OK`. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  /** Resolves once the other end closed; what came before is in `received`. */
  async closed(): Promise<this> {
    await eventually('the end of the connection', () => this.isClosed);
    return this;
  }

  async answered(count: number): Promise<this> {
    await eventually(`${count} answers`, () => this.statuses.length >= count);
    return this;
  }
}

/** Waits until it holds, at most 20 s. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
