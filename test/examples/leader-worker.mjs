// A worker that runs beside every member and works on one at a time: where the node is primary. It asks before each step whether the
// epoch is still the running one, and writes with a condition on the epoch it keeps in the store, so that a step of an
// old reign that comes late is refused. Run it on each machine with the name of its node.

import { connect, QuorateError } from 'quorate/client';

const KEY = 'worker/epoch';

/** Does `step(epoch)` again and again while `node` is primary, until the signal ends it; answers how many were done. */
export async function workWhilePrimary(client, node, step, { signal, pauseMs = 200 }) {
  let done = 0;
  while (!signal.aborted) {
    try {
      const { epoch, primary } = await client.cluster.checkEpoch(0, { signal });
      if (primary === node) {
        await claim(client, epoch, signal);
        await client.guard(epoch, step, { signal });
        done += 1;
      }
    } catch (error) {
      // A hand-over, a fail-over, a cluster without a quorum: look again.
      if (!(error instanceof QuorateError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return done;
}

/** Writes a result of the reign `epoch`: refused as soon as a later one has claimed the work. */
export async function writeAs(client, epoch, key, value) {
  const { succeeded } = await client.store.transaction({
    compares: [{ key: KEY, value: numbered(epoch) }],
    success: [{ put: key, value }],
  });
  if (!succeeded) throw new Error(`the reign ${epoch} is over: ${key} was not written`);
}

/** Makes this reign the one that may write; an older one never takes it back. */
async function claim(client, epoch, signal) {
  const held = await client.store.get(KEY, { signal });
  if (held !== null && held.value.toString() === numbered(epoch)) return;
  if (held !== null && held.value.toString() > numbered(epoch)) {
    throw new QuorateError('STALE_EPOCH', `epoch ${epoch} is over`);
  }
  await client.store.put(KEY, numbered(epoch), { ifRevision: held?.revision ?? 0, signal });
}

/** In one width, so that text is in the order of numbers. */
function numbered(epoch) {
  return String(epoch).padStart(16, '0');
}

if (process.argv[1] === import.meta.filename) {
  const [, , node, ...addresses] = process.argv;
  const controller = new AbortController();
  process.once('SIGTERM', () => controller.abort());
  process.once('SIGINT', () => controller.abort());
  const client = connect({ addresses });
  const work = (epoch) =>
    writeAs(client, epoch, 'worker/last', `${node} at ${new Date().toISOString()}`);
  console.log('steps done:', await workWhilePrimary(client, node, work, controller));
  client.close();
}
