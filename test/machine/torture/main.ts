// `npm run torture`: tortures a cluster of real daemons for so many rounds and says what came of it. Ends by itself: with
// 0 if everything held, with 1 at an anomaly, with 2 for wrong usage. The seed is printed first; it draws what is done
// to whom, while the moments are the machine's.

import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { parseSeed } from '../../../simulations/random.js';
import { PLANTS, plantInto } from './plants.js';
import { reportLines } from './report.js';
import { torture } from './torture.js';

const OPTIONS = {
  rounds: { type: 'string', default: '100' },
  seed: { type: 'string', default: String(randomBytes(4).readUInt32LE()) },
  clients: { type: 'string', default: '8' },
  'election-timeout': { type: 'string', default: '300ms' },
  bin: {
    type: 'string',
    default: fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url)),
  },
  directory: { type: 'string', default: 'results/torture' },
  plant: { type: 'string' },
  'no-partitions': { type: 'boolean', default: false },
} as const;

const USAGE = `usage: npm run torture -- [--rounds 100] [--seed N] [--clients 8] [--election-timeout 300ms]
         [--bin FILE] [--directory DIRECTORY] [--plant BUG] [--no-partitions]
Cutting the network needs root and iproute2; --no-partitions does without.
Bugs that can be planted into a copy, to see that they are found:
${Object.entries(PLANTS)
  .map(([name, { what }]) => `  ${name.padEnd(18)}${what}`)
  .join('\n')}`;

const METHOD = `Three daemons of the built command on this machine; clients put (merge), read and delete sessions through all
of them, on contended and on their own ids, some with a condition on the revision. Others use the client
library to put, compare and set, delete and read keys of the store, and to change and read several in transactions, to hold locks
and to submit and do jobs of four steps. Each round kills
a random set of nodes with kill -9, may pause others with SIGSTOP, may cut the first node off from the others, in both directions or
one (packets are dropped where they arrive, between network namespaces), and heals everything after a random while.
At the end every session and key is read back and the histories of all operations are judged: nothing acknowledged is missing,
nothing refused shows, revisions follow real time, answers follow from one another, and the whole is linearizable; of a
lock there is one holder at a time, by its token and by the clock of this machine; each step of a job is recorded once and never changes.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS });
  const [rounds, clients] = [Number(values.rounds), Number(values.clients)];
  const { bin, directory, plant, 'election-timeout': electionTimeout } = values;
  const seed = parseSeed(values.seed);
  const isSound = Number.isSafeInteger(rounds) && rounds >= 1 && clients >= 1 && seed !== null;
  if (!isSound || !existsSync(bin) || (plant !== undefined && PLANTS[plant] === undefined)) {
    console.error(`${USAGE}\nexpected whole numbers, a bug of the list, and a build at ${bin}`);
    return 2;
  }
  console.log(`seed ${seed}\n${METHOD}`);
  const planted = plant === undefined ? null : plantInto(bin, plant);
  if (planted !== null) console.log(`planted: ${PLANTS[plant ?? '']?.what}\n`);
  try {
    const options = {
      rounds,
      seed,
      clients,
      directory,
      electionTimeout,
      nodes: 3,
      partitions: !values['no-partitions'],
    };
    const report = await torture({ ...options, bin: planted?.bin ?? bin }, (line) => {
      console.log(line);
    });
    console.log(`\n${reportLines(report).join('\n')}`);
    return report.anomalies.length === 0 ? 0 : 1;
  } finally {
    planted?.remove();
  }
}

process.exitCode = await main();
