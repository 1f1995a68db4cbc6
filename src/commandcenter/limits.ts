// Every bound of the Command Center by its name. Whoever reaches the HTTP port may try to hold it up: nothing here waits, grows or
// stays for ever.

export interface CommandCenterLimits {
  /** Open feeds; 503 beyond. */
  readonly feedsMax: number;
  /** What a feed's reader has not taken yet; it is cut off beyond. */
  readonly feedBufferBytesMax: number;
  /** Between two comments on a feed that keep it alive. */
  readonly heartbeatMs: number;
  /** Between two messages of figures, and between two views of the cluster at most. */
  readonly sampleMs: number;
  /** Samples that are kept: ten minutes of them. */
  readonly samplesMax: number;
  /** How often events and this node's own standing are looked at while somebody watches. */
  readonly lookMs: number;
  /** Between two views of the cluster while nobody watches, for the members' addresses. */
  readonly idleViewMs: number;
  /** Likewise while the address of a member is not known. */
  readonly addressMs: number;
  /** For one view of the cluster. */
  readonly viewMs: number;
  /** Events in one message, and in the first of a page that comes anew. */
  readonly eventsMax: number;
  /** Rows of one page of facts, and facts looked at for it. */
  readonly rowsMax: number;
  readonly rowsDefault: number;
  readonly scannedMax: number;
  /** Characters of `search`, and bytes of `after`. */
  readonly searchMax: number;
  readonly afterBytesMax: number;
  /** Body of a login or an action. */
  readonly bodyBytesMax: number;
  /** For an action to be carried out. */
  readonly actionMs: number;
  /** People logged in at this node; the one that was used least lately makes room. */
  readonly loginsMax: number;
  /** A login that is not used, and any login at all, ends after so long. */
  readonly loginIdleMs: number;
  readonly loginMs: number;
  /** Failed logins in a row before the next attempt has to wait, and how long it waits: twice as long with each further failure. */
  readonly failuresFree: number;
  readonly failureDelayMs: number;
  readonly failureDelayMaxMs: number;
  /** Callers whose failures are remembered one by one. */
  readonly callersMax: number;
  /** Attempts that are being checked at once; each takes some 50 ms of a processor. */
  readonly checksMax: number;
}

export const COMMAND_CENTER_LIMITS: CommandCenterLimits = {
  feedsMax: 32,
  feedBufferBytesMax: 1024 * 1024,
  heartbeatMs: 10_000,
  sampleMs: 1_000,
  samplesMax: 600,
  lookMs: 100,
  idleViewMs: 15_000,
  addressMs: 3_000,
  viewMs: 5_000,
  eventsMax: 200,
  rowsMax: 500,
  rowsDefault: 100,
  scannedMax: 5_000,
  searchMax: 200,
  afterBytesMax: 2_048,
  bodyBytesMax: 4_096,
  actionMs: 20_000,
  loginsMax: 64,
  loginIdleMs: 30 * 60_000,
  loginMs: 12 * 60 * 60_000,
  failuresFree: 3,
  failureDelayMs: 1_000,
  failureDelayMaxMs: 60_000,
  callersMax: 1_000,
  checksMax: 2,
};
