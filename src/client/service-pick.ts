// Which of several providers a caller is sent to: pure, the dice are handed in. The API's Resolve and the client's balancer pick by it
// alike. Who is well at all is told by whoever calls it.

import type { PickRule as RuleName } from '../generated/quorate/v1/PickRule.js';

/** The rules, and what they are in messages. */
export const RULES = {
  /** The less loaded of two that are drawn, which balances well although loads are told late. */
  twoChoices: 'PICK_TWO_CHOICES',
  leastLoaded: 'PICK_LEAST_LOADED',
  roundRobin: 'PICK_ROUND_ROBIN',
  random: 'PICK_RANDOM',
} as const satisfies Readonly<Record<string, RuleName>>;

export type PickRule = keyof typeof RULES;

export interface Candidate {
  readonly id: string;
  readonly load: number;
}

/** What a caller wants of a provider beside its being well. */
export interface PickWish {
  /** If any runs at this member, only those; empty: wherever. */
  readonly preferNode: string;
  /** Ids that are picked only if no other is left. */
  readonly avoid: ReadonlySet<string>;
}

/** The candidates that are left to pick from; none only if there are none. */
export function preferred<C extends Candidate>(
  candidates: readonly C[],
  nodeOf: (candidate: C) => string,
  { preferNode, avoid }: PickWish,
): readonly C[] {
  const sound = candidates.filter(({ id }) => !avoid.has(id));
  const left = sound.length > 0 ? sound : candidates;
  const near = left.filter((candidate) => nodeOf(candidate) === preferNode);
  return near.length > 0 ? near : left;
}

/**
 * One of the candidates, which come in the order of the bytes of their ids; null: there are none. `afterId`: the last one, for
 * roundRobin. `random` answers a number in [0, 1).
 */
export function pick<C extends Candidate>(
  candidates: readonly C[],
  rule: PickRule,
  afterId: string,
  random: () => number,
): C | null {
  switch (rule) {
    case 'twoChoices':
      return lessLoaded(twoOf(candidates, random));
    case 'leastLoaded': {
      const least = Math.min(...candidates.map(({ load }) => load));
      return drawn(
        candidates.filter(({ load }) => load === least),
        random,
      );
    }
    case 'roundRobin':
      return candidates.find(({ id }) => isBehind(id, afterId)) ?? candidates[0] ?? null;
    case 'random':
      return drawn(candidates, random);
  }
}

/** Two different ones, in the order in which they were drawn; fewer if there are fewer. */
function twoOf<C>(candidates: readonly C[], random: () => number): readonly C[] {
  const { length } = candidates;
  if (length < 2) return candidates;
  const first = Math.floor(random() * length);
  const second = (first + 1 + Math.floor(random() * (length - 1))) % length;
  return [first, second].flatMap((at) => candidates[at] ?? []);
}

function lessLoaded<C extends Candidate>([first, second]: readonly C[]): C | null {
  if (first === undefined) return null;
  return second !== undefined && second.load < first.load ? second : first;
}

function drawn<C>(candidates: readonly C[], random: () => number): C | null {
  return candidates[Math.floor(random() * candidates.length)] ?? null;
}

function isBehind(id: string, afterId: string): boolean {
  return Buffer.compare(Buffer.from(id), Buffer.from(afterId)) > 0;
}
