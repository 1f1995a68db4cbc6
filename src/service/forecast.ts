// What a change of the cluster would come to, for dry runs: quorum and failure tolerance before and after, who is primary next,
// for how long nobody is, and what else follows. Pure: made from the status of the leader that judged the change and from the
// reigns that the cluster remembers. Whether the change is refused is judged elsewhere (admission.ts, the core), and first.

import type { Forecast } from '../generated/quorate/v1/Forecast.js';
import type { Standing } from '../generated/quorate/v1/Standing.js';
import type { NodeStatus } from '../node/api.js';
import { allVoters } from '../raft/quorum.js';
import { timersFor } from '../raft/options.js';
import type { Configuration, Member, NodeId, ReignRules } from '../raft/types.js';
import type { ReignRecord } from '../state-machine/primary.js';
import { bestSuccessor } from './admission.js';
import { adviceFor } from './failures.js';
import { expectedGaps, shownMs } from './gaps.js';
import type { ExpectedGap } from './gaps.js';
import { isInContact, quorumOf, toleranceOf } from './status-view.js';

/** A change that was judged and would begin. */
export type PlannedChange =
  /** The newcomer is admitted; what it comes for stands in its row: a vote, a member's place, or nothing. */
  | { readonly type: 'admit'; readonly newcomer: Member }
  | { readonly type: 'remove'; readonly member: Member }
  | { readonly type: 'setPrimary'; readonly member: Member }
  | { readonly type: 'settings'; readonly reigns: ReignRules }
  /** It is so already. */
  | { readonly type: 'none' };

/**
 * Answers what `change` would come to. `status` is that of a leader that a quorum has just confirmed, `reigns` the history that
 * it remembers, oldest first: gaps are expected as they were measured there, else by the timers. Nothing is changed or asked.
 * The Cluster methods answer it to a `dry_run`; whoever shows a dry run by other ways calls the same method, or this.
 */
export function forecast(
  status: NodeStatus,
  change: PlannedChange,
  reigns: readonly ReignRecord[],
): Forecast {
  const { configuration } = status;
  const after = configurationAfter(configuration, change);
  const now = status.isPrimary ? status.nodeId : null;
  const next = nextPrimary(status, change, now);
  const isUp = (id: NodeId): boolean => isInContact(status, id) || isNewcomer(change, id);
  const gaps = expectedGaps(reigns, timersFor(status.cluster?.electionTimeoutMs ?? 1000));
  const gap = gapOf(now, next, gaps.handOver);
  const failOver = failOverOf(after, next, isUp, gaps.failOver);
  return {
    before: standing(configuration, now, (id) => isInContact(status, id)),
    after: standing(after, next, isUp),
    ...(gap.ms === null ? {} : { gapMs: gap.ms }),
    gapBasis: gap.basis,
    ...(failOver.ms === null ? {} : { failOverGapMs: failOver.ms }),
    failOverBasis: failOver.basis,
    consequences: consequences(status, change, after, now !== next),
  };
}

/** What starting a cluster on a clean node called `name` would come to. */
export function forecastStart(name: string): Forecast {
  const alone: Standing = {
    voters: [name],
    quorum: 1,
    inContact: 1,
    failureTolerance: 0,
    primary: name,
  };
  return {
    before: { voters: [], quorum: 0, inContact: 0, failureTolerance: 0 },
    after: alone,
    gapMs: 0,
    gapBasis: 'nobody was primary before',
    failOverBasis: `no other voter could take over from ${name}`,
    consequences: ['the cluster survives no failure until two more nodes have joined'],
  };
}

/** The configuration once everything that the change begins is done. */
function configurationAfter(before: Configuration, change: PlannedChange): Configuration {
  const without = (id: NodeId | null): Configuration => ({
    ...before,
    members: before.members.filter((member) => member.id !== id),
    voters: before.voters.filter((voter) => voter !== id),
  });
  switch (change.type) {
    case 'admit': {
      const { newcomer } = change;
      const left = without(newcomer.replaces);
      const voters = newcomer.autoPromote ? [...left.voters, newcomer.id] : left.voters;
      return { ...left, members: [...left.members, newcomer], voters };
    }
    case 'remove':
      return without(change.member.id);
    case 'settings':
      return { ...before, reigns: change.reigns };
    case 'setPrimary':
    case 'none':
      return before;
  }
}

function isNewcomer(change: PlannedChange, id: NodeId): boolean {
  return change.type === 'admit' && change.newcomer.id === id;
}

