// Load by the generic client of @grpc/grpc-js in a process of its own: what a service in Node sees. The parent tells it where, what,
// how many at a time and for how long, and is told what it measured.

import { fork } from 'node:child_process';
import type { RequestBytes } from '../systems/system.js';
import type { Measured } from './measured.js';

export interface Order {
  readonly address: string;
  readonly requests: readonly {
    readonly path: string;
    readonly message: string;
    readonly isStreamed: boolean;
  }[];
  readonly inFlight: number;
  readonly seconds: number;
  /** Ends after so many, if the time is not over before. */
  readonly requestsMax: number;
}

const CHILD = new URL('node-client-child.ts', import.meta.url);

/** Sends the requests in turn to the address for so long, or so many of them, `inFlight` at a time. */
export function nodeClient(
  address: string,
  requests: readonly RequestBytes[],
  inFlight: number,
  seconds: number,
  requestsMax = Number.MAX_SAFE_INTEGER,
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(CHILD, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.once('message', (measured) => {
      resolve(measured as Measured);
      child.kill();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the client ended with ${code}`)));
    const order: Order = {
      address,
      requests: requests.map(({ path, message, isStreamed = false }) => ({
        path,
        isStreamed,
        message: Buffer.from(message).toString('base64'),
      })),
      inFlight,
      seconds,
      requestsMax,
    };
    child.send(order);
  });
}
