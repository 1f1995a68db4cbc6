// `npm run partition`: cuts three real daemons apart by dropping packets where they arrive, heals, and prints how long
// peers need to talk again and what it costs in descriptors. Ends by itself: with 0 if every limit was kept, else
// with 1. Needs root, for network namespaces.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { renderTable, styleFor } from '../../../cli/format.js';
import { CutCluster } from './cut-cluster.js';
import { LIMITS, brokenBlackhole, brokenCut, leaked } from './limits.js';
import { measureBlackhole, measureCut, measureFlapping } from './measure.js';
import type { CutResult, Direction } from './measure.js';

const METHOD = [
  'Three daemons of the built command; n1 in one network namespace, n2 and n3 in another, joined by a virtual cable.',
  'Packets are dropped by the kernel that receives them. EXCHANGE: from healing to the first accepted greeting between',
  'n1 and n2, and n1 and n3, in either direction; LINKS: until all four directed links are up; SERVED: until n1 answers',
  'a linearizable read. FDS: open descriptors of n1, n2, n3 before the cut and when all is quiet again.',
  '',
];
const CUTS: readonly (readonly [Direction, number])[] = [
  ['both', 3000],
  ['both', 15_000],
  ['both', 40_000],
  ['left', 15_000],
  ['right', 15_000],
];
const FLAPS_MS = Array.from({ length: 20 }, (_, at) => 200 + at * 100);
const BLACKHOLE_MS = 15_000;

const { values } = parseArgs({
  options: {
    bin: {
      type: 'string',
      default: fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url)),
    },
    repeat: { type: 'string', default: '1' },
  },
});

const broken: string[] = [];
const cluster = await CutCluster.start(values.bin);
try {
  console.log(METHOD.join('\n'));
  await cluster.warmUp();
  const results: CutResult[] = [];
  for (let round = 0; round < Number(values.repeat); round += 1) {
    for (const [direction, forMs] of CUTS) {
      const result = await measureCut(cluster, direction, forMs);
      results.push(result);
      broken.push(...brokenCut(result));
      console.error(
        `cut ${result.direction} for ${forMs / 1000} s: ${result.exchangeMs.join(' and ')} ms`,
      );
    }
  }
  console.log(tableOf(results).join('\n'));
  const flapping = await measureFlapping(cluster, FLAPS_MS);
  broken.push(...leaked(flapping));
  console.log(`\n${FLAPS_MS.length} cuts of 0.2 to 2.1 s: descriptors ${fds(flapping)}`);
  const blackhole = await measureBlackhole(cluster, BLACKHOLE_MS);
  broken.push(...brokenBlackhole(blackhole));
  const attempts = Object.entries(blackhole.attempts).map(
    ([to, count]) => `${count} to port ${to}`,
  );
  console.log(
    `n1 started while cut, ${BLACKHOLE_MS / 1000} s: attempts ${attempts.join(', ')}; at most ` +
      `${blackhole.attemptsAtOnceMax} at once to a port; descriptors ${blackhole.descriptorsMin} to ` +
      `${blackhole.descriptorsMax}; exchange ${blackhole.exchangeMs.join(' and ')} ms after healing`,
  );
} finally {
  await cluster.close();
}
console.log(
  broken.length === 0
    ? `\nheld: every exchange within ${LIMITS.exchangeMs} ms, nothing leaked`
    : `\nFAILED\n${broken.join('\n')}`,
);
process.exitCode = broken.length === 0 ? 0 : 1;

function tableOf(results: readonly CutResult[]): string[] {
  const columns = ['DROPS', 'CUT', 'LINKS DOWN', 'EXCHANGE', 'LINKS', 'SERVED', 'FDS'].map(
    (title) => ({ title, align: 'right' as const }),
  );
  const rows = results.map((result) => [
    result.direction,
    `${result.forMs / 1000} s`,
    `${result.linksDown} of 4`,
    `${result.exchangeMs.join(' ms, ')} ms`,
    `${result.allLinksMs} ms`,
    `${result.servedMs} ms`,
    fds(result),
  ]);
  return renderTable(columns, rows, { style: styleFor(process.stdout) });
}

function fds({
  descriptorsBefore,
  descriptorsAfter,
}: Pick<CutResult, 'descriptorsBefore' | 'descriptorsAfter'>): string {
  return `${descriptorsBefore.join('/')} → ${descriptorsAfter.join('/')}`;
}
