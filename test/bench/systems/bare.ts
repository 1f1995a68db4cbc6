// What the libraries leave of two processors when nothing is asked of them that could be left out. `bare`: the least that replicates, three
// processes that sync each write to LevelDB and answer through grpc-js, without terms, elections, snapshots, checks or any
// state; reads come at once from a map. `http2`: one process that answers every read alike on node:http2 by itself. No server of one
// thread on these libraries answers for less, so where Quorate misses its aim by no more than these do, the libraries hold it.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended, serving } from './child.js';
import type { Child } from './child.js';
import { quorate } from './quorate.js';
import type { Running, System } from './system.js';

const CHILD = new URL('bare-child.ts', import.meta.url);
const HTTP2_CHILD = new URL('http2-child.ts', import.meta.url);
const FOLLOWERS = 2;

/** Takes the same requests as Quorate. */
export const bare: System = { ...quorate, name: 'bare', start: startBare };

/** Takes any, and writes nothing. */
export const http2: System = { ...quorate, name: 'http2', start: startHttp2 };

async function startBare(): Promise<Running> {
  const root = mkdtempSync(join(tmpdir(), 'quorate-bare-'));
  const followers: Child[] = [];
  for (let at = 0; at < FOLLOWERS; at += 1)
    followers.push(await serving(CHILD, [join(root, `n${at + 2}`)]));
  const ports = followers.map(({ port }) => String(port));
  const leader = await serving(CHILD, [join(root, 'n1'), ...ports]);
  const nodes = [leader, ...followers];
  return running(nodes, {
    revision: async () => {
      leader.child.send('count');
      const [count] = (await once(leader.child, 'message')) as [number];
      return count;
    },
    stop: async () => {
      await Promise.all(nodes.map(ended));
      rmSync(root, { recursive: true, force: true });
    },
  });
}

async function startHttp2(): Promise<Running> {
  const server = await serving(HTTP2_CHILD);
  return running([server], {
    revision: () => Promise.resolve(0),
    stop: () => ended(server),
  });
}

/** The first leads, always. */
function running(
  nodes: readonly Child[],
  { revision, stop }: Pick<Running, 'revision' | 'stop'>,
): Running {
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  return {
    leader: () => Promise.resolve({ address: addresses[0] ?? '', at: 0 }),
    addresses,
    pids: nodes.map(({ child }) => child.pid ?? 0),
    revision,
    // They keep nothing but a log.
    compact: async () => {},
    kill: unasked,
    restart: unasked,
    join: unasked,
    leave: unasked,
    stop,
  };
}

function unasked(): never {
  throw new Error('nobody of the bare systems leaves or joins');
}
