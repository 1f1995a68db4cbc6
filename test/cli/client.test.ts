// The thin client: what it repeats, and what it never repeats. A host that says nothing is an error within the deadline,
// not a wait without end.
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';

import { QuorateClient } from '../../src/client/client.js';
import { pauseBeforeRetry } from '../../src/client/retry.js';
import type { RetryCircumstances } from '../../src/client/retry.js';
import { ERRORS, isErrorCode, QuorateError } from '../../src/errors.js';

const RETRIED = [
  'NOT_LEADER',
  'NO_QUORUM',
  'OVERLOADED',
  'HANDING_OVER',
  'CHANGE_RUNNING',
  'OVERWRITTEN',
];

function how(wish: Partial<RetryCircumstances> = {}): RetryCircumstances {
  return { attempt: 1, remainingMs: 10_000, random: 0.5, ...wish };
}

describe('a failed request', () => {
  test.each(Object.keys(ERRORS))('with %s is repeated only if time mends it', (code) => {
    if (!isErrorCode(code)) throw new Error('expected a code of the table');
    const pauseMs = pauseBeforeRetry(new QuorateError(code, 'no'), how());
    expect(pauseMs !== null).toBe(RETRIED.includes(code));
  });

  test('that may have happened is never repeated, whatever its code', () => {
    const error = new QuorateError('NO_QUORUM', 'no', {}, { outcome: 'indeterminate' });
    expect(pauseBeforeRetry(error, how())).toBeNull();
  });

  test('waits longer each time, up to a bound, and never beyond the deadline', () => {
    const error = new QuorateError('NO_QUORUM', 'no');
    const pauses = [1, 2, 3, 4, 8, 50].map((attempt) => {
      return pauseBeforeRetry(error, how({ attempt, random: 1 }));
    });
    expect(pauses).toEqual([40, 64, 102, 164, 400, 400]);
    expect(pauseBeforeRetry(error, how({ random: 0 }))).toBe(20);
    expect(pauseBeforeRetry(error, how({ remainingMs: 60, random: 0 }))).toBeNull();
  });
});

describe('a host that does not answer', () => {
  const sockets: Socket[] = [];
  let server: Server | null = null;
  let client: QuorateClient | null = null;

  afterEach(() => {
    client?.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    server?.close();
  });

  async function silentServer(): Promise<string> {
    const listening = createServer((socket) => sockets.push(socket));
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(listening.address() as AddressInfo).port}`;
  }

  async function failure(address: string): Promise<{ error: unknown; tookMs: number }> {
    client = new QuorateClient({ address, timeoutMs: 800 });
    const begunMs = performance.now();
    const error: unknown = await client.putSession({ id: 'x' }).catch((reason: unknown) => reason);
    return { error, tookMs: performance.now() - begunMs };
  }

  test('although it accepts connections, is UNREACHABLE within the deadline', async () => {
    const address = await silentServer();
    const { error, tookMs } = await failure(address);
    expect(error).toMatchObject({ code: 'UNREACHABLE', exitCode: 3, data: { address } });
    expect(tookMs).toBeLessThan(2500);
  });

  test('because nothing listens, is UNREACHABLE at once', async () => {
    const address = await silentServer();
    await new Promise((resolve) => server?.close(resolve));
    const { error, tookMs } = await failure(address);
    expect(error).toMatchObject({ code: 'UNREACHABLE', outcome: 'refused' });
    expect(String(error)).toContain(address);
    expect(tookMs).toBeLessThan(700);
  });
});
