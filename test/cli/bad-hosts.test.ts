// The client against hosts that do not answer as a daemon does. Each call ends within its time, as no answer from the
// address that was named; and it says that something may have happened exactly when somebody took the request. A write of
// facts is not sent before a client session is open, and so has not happened.

import { afterEach, expect, test } from 'vitest';

import { QuorateClient } from '../../src/client/client.js';
import { BAD_HOSTS, BadHost } from '../support/bad-hosts.js';

const TIMEOUT_MS = 1500;
/** Beyond the time that a call may take: a busy machine. */
const BUSY_MS = 2000;

let host: BadHost | null = null;
let client: QuorateClient | null = null;

afterEach(() => {
  client?.close();
  host?.close();
});

test.each(Object.keys(BAD_HOSTS))('a host that %s is no answer', async (behaviour) => {
  host = await BadHost.start(behaviour);
  const { address } = host;
  client = new QuorateClient({ address, timeoutMs: TIMEOUT_MS });
  const refused = { code: 'UNREACHABLE', outcome: 'refused', exitCode: 3, data: { address } };
  const open = { code: 'INDETERMINATE', outcome: 'indeterminate', exitCode: 3, data: { address } };
  const beganMs = performance.now();
  const [read, write, order] = await Promise.allSettled([
    client.getSession({ id: 'x' }),
    client.putSession({ id: 'x' }),
    client.setPrimary({ name: 'n1' }),
  ]);
  expect(performance.now() - beganMs).toBeLessThan(TIMEOUT_MS + BUSY_MS);
  expect(read).toMatchObject({ status: 'rejected', reason: refused });
  const { takesRequests } = BAD_HOSTS[behaviour] ?? { takesRequests: false };
  expect(write).toMatchObject({ status: 'rejected', reason: refused });
  expect(order).toMatchObject({ status: 'rejected', reason: takesRequests ? open : refused });
});
