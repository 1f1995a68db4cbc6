// Cuts the cable for a while, heals it, and measures how long the peers at its ends need to talk again, what it costs in
// descriptors, and how a daemon behaves whose peers swallow its connection attempts. Times are upper bounds: they
// begin just before the command that heals. It measures and judges nothing; limits stand with who asks.

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import type { CutCluster, CutDaemon } from './cut-cluster.js';
import { eventually } from './cut-cluster.js';

/** Which side drops what arrives. */
export type Direction = 'both' | 'left' | 'right';

export interface CutResult {
  readonly direction: Direction;
  readonly forMs: number;
  /** Directed links across the cable, of four, that noticed. */
  readonly linksDown: number;
  /** From healing until each pair of peers first talked, in either direction. */
  readonly exchangeMs: readonly number[];
  /** From healing until all four directed links were up. */
  readonly allLinksMs: number;
  /** From healing until the daemon that was alone answered a linearizable read. */
  readonly servedMs: number;
  readonly descriptorsBefore: readonly number[];
  /** When all were back at what they were before, or at the limit. */
  readonly descriptorsAfter: readonly number[];
}

export interface BlackholeResult {
  readonly watchedMs: number;
  /** Connection attempts of the lonely daemon to each of its peers' ports. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Most attempts to one port under way at one moment. */
  readonly attemptsAtOnceMax: number;
  readonly descriptorsMin: number;
  readonly descriptorsMax: number;
  /** From healing until the daemon talked with each peer. */
  readonly exchangeMs: readonly number[];
}

/** Sockets that peers or kernels still hold are given up by the slowest keepalive within this. */
const DESCRIPTORS_LIMIT_MS = 45_000;
const SAMPLE_MS = 25;

/** One cut of the cable of a settled cluster, until everything is as before. */
export async function measureCut(
  cluster: CutCluster,
  direction: Direction,
  forMs: number,
): Promise<CutResult> {
  const descriptorsBefore = descriptorsOf(cluster);
  const cutAtMs = Date.now();
  cutCable(cluster, direction);
  await pause(forMs);
  const linksDown = linkStates(cluster, cutAtMs).filter((isUp) => !isUp).length;
  const healedAtMs = heal(cluster);
  const servedMs = await servedAgain(cluster.alone);
  await cluster.settled();
  const descriptorsAfter = await descriptorsBack(cluster, descriptorsBefore);
  return {
    direction,
    forMs,
    linksDown,
    servedMs: Math.round(servedMs),
    ...talks(cluster, healedAtMs),
    descriptorsBefore,
    descriptorsAfter,
  };
}

/** Many cuts, some shorter than it takes to notice them; answers the descriptors before and after. */
export async function measureFlapping(
  cluster: CutCluster,
  cutsMs: readonly number[],
): Promise<Pick<CutResult, 'descriptorsBefore' | 'descriptorsAfter'>> {
  const descriptorsBefore = descriptorsOf(cluster);
  for (const cutMs of cutsMs) {
    cutCable(cluster, 'both');
    await pause(cutMs);
    cluster.namespaces.heal();
    await pause(cutMs / 2);
  }
  await cluster.settled();
  return { descriptorsBefore, descriptorsAfter: await descriptorsBack(cluster, descriptorsBefore) };
}

/** Starts the lonely daemon again while its peers swallow every connection attempt, and watches it. */
export async function measureBlackhole(
  cluster: CutCluster,
  watchedMs: number,
): Promise<BlackholeResult> {
  const { alone, namespaces } = cluster;
  await alone.kill();
  cutCable(cluster, 'both');
  await alone.start(namespaces);
  const seen = new Map<string, Set<string>>();
  const descriptors: number[] = [];
  let atOnce = 0;
  /** Attempts of the sample before: one that is being given up is gone by the next. */
  let before = new Set<string>();
  const endMs = performance.now() + watchedMs;
  while (performance.now() < endMs) {
    const attempts = connecting(alone, namespaces.right.address);
    for (const { to, from } of attempts) seen.set(to, (seen.get(to) ?? new Set()).add(from));
    const steady = attempts.filter(({ to, from }) => before.has(`${to} ${from}`));
    before = new Set(attempts.map(({ to, from }) => `${to} ${from}`));
    const targets = steady.map(({ to }) => to);
    for (const to of targets)
      atOnce = Math.max(atOnce, targets.filter((other) => other === to).length);
    descriptors.push(alone.descriptors);
    await pause(SAMPLE_MS);
  }
  const healedAtMs = heal(cluster);
  await cluster.settled();
  return {
    watchedMs,
    attempts: Object.fromEntries([...seen].map(([to, from]) => [to, from.size])),
    attemptsAtOnceMax: atOnce,
    descriptorsMin: Math.min(...descriptors),
    descriptorsMax: Math.max(...descriptors),
    exchangeMs: talks(cluster, healedAtMs).exchangeMs,
  };
}

function cutCable({ namespaces }: CutCluster, direction: Direction): void {
  if (direction !== 'right') namespaces.cut(namespaces.left);
  if (direction !== 'left') namespaces.cut(namespaces.right);
}

/** Answers the moment before. */
function heal({ namespaces }: CutCluster): number {
  const atMs = Date.now();
  namespaces.heal();
  return atMs;
}

/** The newest state of each directed link that changed since. */
function linkStates(cluster: CutCluster, sinceMs: number): boolean[] {
  const states = new Map<string, boolean>();
  for (const { from, to, isUp } of cluster.linkEvents(sinceMs)) states.set(`${from} ${to}`, isUp);
  return [...states.values()];
}

function talks(
  cluster: CutCluster,
  healedAtMs: number,
): { readonly exchangeMs: number[]; readonly allLinksMs: number } {
  const ups = cluster.linkEvents(healedAtMs).filter(({ isUp }) => isUp);
  const sinceHealing = ups.map(({ atMs }) => atMs - healedAtMs);
  const exchangeMs = cluster.others.flatMap(({ name }) => {
    const first = ups.find(({ from, to }) => from === name || to === name);
    return first === undefined ? [] : [first.atMs - healedAtMs];
  });
  return { exchangeMs, allLinksMs: Math.max(0, ...sinceHealing) };
}

function servedAgain({ name, client }: CutDaemon): Promise<number> {
  return eventually(`${name} serves`, async () => {
    await client.listSessions({ limit: 1 }, { timeoutMs: 500, retry: false });
    return true;
  });
}

function descriptorsOf({ daemons }: CutCluster): number[] {
  return daemons.map(({ descriptors }) => descriptors);
}

/** Waits until no daemon has more descriptors than before; answers what they have, also at the limit. */
async function descriptorsBack(cluster: CutCluster, before: readonly number[]): Promise<number[]> {
  const isBack = (): boolean =>
    descriptorsOf(cluster).every((count, at) => count <= (before[at] ?? 0));
  try {
    await eventually('descriptors', () => Promise.resolve(isBack()), DESCRIPTORS_LIMIT_MS);
  } catch {
    // The counts say it.
  }
  return descriptorsOf(cluster);
}

const SYN_SENT = '02';

/** Connection attempts under way to this address, by ports, from the kernel's table for the daemon's namespace. */
function connecting({ pid }: CutDaemon, address: string): { from: string; to: string }[] {
  const hex = address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase())
    .toReversed()
    .join('');
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote = '', state]) => state === SYN_SENT && remote.startsWith(`${hex}:`))
    .map(([, local = '', remote = '']) => {
      const port = (text: string): string => String(parseInt(text.split(':')[1] ?? '', 16));
      return { from: port(local), to: port(remote) };
    });
}