/** Who is primary once the change is made; null: nobody. */
function nextPrimary(status: NodeStatus, change: PlannedChange, now: NodeId | null): NodeId | null {
  if (change.type === 'setPrimary') return change.member.id;
  // A leader that waits for an operator makes itself primary once the rules let it.
  if (change.type === 'settings') {
    return now ?? (status.isAwaited && isAutomatic(change.reigns) ? status.nodeId : null);
  }
  const leaving =
    change.type === 'remove'
      ? change.member.id
      : change.type === 'admit'
        ? change.newcomer.replaces
        : null;
  if (now === null || leaving !== now) return now;
  return isAutomatic(status.configuration.reigns) ? bestSuccessor(status) : null;
}

function isAutomatic({ isManual, pausedBy }: ReignRules): boolean {
  return !isManual && pausedBy === null;
}

function gapOf(now: NodeId | null, next: NodeId | null, handOver: ExpectedGap): ExpectedGap {
  if (now === next) {
    return now === null
      ? { ms: null, basis: 'nobody is primary, before or after' }
      : { ms: 0, basis: 'the reign goes on' };
  }
  if (next === null) return { ms: null, basis: 'nobody is primary until `quorate set-primary`' };
  if (now === null) return { ms: 0, basis: 'nobody is primary now' };
  return handOver;
}

function failOverOf(
  after: Configuration,
  primary: NodeId | null,
  isUp: (id: NodeId) => boolean,
  expected: ExpectedGap,
): ExpectedGap {
  if (primary === null) return { ms: null, basis: 'there is no primary that could fail' };
  const others = after.voters.filter((id) => id !== primary && isUp(id));
  if (others.length < quorumOf(after.voters.length)) {
    return { ms: null, basis: 'the other voters in contact are no quorum' };
  }
  const isFull = (id: NodeId): boolean =>
    after.members.some((member) => member.id === id && !member.witness);
  if (!others.some(isFull)) return { ms: null, basis: 'only witnesses would be left' };
  if (after.reigns.pausedBy !== null)
    return { ms: null, basis: 'paused: nobody until an operator acts' };
  if (after.reigns.isManual) return { ms: null, basis: 'manual: nobody until an operator acts' };
  return expected;
}

function standing(
  configuration: Configuration,
  primary: NodeId | null,
  isUp: (id: NodeId) => boolean,
): Standing {
  const voters = allVoters(configuration);
  const nameOf = (id: NodeId): string =>
    configuration.members.find((member) => member.id === id)?.name ?? String(id);
  return {
    voters: voters.map(nameOf).sort((a, b) => (a < b ? -1 : 1)),
    quorum: quorumOf(configuration.voters.length),
    inContact: voters.filter(isUp).length,
    failureTolerance: toleranceOf(configuration, isUp),
    ...(primary === null ? {} : { primary: nameOf(primary) }),
  };
}

function consequences(
  status: NodeStatus,
  change: PlannedChange,
  after: Configuration,
  isHandedOver: boolean,
): string[] {
  const said: string[] = [];
  if (isHandedOver && status.isPrimary) {
    said.push(
      'writes are refused with HANDING_OVER until the next primary serves; clients repeat them',
      `primary-only processes on ${status.cluster?.nodeName ?? 'the primary'} end first, each within its stopGrace`,
    );
  }
  switch (change.type) {
    case 'none':
      return ['nothing: it is so already'];
    case 'remove':
      said.push(`${change.member.name} joins again only with an empty data directory`);
      break;
    case 'admit':
      said.push(...admissionConsequences(status, change.newcomer));
      break;
    case 'setPrimary':
      if (isHandedOver) {
        said.push(
          `priorities leave ${change.member.name} alone until the next unplanned fail-over`,
        );
      }
      break;
    case 'settings':
      if (isAutomatic(change.reigns)) break;
      said.push('whoever leads next is primary only by `quorate set-primary`');
  }
  const isMoved = change.type === 'admit' || change.type === 'remove';
  return isMoved ? [...said, ...adviceFor(after)] : said;
}

function admissionConsequences(status: NodeStatus, newcomer: Member): string[] {
  const { name, autoPromote, witness, priority } = newcomer;
  if (!autoPromote) return [`${name} stays a learner: it counts in no quorum`];
  const timers = timersFor(status.cluster?.electionTimeoutMs ?? 1000);
  const said = [`${name} votes only once it has caught up, and is removed again if it does not`];
  const own = status.configuration.members.find(({ id }) => id === status.nodeId);
  const { reigns } = status.configuration;
  if (own !== undefined && status.isPrimary && !witness && priority > own.priority) {
    if (isAutomatic(reigns)) {
      const wellFor = shownMs(10 * timers.electionTimeoutMinMs);
      said.push(
        `${name} has a higher priority than ${own.name}, so the primacy moves to it once it has been well for ${wellFor}, unless an operator chose ${own.name}`,
      );
    }
  }
  return said;
}
