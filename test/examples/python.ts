// `npm run example:python`: store.py against three real daemons, asked through a standby, with Debian's Python. Apart from the tests,
// since a machine may be without python3-grpcio. Ends with 0 if it said what it must, with 1 if not, or if something is missing.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { startCleanDaemons } from '../support/cluster.js';

const EXAMPLE = fileURLToPath(new URL('./store.py', import.meta.url));
const PYTHON = process.env['PYTHON'] ?? '/usr/bin/python3';
const NEEDED = 'import grpc, google.protobuf, shutil, sys; sys.exit(not shutil.which("protoc"))';
const LIMIT_MS = 60_000;
/** What the example says, in this order. */
const EXPECTED = [
  'says: the leader is',
  'before: None; put at a revision: True',
  'watched python/mode = blue',
  'watched python/mode = green',
  'refused: REVISION_MISMATCH, refused;',
  "now: green, at the second put's revision: True",
];

async function main(): Promise<number> {
  if (spawnSync(PYTHON, ['-c', NEEDED]).status !== 0) {
    console.error(
      'it needs: apt-get install python3-grpcio protobuf-compiler (PYTHON=… for another)',
    );
    return 1;
  }
  const cluster = await startCleanDaemons(3);
  try {
    await cluster.form();
    const { primary } = await cluster.settled();
    const standbysFirst = cluster.daemons.toSorted(
      (a, b) => Number(a.name === primary) - Number(b.name === primary),
    );
    const addresses = standbysFirst.map(({ api }) => api);
    const ended = spawnSync(PYTHON, ['-u', EXAMPLE, ...addresses], {
      timeout: LIMIT_MS,
      encoding: 'utf8',
    });
    console.log(ended.stdout);
    console.error(ended.stderr);
    let at = 0;
    for (const words of EXPECTED) {
      const found = ended.stdout.indexOf(words, at);
      if (found >= 0) {
        at = found;
        continue;
      }
      console.error(`FAILED: it did not say, or not in this order: ${words}`);
      return 1;
    }
    console.log('it said what it must');
    return ended.status === 0 ? 0 : 1;
  } finally {
    await cluster.close();
  }
}

process.exitCode = await main();
