// How often the situations came about that a simulation is run for. A sweep in which one of them stays at zero has not
// tested what its reader thinks it has. Each column is explained here, where it is named.

/** Name and meaning of each column, in the order in which they are printed. */
export const SITUATIONS = {
  elections: 'leaders elected',
  witnessesLed: 'elections won by a witness, which then hands over',
  jointElections: 'leaders elected while a change of voters was not finished',
  lateTimeoutNow: 'orders to campaign that came when their term was over',
  leasesLostInPause: 'primaries whose lease ended while they got no time',
  reigns: 'times that a node became primary',
  handOvers: 'hand-overs begun by the operator that ended with the target as primary',
  handOversRefused: 'hand-overs to a node that must not, or cannot, be primary, refused in advance',
  handOversResumed:
    'hand-overs given up before a proof of stop, after which the same reign went on',
  namedByHand: 'primaries named by an operator while reigns were manual or paused',
  hooksRefused: 'promotions that the hook before them refused',
  promotions: 'learners that became voters',
  removals: 'members removed',
  replacements: 'members whose place a newcomer took in one change',
  abandoned: 'newcomers given up because they did not catch up',
  truncations: 'times that a follower replaced entries of an earlier leader',
  snapshotsTaken: 'snapshots that nodes took of their own state',
  snapshotsOverLonger:
    'snapshots of a leader that came to a log which ends beyond them, often a witness’s',
  snapshotsInstalled: 'snapshots of a leader that a follower restored',
  crashes: 'processes killed, with and without their machine',
  coreRecoveries: 'cores that served again while all others stayed broken',
  provenCannot: 'cores that could not serve, proven from their logs and configurations',
  setBacksFound: 'disks set back that a leader found, so that their node neither votes nor leads',
  lostReplaced: 'lost nodes whose place a newcomer took, or that were removed',
  recoveries: 'processes that came back on a disk with a log',
  upgrades: 'machines that were given the later of two versions',
  levelsRaised: 'times that the feature level rose',
  pauses: 'processes that got no time for a while',
  torn: 'crashes in the middle of a batch, which is not there afterwards, as a write is whole or not at all',
  suspends: 'machines that slept while their clock went on',
  slow: 'processes whose every event took a while',
  clockChanges: 'clocks that changed their rate, within the bound',
  diskHangs: 'disks on which nothing got on for a while',
  diskErrors: 'disks that failed to write, until the daemon was started again',
  diskFull: 'disks that were full, until the daemon was started again',
  wipes: 'machines lost with their disk',
  rots: 'disks found damaged, so that their node did not start any more',
  setBacks: 'disks that lost entries they had synced',
  clogs: 'times that links held up what they carried',
  flaps: 'times that the same links were cut again soon after',
  partitions: 'times that links were cut',
  lost: 'messages lost by the network, cut links not counted',
  held: 'messages held up by clogged links',
  doubled: 'messages delivered twice',
  late: 'messages that took extremely long',
  writesApplied: 'writes answered as applied',
  writesRefused: 'writes refused, or overwritten by another leader',
  writesUnknown: 'writes whose outcome their client never learned',
  repeats: 'writes sent again that got the first answer',
  forgotten:
    'writes refused because the exactly-once table had forgotten them or their client session',
  conflicts: 'compare-and-set refused because the session had another revision',
  reads: 'linearizable reads answered',
  followerReads: 'linearizable reads answered by a node that did not lead',
  leasedReads: 'reads answered under the lease, without asking a quorum',
  staleReads: 'stale reads answered',
  storeReads: 'reads of a key of the store answered',
  watchResumes: 'watches that went on after a break, mostly at another member',
  watchesAhead: 'watches that came to a node which had not applied yet what they knew already',
  watchesCompacted: 'watches that were told the state, as changes they lacked were forgotten',
  changesTold: 'revisions that watchers were told',
  transactions: 'transactions on several keys answered as applied',
  locksGranted: 'locks granted',
  locksTold: 'grants of a lock that their clients learned of',
  locksPassed: 'locks that passed to one who waited, or were granted at the end of their delay',
  locksPassedByExpiry: 'locks granted anew after the session of their holder had expired',
  locksPassedOverTerms: 'of these, locks that an earlier leader had granted to that holder',
  jobsClaimed: 'jobs claimed by a worker',
  jobsContinued: 'claims of jobs that had recorded steps of an earlier reign',
  jobsLapsed: 'claims that ended as nothing was heard of their worker',
  jobsDone: 'jobs done',
  jobsCancelled: 'jobs cancelled',
  oldClaimsRefused: 'reports refused because their claim was over',
  oldEpochsRefused: 'of these, reports of a claim under an earlier reign than the one that runs',
  providersExpired: 'providers gone with their session',
  providersLeft: 'providers gone with their member',
  resolved: 'callers that were sent to a provider',
  policyVersions: 'versions of policies made',
  rollBacks: 'of these, by rolling back',
  keptStarts: 'primary-only processes that a keeper started',
  expiries: 'sessions expired',
} as const;

export type Situation = keyof typeof SITUATIONS;

export const SITUATION_NAMES = Object.keys(SITUATIONS) as Situation[];

/** One number for each situation. */
export class Counts {
  readonly #numbers = new Map<Situation, number>();

  add(situation: Situation, count = 1): void {
    this.#numbers.set(situation, this.of(situation) + count);
  }

  of(situation: Situation): number {
    return this.#numbers.get(situation) ?? 0;
  }

  addAll(other: Counts): void {
    for (const name of SITUATION_NAMES) this.add(name, other.of(name));
  }

  /** Situations that never came about. */
  get missing(): Situation[] {
    return SITUATION_NAMES.filter((name) => this.of(name) === 0);
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(SITUATION_NAMES.map((name) => [name, this.of(name)]));
  }
}
