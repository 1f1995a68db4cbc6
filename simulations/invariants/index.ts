// All properties of a run. The order matters where one writes a fact of the history that a later one reads: entries
// before commitments, commitments before everything that rests on them.

import type { History } from '../history.js';
import { LeaderRounds } from '../leader-rounds.js';
import type { World } from '../world.js';
import { acknowledgements } from './acknowledgements.js';
import { bounds } from './bounds.js';
import { clientHistories } from './client-histories.js';
import { clientTransactions } from './client-transactions.js';
import { commitOnQuorum } from './commit-on-quorum.js';
import { committedImmutable } from './committed-immutable.js';
import { configurationRules } from './configuration-rules.js';
import { electionSafety } from './election-safety.js';
import { featureLevel } from './feature-level.js';
import { followerLog } from './follower-log.js';
import type { Invariant } from './invariant.js';
import { jobs } from './jobs.js';
import { knownOutcomes } from './known-outcomes.js';
import { leaderAppendOnly } from './leader-append-only.js';
import { leaderCompleteness } from './leader-completeness.js';
import { leaderContact } from './leader-contact.js';
import { leaderDisk } from './leader-disk.js';
import { lease } from './lease.js';
import { linearizable } from './linearizable.js';
import { locks } from './locks.js';
import { logMatching } from './log-matching.js';
import { membershipOverlaps } from './membership-overlaps.js';
import { monotonic } from './monotonic.js';
import { newcomers } from './newcomers.js';
import { onePrimary } from './one-primary.js';
import { policies } from './policies.js';
import { proofOfStop } from './proof-of-stop.js';
import { readRounds } from './read-rounds.js';
import { reignBound } from './reign-bound.js';
import { reignRules } from './reign-rules.js';
import { sameState } from './same-state.js';
import { services } from './services.js';
import { sessionLives } from './session-lives.js';
import { snapshotChunks } from './snapshot-chunks.js';
import { trueOutcomes } from './true-outcomes.js';
import { votes } from './votes.js';
import { withheldVotes } from './withheld-votes.js';

/** `undecided` is called for each client history that is too hard to judge. */
export function invariants(world: World, history: History, undecided: () => void): Invariant[] {
  const rounds = new LeaderRounds(world);
  return [
    rounds.listener,
    logMatching(world, history),
    electionSafety(),
    leaderAppendOnly(),
    followerLog(),
    snapshotChunks(),
    membershipOverlaps(),
    configurationRules(),
    newcomers(),
    commitOnQuorum(world),
    committedImmutable(history),
    leaderCompleteness(world, history),
    votes(),
    withheldVotes(world, rounds),
    lease(rounds),
    leaderContact(world),
    leaderDisk(world),
    acknowledgements(world),
    monotonic(),
    onePrimary(world),
    proofOfStop(world),
    reignBound(),
    reignRules(),
    featureLevel(world),
    sameState(world, history),
    sessionLives(world, history),
    locks(world, history),
    jobs(world, history),
    services(world, history),
    policies(world, history),
    trueOutcomes(history),
    knownOutcomes(),
    linearizable(history),
    readRounds(rounds, history),
    clientHistories(history, undecided),
    clientTransactions(undecided),
    bounds(world),
  ];
}
