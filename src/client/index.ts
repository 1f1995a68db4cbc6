// The public API of `quorate/client`: to use a cluster from any program that runs on Node.js. It loads no part of the daemon.
// Everything that is not exported here may change without notice.

export { connect, Quorate } from './connect.js';
export type { ConnectOptions } from './connect.js';
export type { CallOptions } from './caller.js';
export type { PipelineOptions } from './pipeline.js';
export type { Value } from './bytes.js';
export type { Consistency, ReadOptions } from './read-options.js';
export type { ClusterView, NodeView } from './cluster-view.js';
export type {
  ClusterClient,
  ClusterMember,
  ClusterSettings,
  EpochCheck,
  EventsOptions,
} from './cluster-client.js';
export type { AcquireOptions, HeldLock, LocksClient, LockView } from './locks-client.js';
export type { JobsClient, JobView, SubmitOptions } from './jobs-client.js';
export type {
  ChangePolicyOptions,
  PoliciesClient,
  PolicyChange,
  PolicyVersion,
  PolicyView,
} from './policies-client.js';
export type { PolicyOnNode, PolicyStatus } from './policy-status.js';
export { JobGivenUp } from './worker.js';
export type { JobHandler, JobWorker, WorkedJob, WorkerOptions } from './worker.js';
export type { ProviderView, ResolveOptions, ServicesClient } from './services-client.js';
export type { OfferOptions, OfferReport, ServiceOffer } from './service-offer.js';
export type { BalancerOptions, NextOptions, ServiceBalancer } from './service-balancer.js';
export type { PickRule } from './service-pick.js';
export type { ProviderHealth, ServiceProvider } from './service-provider.js';
export type { ClusterEvent } from './event-feed.js';
export type {
  Session,
  SessionChange,
  SessionListOptions,
  SessionsClient,
  SessionsPipeline,
} from './sessions-client.js';
export type {
  Compare,
  ListOptions,
  Operation,
  OperationResult,
  PutOptions,
  Relation,
  StoreClient,
  StoreEntry,
  StorePipeline,
  Transaction,
  TransactionResult,
  Written,
} from './store-client.js';
export type { WatchOptions } from './watch.js';
export type { WatchUpdate } from './watch-cursor.js';
export { ERRORS, QuorateError } from '../errors.js';
export type { ErrorCode, ErrorData, Outcome } from '../errors.js';
export type { TlsFiles } from '../tls/identity.js';
