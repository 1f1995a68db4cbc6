// A node that refuses a request and then says nothing to the attempt that was to be the last. What it said is told, not its silence:
// close to the deadline an attempt has a few milliseconds, too few for a machine that is busy.

import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { QuorateClient } from '../../src/client/client.js';
import { SESSIONS } from '../../src/client/protos.js';
import { statusFor } from '../../src/client/status-details.js';
import { QuorateError } from '../../src/errors.js';
import type { GetSessionResponse } from '../../src/generated/quorate/v1/GetSessionResponse.js';

test('the refusal is told that was given before the silence', async () => {
  const server = new Server();
  let asked = 0;
  server.addService(
    { Get: SESSIONS.Get },
    {
      Get: (_: unknown, answer: sendUnaryData<GetSessionResponse>) => {
        asked += 1;
        if (asked === 1) answer(statusFor(new QuorateError('NO_QUORUM', 'nobody leads')));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const client = new QuorateClient({ address: `127.0.0.1:${port}`, timeoutMs: 2000 });
  try {
    await expect(client.getSession({ id: 'a' })).rejects.toMatchObject({ code: 'NO_QUORUM' });
    expect(asked).toBe(2);
  } finally {
    client.close();
    server.forceShutdown();
  }
});
