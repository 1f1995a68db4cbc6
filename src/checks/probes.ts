// Asks over the network whether something is well: a TCP connection, an HTTP answer. Each resolves to null or to why not, one line
// for people, and leaves nothing open. The health protocol of gRPC is in grpc-probe.ts.

import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';

import type { CheckTls } from '../health/definition.js';
import { tlsOptions } from './tls-files.js';

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
export async function httpProbe(
  url: string,
  timeoutMs: number,
  tls: CheckTls | null = null,
): Promise<string | null> {
  const secrets = tls === null ? {} : await tlsOptions(tls, new URL(url).hostname);
  if (typeof secrets === 'string') return secrets;
  return new Promise((resolve) => {
    const ask = url.startsWith('https:') ? secureRequest : request;
    const asked = ask(url, { method: 'GET', agent: false, ...secrets });
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

/** Why a check that took too long has failed. */
export function late(timeoutMs: number): string {
  return `no answer within ${timeoutMs} ms`;
}
