// `npm run bench:watchers` and `npm run bench:sessions`: crowds on one cluster of this machine. Each prints its method and its figures
// and ends by itself: 0 if what must hold held, 1 if it did not, 2 for wrong usage.

import { parseArgs } from 'node:util';

import { manySessions, SESSIONS_METHOD } from './many-sessions.js';
import { watchers, WATCHERS_METHOD } from './watchers.js';

const USAGE = `usage: npm run bench:watchers -- [--watchers 10000] [--rate 1000] [--seconds 10] [--shared 5]
       npm run bench:sessions -- [--sessions 1000000] [--nodes 1] [--slowest 2000]`;

const OPTIONS = {
  watchers: { type: 'string', default: '10000' },
  rate: { type: 'string', default: '1000' },
  seconds: { type: 'string', default: '10' },
  shared: { type: 'string', default: '5' },
  sessions: { type: 'string', default: '1000000' },
  nodes: { type: 'string', default: '1' },
  slowest: { type: 'string', default: '2000' },
} as const;

async function main(): Promise<number> {
  const wish = wished();
  if (wish === null) {
    console.error(USAGE);
    return 2;
  }
  const { what, count } = wish;
  const isWatchers = what === 'watchers';
  console.log(isWatchers ? WATCHERS_METHOD : SESSIONS_METHOD);
  const hasHeld = isWatchers ? await watchers(count) : await manySessions(count);
  return hasHeld ? 0 : 1;
}

type Counts = Record<keyof typeof OPTIONS, number>;

/** Null: wrong usage. */
function wished(): { readonly what: 'watchers' | 'sessions'; readonly count: Counts } | null {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
    const [what] = positionals;
    const entries = Object.entries(values).map(([name, text]) => [name, Number(text)] as const);
    const isSound = entries.every(([, number]) => Number.isSafeInteger(number) && number >= 1);
    if (!isSound || (what !== 'watchers' && what !== 'sessions')) return null;
    return { what, count: Object.fromEntries(entries) as Counts };
  } catch {
    return null;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
