// The least that replicates with the libraries that Quorate stands on: three processes that sync each write to LevelDB and answer through
// grpc-js, without terms, elections, snapshots, checks or any state. No server on them answers a unary write for less, so where
// Quorate misses its aim by no more than this does, the libraries hold it.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quorate } from './quorate.js';
import type { Running, System } from './system.js';

const CHILD = new URL('bare-child.ts', import.meta.url);
const FOLLOWERS = 2;

function unasked(): never {
  throw new Error('the bare system only writes');
}

async function started(directory: string, ports: readonly number[]): Promise<Node> {
  const child = fork(CHILD, [directory, ...ports.map(String)], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

interface Node {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(): Promise<Running> {
  const root = mkdtempSync(join(tmpdir(), 'quorate-bare-'));
  const followers: Node[] = [];
  for (let at = 0; at < FOLLOWERS; at += 1)
    followers.push(await started(join(root, `n${at + 2}`), []));
  const leader = await started(
    join(root, 'n1'),
    followers.map(({ port }) => port),
  );
  const nodes = [leader, ...followers];
  const address = `127.0.0.1:${leader.port}`;
  return {
    leader: () => Promise.resolve({ address, at: 0 }),
    addresses: [address],
    pids: nodes.map(({ child }) => child.pid ?? 0),
    revision: async () => {
      leader.child.send('count');
      const [count] = (await once(leader.child, 'message')) as [number];
      return count;
    },
    // It keeps nothing but its log.
    compact: async () => {},
    kill: unasked,
    restart: unasked,
    join: unasked,
    leave: unasked,
    stop: async () => {
      const gone = nodes.map(({ child }) => once(child, 'exit'));
      for (const { child } of nodes) child.kill();
      await Promise.all(gone);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Takes the same writes as Quorate. */
export const bare: System = {
  name: 'bare',
  version: quorate.version,
  requests: {
    write: (key, value) => quorate.requests.write(key, value),
    read: unasked,
    staleRead: unasked,
    pipelinedWrite: unasked,
    batch: unasked,
  },
  start,
};
