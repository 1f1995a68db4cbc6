// What a cluster promises about partitions of real sockets, as limits that the command and the tests both hold it to.
// Each function answers the sentences that a result breaks; none: it holds.

import type { BlackholeResult, CutResult } from './measure.js';

export const LIMITS = {
  /** From healing to the first successful exchange between two peers. */
  exchangeMs: 1000,
  /** Connection attempts a second to a peer that swallows them: at least, so that it is found, and at most. */
  attemptsPerSecondMin: 0.5,
  attemptsPerSecondMax: 3,
} as const;

/** What a cut broke. */
export function brokenCut(result: CutResult): string[] {
  const what = `cut ${result.direction} for ${result.forMs} ms`;
  const late = result.exchangeMs.filter((ms) => ms > LIMITS.exchangeMs);
  return [
    ...late.map((ms) => `${what}: peers talked only ${ms} ms after healing`),
    ...(result.linksDown < 4 ? [`${what}: only ${result.linksDown} of 4 links noticed`] : []),
    ...(result.exchangeMs.length < 2 ? [`${what}: not every pair of peers talked again`] : []),
    ...leaked(result).map((text) => `${what}: ${text}`),
  ];
}

/** Descriptors that did not come back. */
export function leaked(
  result: Pick<CutResult, 'descriptorsBefore' | 'descriptorsAfter'>,
): string[] {
  return result.descriptorsAfter.flatMap((after, at) => {
    const before = result.descriptorsBefore[at] ?? 0;
    return after > before ? [`n${at + 1} has ${after} descriptors, ${before} before`] : [];
  });
}

/** What a start among peers that swallow attempts broke. */
export function brokenBlackhole(result: BlackholeResult): string[] {
  const { watchedMs, attempts, attemptsAtOnceMax, descriptorsMin, descriptorsMax } = result;
  const broken: string[] = [];
  for (const [to, count] of Object.entries(attempts)) {
    const rate = (count * 1000) / watchedMs;
    if (rate < LIMITS.attemptsPerSecondMin || rate > LIMITS.attemptsPerSecondMax) {
      broken.push(`${rate.toFixed(1)} attempts a second to port ${to}`);
    }
  }
  if (Object.keys(attempts).length < 2) broken.push('not every peer was tried');
  if (attemptsAtOnceMax > 1) broken.push(`${attemptsAtOnceMax} attempts at once to one port`);
  // One socket for each of two links, and one that is being made while another closes.
  if (descriptorsMax - descriptorsMin > 4) {
    broken.push(`descriptors went from ${descriptorsMin} to ${descriptorsMax}`);
  }
  const late = result.exchangeMs.filter((ms) => ms > LIMITS.exchangeMs);
  return [...broken, ...late.map((ms) => `peers talked only ${ms} ms after healing`)];
}
