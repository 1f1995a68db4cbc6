// What `mon-cluster --json`, `/v1/cluster` and the Command Center show of a cluster, as plain types whose keys are a contract with
// scripts. Unknown is null, never a made-up zero. Types only, so that the page in the browser knows them too.

export interface NodeView {
  readonly name: string;
  readonly state: string | null;
  readonly role: 'leader' | 'follower' | 'candidate' | 'learner' | null;
  /** Peer address. */
  readonly address: string | null;
  readonly api: string | null;
  /** Advertised address of its HTTP port, HOST:PORT; null also where it has none. */
  readonly http: string | null;
  readonly commitIndex: number | null;
  readonly lastApplied: number | null;
  readonly lagEntries: number | null;
  readonly lastContactMs: number | null;
  readonly version: string | null;
  readonly uptimeMs: number | null;
  /** What is wrong with it and what to do, one line for people. Beyond the contract's keys, so only where there is any. */
  readonly trouble?: string;
  /** Why it must not be primary now; likewise only where something is against it. */
  readonly ineligible?: string;
  /** What its configuration file says otherwise than the cluster; only where there is any. */
  readonly differs?: readonly string[];
  /** What its operator says of it; likewise. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** What `mon-cluster --json` prints. */
export interface ClusterView {
  /** Null: the node asked belongs to no cluster. */
  readonly cluster: string | null;
  readonly clusterId: string | null;
  readonly quorum: boolean;
  readonly term: number;
  readonly leader: string | null;
  readonly primary: string | null;
  readonly epoch: number;
  readonly failureTolerance: number;
  readonly nodes: readonly NodeView[];
  /** Beyond the contract's keys, so only where a member keeps the feature level from rising. */
  readonly featureLevel?: FeatureLevelView;
  /** Only while automatic reigns are paused: who paused them, and why. */
  readonly pausedBy?: string;
  /** Only where nobody becomes primary unless an operator names it. */
  readonly failover?: 'manual';
  /** Only where it is known: for how long nobody was primary before the newest reign. */
  readonly gapMs?: number;
}

/** What failures the cluster can take, for people; no part of what `mon-cluster --json` prints. */
export interface FailuresView {
  /** Voters in contact that may fail next, one of them, whichever. */
  readonly mayFail: readonly string[];
  /** Those with which the service would end. */
  readonly mustNotFail: readonly string[];
  /** How the cluster could survive more, one sentence each. */
  readonly advice: readonly string[];
}

export interface FeatureLevelView {
  readonly level: number;
  readonly heldBackBy: readonly { readonly name: string; readonly why: string }[];
}
