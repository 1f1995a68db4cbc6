// Requests of any shape for the methods that the proto files define: messages with random fields, and calls made frame by
// frame over HTTP/2, so that what no gRPC library would send can be sent. Nothing here judges the answers.
import fc from 'fast-check';
import { connect } from 'node:http2';
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import {
  CLIENT_SESSIONS,
  CLUSTER,
  JOBS,
  LOCKS,
  POLICIES,
  PROCESSES,
  SERVICES,
  SESSIONS,
  STORE,
} from '../../src/client/protos.js';

export type AnyMethod = MethodDefinition<object, object>;

/** Every method of the API, in the order of the proto files. */
export const METHODS: readonly AnyMethod[] = [
  CLUSTER,
  SESSIONS,
  STORE,
  LOCKS,
  JOBS,
  SERVICES,
  POLICIES,
  CLIENT_SESSIONS,
  PROCESSES,
].flatMap((service) => Object.values(service as unknown as ServiceDefinition)) as AnyMethod[];

interface Field {
  readonly name: string;
  readonly type: string;
  readonly label: string;
  readonly typeName: string;
}
interface Descriptor {
  readonly name: string;
  readonly field: readonly Field[];
  readonly nestedType: readonly Descriptor[];
}

const NUMBERS = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER, 2 ** 60),
  fc.nat(5000),
);
const TEXTS = fc.oneof(
  fc.constantFrom(
    '',
    'n1',
    'n2',
    'alice',
    '127.0.0.1:1',
    '::',
    'a:b:c',
    '../x',
    '\u0000',
    '\ufffd',
  ),
  fc.string({ maxLength: 20, unit: 'binary' }),
  fc.string({ minLength: 600, maxLength: 700 }),
);
const BYTES = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));

/** Messages for a method whose fields have the right type and any value, or are absent. */
export function anyRequest(method: AnyMethod): fc.Arbitrary<object> {
  return anyMessage(method.requestType.type as unknown as Descriptor);
}

function anyMessage(descriptor: Descriptor): fc.Arbitrary<object> {
  const fields = descriptor.field.map(({ name, type, label, typeName }) => {
    const nested = descriptor.nestedType.find((entry) => typeName.endsWith(`.${entry.name}`));
    const one = anyValue(type, nested);
    const isRepeated = label === 'LABEL_REPEATED';
    const value =
      nested !== undefined && isRepeated
        ? fc.dictionary(fc.string({ maxLength: 12 }), BYTES, { maxKeys: 5 })
        : isRepeated
          ? fc.array(one, { maxLength: 40 })
          : one;
    return [camelCase(name), value] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

function anyValue(type: string, nested: Descriptor | undefined): fc.Arbitrary<unknown> {
  if (type === 'TYPE_STRING') return TEXTS;
  if (type === 'TYPE_BYTES') return BYTES;
  if (type === 'TYPE_BOOL') return fc.boolean();
  if (type === 'TYPE_MESSAGE') return nested === undefined ? fc.constant({}) : anyMessage(nested);
  return NUMBERS;
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_whole, letter: string) => letter.toUpperCase());
}

/** A gRPC frame; `length` may lie. */
export function frame(payload: Uint8Array, length = payload.length, isCompressed = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, payload]);
}

export interface RawCall {
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Uint8Array;
  /** The request is never ended. */
  readonly staysOpen: boolean;
}

/** `grpc-status` of the answer; null: the stream or the connection ended without one, or not within the time. */
export function callRaw(
  session: ClientHttp2Session,
  { path, headers, body, staysOpen }: RawCall,
  timeoutMs: number,
): Promise<number | null> {
  return new Promise((resolve) => {
    let status: number | null = null;
    const stream = session.request({ ':method': 'POST', ':path': path, ...headers });
    // A stream of a connection that is not up yet, or is going down, may never say that it closed.
    const timer = setTimeout(() => {
      stream.destroy();
      resolve(status);
    }, timeoutMs);
    const take = (received: object): void => {
      const value = (received as Record<string, unknown>)['grpc-status'];
      if (value !== undefined) status = Number(value);
    };
    stream.on('response', take).on('trailers', take);
    stream.on('error', () => {});
    stream.on('close', () => {
      clearTimeout(timer);
      resolve(status);
    });
    stream.resume();
    if (staysOpen) stream.write(body);
    else stream.end(body);
  });
}

/** An HTTP/2 connection whose errors are the caller's aim. */
export function dial(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  session.on('error', () => {});
  return session;
}
