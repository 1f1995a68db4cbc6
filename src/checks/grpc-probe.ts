// Asks a server by the health protocol of gRPC whether it is well, with TLS and without. It speaks HTTP/2 itself, one call on one
// connection: grpc-js would keep the socket of a server that accepts and stays silent, one more for each check.
// Source: grpc.health.v1, and "gRPC over HTTP2" of the gRPC documentation.

import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { isIPv6 } from 'node:net';

import type { Probe } from '../health/definition.js';
import { late } from './probes.js';
import { tlsOptions } from './tls-files.js';

type GrpcProbe = Extract<Probe, { type: 'grpc' }>;

const HEALTH_PATH = '/grpc.health.v1.Health/Check';
/** Of grpc.health.v1.HealthCheckResponse. */
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
/** Before each message: one byte whether it is compressed, four for its length. */
const PREFIX_BYTES = 5;
/** A server that answers more is none of health. */
const ANSWER_BYTES_MAX = 1024;

/** Well if grpc.health.v1 answers SERVING in time. */
export async function grpcProbe(probe: GrpcProbe, timeoutMs: number): Promise<string | null> {
  const { host, port, tls } = probe;
  const secrets = tls === null ? {} : await tlsOptions(tls, host);
  if (typeof secrets === 'string') return secrets;
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return new Promise((resolve) => {
    const session = connect(`${tls === null ? 'http' : 'https'}://${authority}`, secrets);
    const timer = setTimeout(() => done(late(timeoutMs)), timeoutMs);
    const done = (why: string | null): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(why);
    };
    session.on('error', (error: Error) => done(error.message));
    // A server that refuses its caller may say why in its last frame.
    session.on('goaway', (_code, _stream, said?: Buffer) => {
      const text = (said?.toString() ?? '').replace(UNPRINTABLE, '');
      done(text === '' ? 'the server ends the connection' : text);
    });
    session.on('close', () => done('the connection was closed'));
    ask(session, probe, timeoutMs, done);
  });
}

const UNPRINTABLE = /[\p{Cc}\ufffd]/gu;

function ask(
  session: ClientHttp2Session,
  { service }: GrpcProbe,
  timeoutMs: number,
  done: (why: string | null) => void,
): void {
  const stream = session.request({
    ':method': 'POST',
    ':path': HEALTH_PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': `${timeoutMs}m`,
  });
  let head: IncomingHttpHeaders = {};
  let body = Buffer.alloc(0);
  stream.on('response', (headers) => {
    head = headers;
  });
  stream.on('trailers', (headers: IncomingHttpHeaders) => {
    head = { ...head, ...headers };
  });
  stream.on('data', (chunk: Buffer) => {
    body = Buffer.concat([body, chunk]);
    if (body.length > ANSWER_BYTES_MAX) done('it does not answer as grpc.health.v1 does');
  });
  stream.on('error', (error: Error) => done(error.message));
  stream.on('end', () => done(verdict(head, body)));
  stream.end(requestBytes(service));
}

function verdict(head: IncomingHttpHeaders, body: Buffer): string | null {
  const httpStatus = String(head[':status']);
  if (httpStatus !== String(constants.HTTP_STATUS_OK)) return `HTTP status ${httpStatus}`;
  const code = head['grpc-status'];
  if (code === undefined) return 'it does not speak gRPC';
  if (code !== '0') return `gRPC status ${String(code)}: ${textOf(head['grpc-message'])}`;
  const status = statusOf(body.subarray(PREFIX_BYTES));
  return status === 'SERVING' ? null : `it answers ${status}`;
}

/** It travels percent-encoded. */
function textOf(message: string | readonly string[] | undefined): string {
  const text = typeof message === 'string' ? message : '';
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** HealthCheckRequest with its prefix: `service` is its field 1. */
function requestBytes(service: string): Buffer {
  const text = Buffer.from(service);
  const message =
    text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a, text.length]), text]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** HealthCheckResponse: `status` is its field 1, left out where it is 0. */
function statusOf(bytes: Buffer): string {
  return STATUS_NAMES[bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0] ?? 'UNKNOWN';
}
