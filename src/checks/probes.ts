// Asks over the network whether something is well: a TCP connection, an HTTP answer, the health protocol of gRPC. Each resolves
// to null or to why not, one line for people, and leaves nothing open.

import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';

/** Well if a connection is accepted in time. */
export function tcpProbe(host: string, port: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => done(late(timeoutMs)), timeoutMs);
    const done = (why: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(why);
    };
    socket.on('connect', () => done(null));
    socket.on('error', (error) => done(error.message));
  });
}

/** Well if a GET is answered in time with a status of 200 to 299. */
export function httpProbe(url: string, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const ask = url.startsWith('https:') ? secureRequest : request;
    const asked = ask(url, { method: 'GET', agent: false });
    const timer = setTimeout(() => done(late(timeoutMs)), timeoutMs);
    const done = (why: string | null): void => {
      clearTimeout(timer);
      asked.destroy();
      resolve(why);
    };
    asked.on('response', ({ statusCode = 0 }) =>
      done(statusCode >= 200 && statusCode < 300 ? null : `HTTP status ${statusCode}`),
    );
    asked.on('error', (error) => done(error.message));
    asked.end();
  });
}

const HEALTH_PATH = '/grpc.health.v1.Health/Check';
/** Of grpc.health.v1.HealthCheckResponse. */
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** Well if grpc.health.v1 answers SERVING in time. */
export function grpcProbe(
  address: string,
  service: string,
  timeoutMs: number,
): Promise<string | null> {
  return new Promise((resolve) => {
    const client = new Client(address, credentials.createInsecure());
    client.makeUnaryRequest<string, string>(
      HEALTH_PATH,
      requestBytes,
      statusOf,
      service,
      { deadline: Date.now() + timeoutMs },
      (error, status) => {
        client.close();
        if (error !== null) resolve(error.details === '' ? error.message : error.details);
        else resolve(status === 'SERVING' ? null : `it answers ${status ?? 'nothing'}`);
      },
    );
  });
}

/** HealthCheckRequest: `service` is its field 1. */
function requestBytes(service: string): Buffer {
  const text = Buffer.from(service);
  return text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a, text.length]), text]);
}

/** HealthCheckResponse: `status` is its field 1, left out where it is 0. */
function statusOf(bytes: Buffer): string {
  return STATUS_NAMES[bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0] ?? 'UNKNOWN';
}

function late(timeoutMs: number): string {
  return `no answer within ${timeoutMs} ms`;
}
