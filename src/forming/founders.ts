// Who would form the cluster now, as far as one node hears, and whether a set that somebody else proposes is one that this
// node's own configuration asks for. Pure functions; what is promised and when is forming.ts.

import type { InstallId } from '../raft/types.js';
import { FORMING_LIMITS } from './types.js';
import type { Announcement, Attempt, Founder, Plan } from './types.js';

export type Choice =
  /** This node is to propose these founders, sorted by id. */
  | { readonly type: 'propose'; readonly founders: readonly Founder[] }
  /** For people: what is missing, or who goes first. */
  | { readonly type: 'wait'; readonly why: string };

/** Chooses from the nodes heard lately, the newest word of each first. `self` is free: bound to no attempt. */
export function choose(
  plan: Plan,
  clusterName: string,
  self: Founder,
  heard: readonly Announcement[],
): Choice {
  if (plan.type === 'join')
    return wait(`waiting for a member of cluster ${clusterName} to be heard`);
  return plan.type === 'hosts' ? chooseHosts(plan, self, heard) : chooseCount(plan, self, heard);
}

/** Why the attempt is none that this node may promise by its own configuration; null: it may. */
export function whyUnwanted(
  attempt: Attempt,
  plan: Plan,
  clusterName: string,
  self: Founder,
): string | null {
  const { founders } = attempt;
  const own = founders.find(({ installId }) => installId === self.installId);
  if (own === undefined || own.id !== self.id || own.name !== self.name) {
    return 'this data directory is not among its founders';
  }
  if (attempt.clusterName !== clusterName) return `it is of a cluster named ${attempt.clusterName}`;
  if (!founders.some(({ installId }) => installId === attempt.coordinator)) {
    return 'its coordinator is not among its founders';
  }
  if (!isSamePlan(attempt.plan, plan)) return otherPlan(attempt.plan, plan);
  const names = new Set(founders.map(({ name }) => name));
  const ids = new Set(founders.map(({ id }) => id));
  const installs = new Set(founders.map(({ installId }) => installId));
  const isDistinct = [names, ids, installs].every(({ size }) => size === founders.length);
  if (!isDistinct) return 'its founders repeat themselves';
  const isComplete =
    plan.type === 'hosts'
      ? plan.names.length === names.size && plan.names.every((name) => names.has(name))
      : plan.type === 'count' && founders.length === plan.count;
  if (!isComplete) return 'its founders are not those that are wanted';
  return whyUnfit(founders);
}

/** Whether two nodes were configured to form the same cluster. */
function isSamePlan(a: Plan, b: Plan): boolean {
  if (a.type === 'count' && b.type === 'count') return a.count === b.count;
  if (a.type !== 'hosts' || b.type !== 'hosts') return a.type === b.type;
  return a.names.length === b.names.length && a.names.every((name, at) => name === b.names[at]);
}

/** The lowest feature level that all of them can begin with; null: there is none. */
function commonLevel(founders: readonly Founder[]): number | null {
  const level = Math.max(...founders.map(({ featureMin }) => featureMin));
  return founders.every(({ featureMax }) => featureMax >= level) ? level : null;
}

function chooseHosts(
  { names }: Extract<Plan, { type: 'hosts' }>,
  self: Founder,
  heard: readonly Announcement[],
): Choice {
  if (!names.includes(self.name)) {
    return wait(`${self.name} is none of the hosts that form it; waiting for a member to be heard`);
  }
  const plan: Plan = { type: 'hosts', names };
  const fresh = new Map<string, Announcement>();
  for (const said of heard) if (!fresh.has(said.who.name)) fresh.set(said.who.name, said);
  const missing = names.filter((name) => name !== self.name && !fresh.has(name));
  const count = `${names.length - missing.length} of ${names.length} heard`;
  if (missing.length > 0) return wait(`${count}, waiting for ${missing.join(', ')}`);
  const others = names
    .flatMap((name) => fresh.get(name) ?? [])
    .filter(({ who }) => who.name !== self.name);
  const odd = others.find((said) => !isSamePlan(said.plan, plan));
  if (odd !== undefined) return wait(`${odd.who.name}: ${otherPlan(odd.plan, plan)}`);
  const bound = others.find(({ promised, isSpent }) => promised !== null || isSpent);
  if (bound !== undefined) {
    return wait(
      bound.isSpent
        ? `${bound.who.name} belongs to a cluster whose members are not heard`
        : `${bound.who.name} is bound to an earlier attempt that has not ended`,
    );
  }
  const first = names[0] ?? self.name;
  if (first !== self.name) return wait(`${count}, waiting for ${first} to propose`);
  return propose([self, ...others.map(({ who }) => who)]);
}

function chooseCount(
  plan: Extract<Plan, { type: 'count' }>,
  self: Founder,
  heard: readonly Announcement[],
): Choice {
  const free: Founder[] = [self];
  const isNew = ({ id, installId, name }: Founder): boolean =>
    !free.some((other) => other.id === id || other.installId === installId || other.name === name);
  for (const { who, plan: theirs, promised, isSpent } of heard) {
    const isFree = promised === null && !isSpent && isSamePlan(theirs, plan);
    if (isFree && isNew(who)) free.push(who);
  }
  const odd = heard.find(
    ({ plan: theirs, isSpent }) => theirs.type !== 'join' && !isSpent && !isSamePlan(theirs, plan),
  );
  const sorted = free.sort((a, b) => compareText(a.installId, b.installId));
  if (sorted.length < plan.count) {
    const other = odd === undefined ? '' : `; ${odd.who.name}: ${otherPlan(odd.plan, plan)}`;
    const missing = plan.count - sorted.length;
    return wait(`${sorted.length} of ${plan.count} heard, waiting for ${missing} more${other}`);
  }
  const first = sorted[0] ?? self;
  if (first.installId !== self.installId) {
    return wait(`${sorted.length} of ${plan.count} heard, waiting for ${first.name} to propose`);
  }
  return propose(sorted.slice(0, plan.count));
}

function propose(founders: readonly Founder[]): Choice {
  const why = whyUnfit(founders);
  return why === null
    ? { type: 'propose', founders: [...founders].sort((a, b) => a.id - b.id) }
    : wait(why);
}

function whyUnfit(founders: readonly Founder[]): string | null {
  if (founders.length > FORMING_LIMITS.foundersMax) {
    return `at most ${FORMING_LIMITS.foundersMax} nodes form a cluster; let the others join`;
  }
  if (founders.every(({ witness }) => witness))
    return 'all of them are witnesses, and nobody would hold the state';
  return commonLevel(founders) === null ? 'they speak no common feature level' : null;
}

function otherPlan(theirs: Plan, ours: Plan): string {
  return `it is configured to ${inWords(theirs)}, this node to ${inWords(ours)}`;
}

function inWords(plan: Plan): string {
  if (plan.type === 'join') return 'join only';
  return plan.type === 'hosts' ? `form with ${plan.names.join(', ')}` : `expect ${plan.count}`;
}

function wait(why: string): Choice {
  return { type: 'wait', why };
}

function compareText(a: InstallId, b: InstallId): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
