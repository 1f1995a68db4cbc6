// A web server that offers itself as a provider of a service with its requests under way as its load, and a caller that is sent to one
// that is well without asking the cluster each time. A server that is killed is left by who fails with it at once, and by everybody
// else once its session is over.

import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'quorate/client';

/** Serves on a free port and offers it; `close` takes the offer away before the server goes. */
export async function offeredServer(client, service, { id, ttlMs = 2000 } = {}) {
  let underWay = 0;
  const server = createServer((_request, response) => {
    underWay += 1;
    response.on('close', () => (underWay -= 1));
    response.end(id);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const offer = await client.services.register(service, {
    id,
    address: `127.0.0.1:${port}`,
    ttlMs,
  });
  const reporting = setInterval(() => {
    offer.report({ load: underWay }).catch((error) => console.error(error.message));
  }, 1000);
  // Another process has its id, or somebody took it away: nobody is sent here any more.
  offer.signal.addEventListener('abort', () => {
    clearInterval(reporting);
    server.close();
  });
  return {
    port,
    close: async () => {
      clearInterval(reporting);
      await offer.close();
      server.close();
    },
  };
}

/** Asks providers of the service: one that cannot be reached is left for another, up to five times. */
export function balancedCaller(client, service, options = {}) {
  const balancer = client.services.balancer(service, options);
  return {
    balancer,
    async get(path = '/') {
      for (let attempt = 1; ; attempt += 1) {
        const provider = await balancer.next();
        try {
          const response = await fetch(`http://${provider.address}${path}`);
          return await response.text();
        } catch (error) {
          balancer.failed(provider);
          if (attempt === 5) throw error;
          // The only one that is left may be about to come back, or others to come.
          await pause(100 * (attempt - 1));
        }
      }
    },
    close: () => balancer.close(),
  };
}

if (process.argv[1] === import.meta.filename) {
  const [, , service, id, ttlMs, ...addresses] = process.argv;
  const client = connect({ addresses });
  const server = await offeredServer(client, service, { id, ttlMs: Number(ttlMs) });
  console.log('listening on', server.port);
  process.once('SIGTERM', () => {
    void server.close().then(() => client.close());
  });
}
