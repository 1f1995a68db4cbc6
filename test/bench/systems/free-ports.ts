// Ports of this machine that were free a moment ago. They are for programs that cannot be told to choose one.

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** So many of them; all are held at once, so that none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  return Promise.all(
    held.map(async (server) => {
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => {
        server.close(resolve);
      });
      return port;
    }),
  );
}
