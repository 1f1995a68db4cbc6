// Which member a client asks next: a pure value, changed by what members answered and how they failed. The leader is asked
// directly where it is known and can be reached; else any member, which forwards. One that failed rests for a while, longer
// each time, and is asked sooner only if all rest.

import type { ErrorCode, QuorateError } from '../errors.js';

const REST_LIMITS = {
  /** After the first failure; doubled with each further one. */
  firstMs: 300,
  maxMs: 15_000,
} as const;

/** Addresses kept; what is learned beyond it is left out. Far more than a cluster has members. */
const ADDRESSES_MAX = 64;

interface Failure {
  readonly count: number;
  /** Not to be asked before, if another can be. */
  readonly untilMs: number;
  readonly message: string;
}

export interface WhomToAsk {
  /** API addresses as configured, then those that members told of; without repetition. */
  readonly addresses: readonly string[];
  readonly given: readonly string[];
  /** Address of the leader as far as is known. */
  readonly leader: string | null;
  /** Who answered last, and is asked again; after a failure, who comes next. */
  readonly last: string | null;
  readonly failures: ReadonlyMap<string, Failure>;
}

/** One member to ask. */
export interface Target {
  readonly address: string;
  /** It may pass the request on; else it says who leads. */
  readonly mayForward: boolean;
  /** It has not failed lately. */
  readonly isFresh: boolean;
}

/** Members that say this cannot carry the request out, and others may. */
export const ELSEWHERE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNREACHABLE',
  'TLS_FAILED',
  'STOPPING',
  'DEGRADED',
  'REMOVED',
  'CLEAN_NODE',
  'WITNESS',
]);

/** These may lie in the member asked, such as one that is cut off from the others. */
const SUSPECT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...ELSEWHERE,
  'NO_QUORUM',
  'INDETERMINATE',
  'DEADLINE_EXCEEDED',
]);

/** Knows what was configured; at least one address. */
export function whomToAsk(given: readonly string[]): WhomToAsk {
  const addresses = [...new Set(given)];
  return { addresses, given: addresses, leader: null, last: null, failures: new Map() };
}

/** The member to ask at this moment. */
export function nextTarget(whom: WhomToAsk, nowMs: number): Target {
  const { leader, failures } = whom;
  const restMs = (address: string): number => (failures.get(address)?.untilMs ?? 0) - nowMs;
  const inTurn = candidates(whom);
  const fresh = inTurn.find((address) => restMs(address) <= 0);
  const address = fresh ?? inTurn.toSorted((a, b) => restMs(a) - restMs(b))[0] ?? '';
  const isLeader = address === leader;
  const isLeaderResting = leader !== null && restMs(leader) > 0;
  return {
    address,
    mayForward: isLeader || isLeaderResting,
    isFresh: fresh !== undefined,
  };
}

/** A member for what any of them can tell, such as a watch: spread by chance over those that have not failed lately. */
export function anyTarget(whom: WhomToAsk, nowMs: number, random: number): string {
  const { addresses, failures } = whom;
  const fresh = addresses.filter((address) => (failures.get(address)?.untilMs ?? 0) <= nowMs);
  return fresh[Math.floor(random * fresh.length)] ?? nextTarget(whom, nowMs).address;
}

/** A member answered. */
export function answered(whom: WhomToAsk, address: string): WhomToAsk {
  if (whom.last === address && !whom.failures.has(address)) return whom;
  const failures = new Map(whom.failures);
  failures.delete(address);
  return { ...whom, last: address, failures };
}

/** A member refused or failed. What it said of the leader is believed; a fault that may be its own lets it rest. */
export function failed(
  whom: WhomToAsk,
  address: string,
  { code, data, message }: QuorateError,
  nowMs: number,
): WhomToAsk {
  const told = data['leader'];
  if (code === 'NOT_LEADER') {
    const leader = told === undefined || told === address ? null : told;
    return withLeader(answered(whom, address), leader);
  }
  if (!SUSPECT.has(code)) return answered(whom, address);
  const before = whom.failures.get(address);
  const { addresses } = whom;
  const after = addresses[(addresses.indexOf(address) + 1) % addresses.length] ?? null;
  const next = { ...whom, last: whom.last === null || whom.last === address ? after : whom.last };
  // Calls at the same time fail together: that counts once.
  if (before !== undefined && before.untilMs > nowMs) return next;
  const count = (before?.count ?? 0) + 1;
  const restMs = Math.min(REST_LIMITS.firstMs * 2 ** (count - 1), REST_LIMITS.maxMs);
  const failures = new Map(whom.failures);
  failures.set(address, { count, untilMs: nowMs + restMs, message });
  return { ...next, failures };
}

/** What a member told of the cluster: the addresses of all members, and of the leader if it knows one. */
export function learned(
  whom: WhomToAsk,
  members: readonly string[],
  leader: string | null,
): WhomToAsk {
  const addresses = [...new Set([...whom.given, ...members])].slice(0, ADDRESSES_MAX);
  const failures = new Map([...whom.failures].filter(([address]) => addresses.includes(address)));
  return withLeader({ ...whom, addresses, failures }, leader);
}

/** Why each member that rests does, for people; empty if one does not. */
export function whyNobody({ addresses, failures }: WhomToAsk): string {
  if (!addresses.every((address) => failures.has(address))) return '';
  return addresses.map((address) => failures.get(address)?.message ?? '').join('; ');
}

function withLeader(whom: WhomToAsk, leader: string | null): WhomToAsk {
  if (leader === null || whom.addresses.includes(leader)) return { ...whom, leader };
  return { ...whom, leader, addresses: [...whom.addresses, leader].slice(-ADDRESSES_MAX) };
}

/** The leader, who answered last, then the others in a circle from there on. */
function candidates({ addresses, leader, last }: WhomToAsk): readonly string[] {
  const at = last === null ? 0 : Math.max(0, addresses.indexOf(last));
  const circle = [...addresses.slice(at), ...addresses.slice(0, at)];
  return leader === null ? circle : [leader, ...circle.filter((address) => address !== leader)];
}
