// The number of every kind of thing that is stored or sent. A number is never reused, even after its kind is gone,
// and one table for all makes bytes that are read in the wrong place an unknown kind rather than nonsense.

/** Payloads of an entry. */
export const ENTRY_KIND = {
  noop: 1,
  command: 2,
  configuration: 3,
  settings: 4,
  activation: 5,
  proof: 6,
  featureLevel: 7,
} as const;

/** What storage keeps besides entries, and a part of a snapshot. */
export const RECORD_KIND = {
  hardState: 32,
  identity: 33,
  snapshotMeta: 34,
  batch: 35,
  snapshotPart: 36,
} as const;

/** What nodes say and promise while they form a first cluster. */
export const FORMING_KIND = {
  record: 48,
  message: 49,
  beacon: 50,
} as const;

/** What peers say. */
export const MESSAGE_KIND = {
  requestVote: 64,
  requestVoteResponse: 65,
  appendEntries: 66,
  appendEntriesResponse: 67,
  installSnapshot: 68,
  installSnapshotResponse: 69,
  timeoutNow: 70,
  readIndexRequest: 71,
  readIndexResponse: 72,
  diskSetBack: 73,
} as const;

/** Commands of the state machine. */
export const COMMAND_KIND = {
  putSession: 128,
  touchSession: 129,
  deleteSession: 130,
  expireSessions: 131,
  openClientSession: 132,
  changeStore: 133,
  renewSessions: 134,
  acquireLock: 135,
  releaseLock: 136,
  grantLocks: 137,
  submitJob: 138,
  claimJob: 139,
  reportJob: 140,
  cancelJob: 141,
  retryJob: 142,
  lapseJobs: 143,
  registerProvider: 144,
  deregisterProvider: 145,
  reportProviders: 146,
  putPolicy: 147,
  rollBackPolicy: 148,
  deletePolicy: 149,
  noteGivenUp: 150,
} as const;
