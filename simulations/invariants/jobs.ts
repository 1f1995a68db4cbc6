// The work ledger as the log leaves it (design section 5): a job is never lost and ends once; a claim is given under the running reign alone and
// ends with it, or when nothing was heard of its worker in time; a report of any other claim changes nothing; a step that is recorded stays as it
// is, and each name is recorded once. Found from the state before and after each entry.

import type { Command } from '../../src/state-machine/command.js';
import type { Job } from '../../src/state-machine/job-types.js';
import { digestOf } from '../digest.js';
import type { History } from '../history.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import { firstApplied } from './first-applied.js';
import type { Applied, Invariant } from './invariant.js';

interface Look {
  readonly applied: Applied;
  readonly id: string;
  /** Null: it was submitted now. */
  readonly before: Job | null;
  readonly after: Job;
  /** Of the reign that runs after the entry; 0: none does. */
  readonly epoch: number;
}

export function jobs(world: World, history: History): Invariant {
  const known = new Map<string, Job>();
  let epoch = 0;

  const see = (applied: Applied, id: string): void => {
    const before = known.get(id) ?? null;
    const after = applied.process.node.state.jobs.get(id);
    const { entry } = applied;
    // Far fewer than those that are remembered ever end in a run.
    hold(after !== null || before === null, 'jobs', () => {
      return `after entry ${entry.index} there is no job ${id} any more`;
    });
    if (after === null) return;
    known.set(id, after);
    history.noteFact('job', id, { index: entry.index, digest: digestOf(after) });
    const look = { applied, id, before, after, epoch };
    judgeSteps(look);
    judgeClaim(look);
    judgeEnd(look);
    count(world, look);
  };

  return {
    applied: firstApplied((applied) => {
      const { state } = applied.process.node;
      const running = state.primary?.epoch ?? 0;
      const hasTurned = running !== epoch;
      epoch = running;
      // Whatever was claimed under another reign is claimed no more.
      const ids = hasTurned ? [...known.keys(), ...idsIn(applied)] : idsIn(applied);
      for (const id of new Set(ids)) see(applied, id);
    }),
  };
}

/** Jobs that the entry may change while the same reign runs. */
function idsIn({ command, result }: Applied): readonly string[] {
  switch (command?.kind) {
    case 'submitJob':
    case 'reportJob':
    case 'cancelJob':
    case 'retryJob':
      return [command.id];
    case 'claimJob':
      return result.type === 'jobClaim' && result.id !== null ? [result.id] : [];
    case 'lapseJobs':
      return command.claims.map(({ id }) => id);
    default:
      return [];
  }
}

/** The steps of before stand first, as they were; at most one is new, recorded under the claim that holds. */
function judgeSteps({ applied, id, before, after, epoch }: Look): void {
  const { command, entry } = applied;
  const was = before?.steps ?? [];
  const isAnew = !after.isResumable && after.status === 'waiting' && after.steps.length === 0;
  const stand =
    isAnew || was.every((step, at) => digestOf(step) === digestOf(after.steps[at] ?? null));
  hold(stand, 'jobs', () => `entry ${entry.index} changed recorded steps of job ${id}`);
  const added = isAnew ? [] : after.steps.slice(was.length);
  const names = after.steps.map(({ name }) => name);
  hold(new Set(names).size === names.length, 'jobs', () => {
    return `after entry ${entry.index} job ${id} has a step twice: ${names.join()}`;
  });
  const isRecorded =
    command?.kind === 'reportJob' &&
    command.report.type === 'step' &&
    isUnder(command, before) &&
    added.every(({ revision }) => revision === entry.index) &&
    added.every((step) => step.epoch === epoch);
  hold(added.length === 0 || (added.length === 1 && isRecorded), 'jobs', () => {
    return `entry ${entry.index} recorded steps ${added.map(({ name }) => name).join()} of job ${id} under no claim that holds`;
  });
}

/** A claim is one of the running reign, given by its own entry, and ends by it, by its worker, by silence or with the reign. */
function judgeClaim({ applied, id, before, after, epoch }: Look): void {
  const { command, entry } = applied;
  const [had, has] = [before?.claim ?? null, after.claim];
  const say = (what: string): string => `after entry ${entry.index} job ${id} ${what}`;
  hold((has !== null) === (after.status === 'claimed'), 'jobs', () => say('is claimed by nobody'));
  hold(has === null || has.epoch === epoch, 'jobs', () => {
    return say(`is claimed under epoch ${has?.epoch}, but ${epoch} runs`);
  });
  if (has !== null && has.token !== had?.token) {
    const isGiven = command?.kind === 'claimJob' && has.token === entry.index && had === null;
    const isReady = before?.status === 'waiting' && before.readyAtMs <= entry.stampMs;
    hold(isGiven && isReady, 'jobs', () => say(`is claimed under token ${has.token}`));
  }
  if (had === null || has !== null) return;
  const isTold = command?.kind === 'reportJob' && isUnder(command, before);
  const hasLapsed = command?.kind === 'lapseJobs' && had.deadlineMs <= entry.stampMs;
  hold(isTold || hasLapsed || had.epoch !== epoch, 'jobs', () => say('lost its claim'));
}

/** What has ended stays so unless it is tried again, and what is done for ever. */
function judgeEnd({ applied, id, before, after }: Look): void {
  const { command, entry } = applied;
  if (before === null || before.status === 'waiting' || before.status === 'claimed') return;
  const isAgain = command?.kind === 'retryJob' && before.status !== 'done';
  hold(after.status === before.status || isAgain, 'jobs', () => {
    return `entry ${entry.index} made job ${id} ${after.status}, which was ${before.status}`;
  });
}

/** The report stands under the claim that the job has. */
function isUnder(command: Extract<Command, { kind: 'reportJob' }>, job: Job | null): boolean {
  const claim = job?.claim ?? null;
  return (
    claim !== null && claim.token === command.claim.token && claim.epoch === command.claim.epoch
  );
}

function count(world: World, { applied, before, after, epoch }: Look): void {
  const { command, result } = applied;
  const { claim } = after;
  if (claim !== null && before?.claim === null) {
    const isBehind = after.steps.some((step) => step.epoch < claim.epoch);
    world.count('jobsClaimed');
    if (isBehind) world.count('jobsContinued');
  }
  if (command?.kind === 'lapseJobs' && before?.claim && claim === null) world.count('jobsLapsed');
  if (before?.status !== after.status && after.status === 'done') world.count('jobsDone');
  if (before?.status !== after.status && after.status === 'cancelled') world.count('jobsCancelled');
  if (command?.kind !== 'reportJob' || result.type !== 'refused') return;
  if (result.refusal.reason !== 'jobClaimLost') return;
  world.count('oldClaimsRefused');
  if (epoch > command.claim.epoch) world.count('oldEpochsRefused');
}
