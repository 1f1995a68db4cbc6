// The thin client that the command line uses: one address, one method for each call of quorate.v1, plain promises.
// Every call ends by its deadline with an answer or with a QuorateError that says why; what was refused before it was
// appended is repeated within the deadline. Writes of facts go under a client session, opened with the first of them, so
// that one which may have happened is repeated too and happens once. It does not look for the leader itself (members
// forward), and does not batch.

import type { AddRequest } from '../generated/quorate/v1/AddRequest.js';
import type { AddResponse__Output as AddResponse } from '../generated/quorate/v1/AddResponse.js';
import type { CheckEpochRequest } from '../generated/quorate/v1/CheckEpochRequest.js';
import type { ChangeSettingsRequest } from '../generated/quorate/v1/ChangeSettingsRequest.js';
import type { ChangeSettingsResponse__Output as ChangeSettingsResponse } from '../generated/quorate/v1/ChangeSettingsResponse.js';
import type { CheckEpochResponse__Output as CheckEpochResponse } from '../generated/quorate/v1/CheckEpochResponse.js';
import type { DeleteSessionRequest } from '../generated/quorate/v1/DeleteSessionRequest.js';
import type { DeleteSessionResponse__Output as DeleteSessionResponse } from '../generated/quorate/v1/DeleteSessionResponse.js';
import type { EventsRequest } from '../generated/quorate/v1/EventsRequest.js';
import type { EventsResponse__Output as EventsResponse } from '../generated/quorate/v1/EventsResponse.js';
import type { ExportRecordResponse__Output as ExportRecordResponse } from '../generated/quorate/v1/ExportRecordResponse.js';
import type { GetLockRequest } from '../generated/quorate/v1/GetLockRequest.js';
import type { GetLockResponse__Output as GetLockResponse } from '../generated/quorate/v1/GetLockResponse.js';
import type { CancelJobRequest } from '../generated/quorate/v1/CancelJobRequest.js';
import type { CancelJobResponse__Output as CancelJobResponse } from '../generated/quorate/v1/CancelJobResponse.js';
import type { GetJobRequest } from '../generated/quorate/v1/GetJobRequest.js';
import type { GetJobResponse__Output as GetJobResponse } from '../generated/quorate/v1/GetJobResponse.js';
import type { ListJobsRequest } from '../generated/quorate/v1/ListJobsRequest.js';
import type { ListJobsResponse__Output as ListJobsResponse } from '../generated/quorate/v1/ListJobsResponse.js';
import type { RetryJobRequest } from '../generated/quorate/v1/RetryJobRequest.js';
import type { RetryJobResponse__Output as RetryJobResponse } from '../generated/quorate/v1/RetryJobResponse.js';
import type { SubmitJobRequest } from '../generated/quorate/v1/SubmitJobRequest.js';
import type { SubmitJobResponse__Output as SubmitJobResponse } from '../generated/quorate/v1/SubmitJobResponse.js';
import type { ListLocksRequest } from '../generated/quorate/v1/ListLocksRequest.js';
import type { ListLocksResponse__Output as ListLocksResponse } from '../generated/quorate/v1/ListLocksResponse.js';
import type { ReleaseLockRequest } from '../generated/quorate/v1/ReleaseLockRequest.js';
import type { ReleaseLockResponse__Output as ReleaseLockResponse } from '../generated/quorate/v1/ReleaseLockResponse.js';
import type { GetSessionRequest } from '../generated/quorate/v1/GetSessionRequest.js';
import type { GetSessionResponse__Output as GetSessionResponse } from '../generated/quorate/v1/GetSessionResponse.js';
import type { InstallRequest } from '../generated/quorate/v1/InstallRequest.js';
import type { InstallResponse__Output as InstallResponse } from '../generated/quorate/v1/InstallResponse.js';
import type { JoinRequest } from '../generated/quorate/v1/JoinRequest.js';
import type { JoinResponse__Output as JoinResponse } from '../generated/quorate/v1/JoinResponse.js';
import type { ListProcessesResponse__Output as ListProcessesResponse } from '../generated/quorate/v1/ListProcessesResponse.js';
import type { ListSessionsRequest } from '../generated/quorate/v1/ListSessionsRequest.js';
import type { ListSessionsResponse__Output as ListSessionsResponse } from '../generated/quorate/v1/ListSessionsResponse.js';
import type { NodeStatusResponse__Output as NodeStatusResponse } from '../generated/quorate/v1/NodeStatusResponse.js';
import type { NotesRequest } from '../generated/quorate/v1/NotesRequest.js';
import type { NotesResponse__Output as NotesResponse } from '../generated/quorate/v1/NotesResponse.js';
import type { PutSessionRequest } from '../generated/quorate/v1/PutSessionRequest.js';
import type { PutSessionResponse__Output as PutSessionResponse } from '../generated/quorate/v1/PutSessionResponse.js';
import type { RemoveRequest } from '../generated/quorate/v1/RemoveRequest.js';
import type { RemoveResponse__Output as RemoveResponse } from '../generated/quorate/v1/RemoveResponse.js';
import type { ReplaceRequest } from '../generated/quorate/v1/ReplaceRequest.js';
import type { ReplaceResponse__Output as ReplaceResponse } from '../generated/quorate/v1/ReplaceResponse.js';
import type { SetPrimaryRequest } from '../generated/quorate/v1/SetPrimaryRequest.js';
import type { SetPrimaryResponse__Output as SetPrimaryResponse } from '../generated/quorate/v1/SetPrimaryResponse.js';
import type { SettingsResponse__Output as SettingsResponse } from '../generated/quorate/v1/SettingsResponse.js';
import type { StartRequest } from '../generated/quorate/v1/StartRequest.js';
import type { StartResponse__Output as StartResponse } from '../generated/quorate/v1/StartResponse.js';
import type { StartProcessRequest } from '../generated/quorate/v1/StartProcessRequest.js';
import type { StartProcessResponse__Output as StartProcessResponse } from '../generated/quorate/v1/StartProcessResponse.js';
import type { StatusRequest } from '../generated/quorate/v1/StatusRequest.js';
import type { StatusResponse__Output as StatusResponse } from '../generated/quorate/v1/StatusResponse.js';
import type { TouchSessionRequest } from '../generated/quorate/v1/TouchSessionRequest.js';
import type { TouchSessionResponse__Output as TouchSessionResponse } from '../generated/quorate/v1/TouchSessionResponse.js';
import type { DeleteStoreRequest } from '../generated/quorate/v1/DeleteStoreRequest.js';
import type { DeleteStoreResponse__Output as DeleteStoreResponse } from '../generated/quorate/v1/DeleteStoreResponse.js';
import type { GetStoreRequest } from '../generated/quorate/v1/GetStoreRequest.js';
import type { GetStoreResponse__Output as GetStoreResponse } from '../generated/quorate/v1/GetStoreResponse.js';
import type { ListStoreRequest } from '../generated/quorate/v1/ListStoreRequest.js';
import type { ListStoreResponse__Output as ListStoreResponse } from '../generated/quorate/v1/ListStoreResponse.js';
import type { PutStoreRequest } from '../generated/quorate/v1/PutStoreRequest.js';
import type { PutStoreResponse__Output as PutStoreResponse } from '../generated/quorate/v1/PutStoreResponse.js';
import type { TransactRequest } from '../generated/quorate/v1/TransactRequest.js';
import type { TransactResponse__Output as TransactResponse } from '../generated/quorate/v1/TransactResponse.js';
import type { PutPolicyRequest } from '../generated/quorate/v1/PutPolicyRequest.js';
import type { PutPolicyResponse__Output as PutPolicyResponse } from '../generated/quorate/v1/PutPolicyResponse.js';
import type { RollBackPolicyRequest } from '../generated/quorate/v1/RollBackPolicyRequest.js';
import type { RollBackPolicyResponse__Output as RollBackPolicyResponse } from '../generated/quorate/v1/RollBackPolicyResponse.js';
import type { DeletePolicyRequest } from '../generated/quorate/v1/DeletePolicyRequest.js';
import type { DeletePolicyResponse__Output as DeletePolicyResponse } from '../generated/quorate/v1/DeletePolicyResponse.js';
import type { GetPolicyRequest } from '../generated/quorate/v1/GetPolicyRequest.js';
import type { GetPolicyResponse__Output as GetPolicyResponse } from '../generated/quorate/v1/GetPolicyResponse.js';
import type { ListPoliciesRequest } from '../generated/quorate/v1/ListPoliciesRequest.js';
import type { ListPoliciesResponse__Output as ListPoliciesResponse } from '../generated/quorate/v1/ListPoliciesResponse.js';
import type { PolicyHistoryRequest } from '../generated/quorate/v1/PolicyHistoryRequest.js';
import type { PolicyHistoryResponse__Output as PolicyHistoryResponse } from '../generated/quorate/v1/PolicyHistoryResponse.js';
import type { NodePoliciesRequest } from '../generated/quorate/v1/NodePoliciesRequest.js';
import type { NodePoliciesResponse__Output as NodePoliciesResponse } from '../generated/quorate/v1/NodePoliciesResponse.js';
import type { PolicyStatusRequest } from '../generated/quorate/v1/PolicyStatusRequest.js';
import type { PolicyStatusResponse__Output as PolicyStatusResponse } from '../generated/quorate/v1/PolicyStatusResponse.js';
import type { DeregisterProviderRequest } from '../generated/quorate/v1/DeregisterProviderRequest.js';
import type { DeregisterProviderResponse__Output as DeregisterProviderResponse } from '../generated/quorate/v1/DeregisterProviderResponse.js';
import type { GetProviderRequest } from '../generated/quorate/v1/GetProviderRequest.js';
import type { GetProviderResponse__Output as GetProviderResponse } from '../generated/quorate/v1/GetProviderResponse.js';
import type { ListProvidersRequest } from '../generated/quorate/v1/ListProvidersRequest.js';
import type { ListProvidersResponse__Output as ListProvidersResponse } from '../generated/quorate/v1/ListProvidersResponse.js';
import type { RegisterProviderRequest } from '../generated/quorate/v1/RegisterProviderRequest.js';
import type { RegisterProviderResponse__Output as RegisterProviderResponse } from '../generated/quorate/v1/RegisterProviderResponse.js';
import type { ReportProvidersRequest } from '../generated/quorate/v1/ReportProvidersRequest.js';
import type { ReportProvidersResponse__Output as ReportProvidersResponse } from '../generated/quorate/v1/ReportProvidersResponse.js';
import type { ResolveRequest } from '../generated/quorate/v1/ResolveRequest.js';
import type { ResolveResponse__Output as ResolveResponse } from '../generated/quorate/v1/ResolveResponse.js';
import type { TlsIdentity } from '../tls/identity.js';
import { Caller } from './caller.js';
import type { CallOptions, StreamFrom } from './caller.js';
import {
  CLUSTER,
  JOBS,
  LOCKS,
  MAINTENANCE,
  POLICIES,
  PROCESSES,
  SERVICES,
  SESSIONS,
  STORE,
} from './protos.js';
import type { WatchOptions } from './watch.js';
import type { WatchUpdate } from './watch-cursor.js';

export interface ClientOptions {
  /** API address, `HOST:PORT`. */
  readonly address: string;
  /** For a whole call with its repetitions; default 10 s. */
  readonly timeoutMs?: number;
  /** Default: without TLS. */
  readonly tls?: TlsIdentity | null;
}

const TIMEOUT_DEFAULT_MS = 10_000;

export class QuorateClient {
  readonly address: string;
  readonly timeoutMs: number;
  readonly #caller: Caller;

  constructor(options: ClientOptions) {
    this.address = options.address;
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_DEFAULT_MS;
    this.#caller = new Caller({
      addresses: [this.address],
      timeoutMs: this.timeoutMs,
      tls: options.tls ?? null,
      isFollowing: false,
      isCovering: true,
    });
  }

  /** The cluster as the leader knows it, or, without a quorum, as the node asked does. */
  status(request: StatusRequest = {}, options: CallOptions = {}): Promise<StatusResponse> {
    return this.#caller.read(CLUSTER.Status, request, options);
  }

  /** The node asked, from its own knowledge. */
  nodeStatus(options: CallOptions = {}): Promise<NodeStatusResponse> {
    return this.#caller.read(CLUSTER.NodeStatus, {}, options);
  }

  /** Makes the node asked the first member of a new cluster. */
  start(request: StartRequest, options: CallOptions = {}): Promise<StartResponse> {
    return this.#caller.change(CLUSTER.Start, request, options);
  }

  /** Makes the node asked join; returns once it is admitted as a learner. */
  join(request: JoinRequest, options: CallOptions = {}): Promise<JoinResponse> {
    return this.#caller.change(CLUSTER.Join, request, options);
  }

  /** Makes a clean node join the cluster of the node asked; returns once it is admitted as a learner. */
  add(request: AddRequest, options: CallOptions = {}): Promise<AddResponse> {
    return this.#caller.change(CLUSTER.Add, request, options);
  }

  /** Lets a clean node take a member's place; returns once it is admitted as a learner. */
  replace(request: ReplaceRequest, options: CallOptions = {}): Promise<ReplaceResponse> {
    return this.#caller.change(CLUSTER.Replace, request, options);
  }

  /** Removes a member. */
  remove(request: RemoveRequest, options: CallOptions = {}): Promise<RemoveResponse> {
    return this.#caller.change(CLUSTER.Remove, request, options);
  }

  /** Hands the primacy over; returns once the target is primary. */
  setPrimary(request: SetPrimaryRequest, options: CallOptions = {}): Promise<SetPrimaryResponse> {
    return this.#caller.change(CLUSTER.SetPrimary, request, options);
  }

  /** Makes the node asked read its configuration file again. */
  install(request: InstallRequest, options: CallOptions = {}): Promise<InstallResponse> {
    return this.#caller.change(MAINTENANCE.Install, request, options);
  }

  /** Whether an epoch is the running reign's. */
  checkEpoch(request: CheckEpochRequest, options: CallOptions = {}): Promise<CheckEpochResponse> {
    return this.#caller.read(CLUSTER.CheckEpoch, request, options);
  }

  /** Changes what may change while the cluster runs; returns once it is in force. */
  changeSettings(
    request: ChangeSettingsRequest,
    options: CallOptions = {},
  ): Promise<ChangeSettingsResponse> {
    return this.#caller.change(CLUSTER.ChangeSettings, request, options);
  }

  /** What the cluster as a whole is set to. */
  settings(options: CallOptions = {}): Promise<SettingsResponse> {
    return this.#caller.read(CLUSTER.Settings, {}, options);
  }

  /** One page of what happened. */
  events(request: EventsRequest, options: CallOptions = {}): Promise<EventsResponse> {
    return this.#caller.read(CLUSTER.Events, request, options);
  }

  /** What a node noted of itself; of a member that is named the node asked fetches it. */
  notes(request: NotesRequest = {}, options: CallOptions = {}): Promise<NotesResponse> {
    return this.#caller.read(CLUSTER.Notes, request, options);
  }

  /** Creates a session, or merges into it. */
  putSession(request: PutSessionRequest, options: CallOptions = {}): Promise<PutSessionResponse> {
    return this.#caller.once(SESSIONS.Put, request, options);
  }

  getSession(request: GetSessionRequest, options: CallOptions = {}): Promise<GetSessionResponse> {
    return this.#caller.read(SESSIONS.Get, request, options);
  }

  /** One page of sessions. */
  listSessions(
    request: ListSessionsRequest,
    options: CallOptions = {},
  ): Promise<ListSessionsResponse> {
    return this.#caller.read(SESSIONS.List, request, options);
  }

  /** Starts the session's life again. */
  touchSession(
    request: TouchSessionRequest,
    options: CallOptions = {},
  ): Promise<TouchSessionResponse> {
    return this.#caller.once(SESSIONS.Touch, request, options);
  }

  deleteSession(
    request: DeleteSessionRequest,
    options: CallOptions = {},
  ): Promise<DeleteSessionResponse> {
    return this.#caller.once(SESSIONS.Delete, request, options);
  }

  /** Creates a key or replaces its value. */
  putStore(request: PutStoreRequest, options: CallOptions = {}): Promise<PutStoreResponse> {
    return this.#caller.once(STORE.Put, request, options);
  }

  getStore(request: GetStoreRequest, options: CallOptions = {}): Promise<GetStoreResponse> {
    return this.#caller.read(STORE.Get, request, options);
  }

  /** One page of keys. */
  listStore(request: ListStoreRequest, options: CallOptions = {}): Promise<ListStoreResponse> {
    return this.#caller.read(STORE.List, request, options);
  }

  deleteStore(
    request: DeleteStoreRequest,
    options: CallOptions = {},
  ): Promise<DeleteStoreResponse> {
    return this.#caller.once(STORE.Delete, request, options);
  }

  /** Compares, then changes and reads several keys at one revision. */
  transact(request: TransactRequest, options: CallOptions = {}): Promise<TransactResponse> {
    return this.#caller.once(STORE.Transact, request, options);
  }

  getLock(request: GetLockRequest, options: CallOptions = {}): Promise<GetLockResponse> {
    return this.#caller.read(LOCKS.Get, request, options);
  }

  /** One page of locks. */
  listLocks(request: ListLocksRequest, options: CallOptions = {}): Promise<ListLocksResponse> {
    return this.#caller.read(LOCKS.List, request, options);
  }

  /** Gives up a lock, or a place among those who wait. */
  releaseLock(
    request: ReleaseLockRequest,
    options: CallOptions = {},
  ): Promise<ReleaseLockResponse> {
    return this.#caller.once(LOCKS.Release, request, options);
  }

  /** The processes of the node asked, and how it is itself. */
  listProcesses(options: CallOptions = {}): Promise<ListProcessesResponse> {
    return this.#caller.read(PROCESSES.List, {}, options);
  }

  /** Starts, stops or restarts a process or a group of the node asked. */
  commandProcess(
    action: 'start' | 'stop' | 'restart',
    request: StartProcessRequest,
    options: CallOptions = {},
  ): Promise<StartProcessResponse> {
    const methods = { start: PROCESSES.Start, stop: PROCESSES.Stop, restart: PROCESSES.Restart };
    return this.#caller.change(methods[action], request, options);
  }

  /** Submits a job; under an id that is known it is the same job. */
  submitJob(request: SubmitJobRequest, options: CallOptions = {}): Promise<SubmitJobResponse> {
    return this.#caller.once(JOBS.Submit, request, options);
  }

  getJob(request: GetJobRequest, options: CallOptions = {}): Promise<GetJobResponse> {
    return this.#caller.read(JOBS.Get, request, options);
  }

  /** One page of jobs. */
  listJobs(request: ListJobsRequest, options: CallOptions = {}): Promise<ListJobsResponse> {
    return this.#caller.read(JOBS.List, request, options);
  }

  cancelJob(request: CancelJobRequest, options: CallOptions = {}): Promise<CancelJobResponse> {
    return this.#caller.once(JOBS.Cancel, request, options);
  }

  /** Lets a job that failed or was cancelled wait again. */
  retryJob(request: RetryJobRequest, options: CallOptions = {}): Promise<RetryJobResponse> {
    return this.#caller.once(JOBS.Retry, request, options);
  }

  /** Puts a document in force; none if it is already. */
  putPolicy(request: PutPolicyRequest, options: CallOptions = {}): Promise<PutPolicyResponse> {
    return this.#caller.once(POLICIES.Put, request, options);
  }

  /** Puts the document of an earlier version in force again. */
  rollBackPolicy(
    request: RollBackPolicyRequest,
    options: CallOptions = {},
  ): Promise<RollBackPolicyResponse> {
    return this.#caller.once(POLICIES.RollBack, request, options);
  }

  /** Deletes a policy, whose history stays. */
  deletePolicy(
    request: DeletePolicyRequest,
    options: CallOptions = {},
  ): Promise<DeletePolicyResponse> {
    return this.#caller.once(POLICIES.Delete, request, options);
  }

  getPolicy(request: GetPolicyRequest, options: CallOptions = {}): Promise<GetPolicyResponse> {
    return this.#caller.read(POLICIES.Get, request, options);
  }

  /** One page of policies. */
  listPolicies(
    request: ListPoliciesRequest,
    options: CallOptions = {},
  ): Promise<ListPoliciesResponse> {
    return this.#caller.read(POLICIES.List, request, options);
  }

  /** The remembered versions of a policy, newest first. */
  policyHistory(
    request: PolicyHistoryRequest,
    options: CallOptions = {},
  ): Promise<PolicyHistoryResponse> {
    return this.#caller.read(POLICIES.History, request, options);
  }

  /** What the node that is asked runs. */
  nodePolicies(
    request: NodePoliciesRequest,
    options: CallOptions = {},
  ): Promise<NodePoliciesResponse> {
    return this.#caller.read(POLICIES.NodeStatus, request, options);
  }

  /** One page of what every member runs. */
  policyStatus(
    request: PolicyStatusRequest,
    options: CallOptions = {},
  ): Promise<PolicyStatusResponse> {
    return this.#caller.read(POLICIES.Status, request, options);
  }

  /** The flight record of one node, as pieces of its file. Fails if that node does not send it. */
  exportRecord(from: StreamFrom): AsyncGenerator<ExportRecordResponse, void> {
    return this.#caller.stream(MAINTENANCE.ExportRecord, {}, from);
  }

  registerProvider(
    request: RegisterProviderRequest,
    options: CallOptions = {},
  ): Promise<RegisterProviderResponse> {
    return this.#caller.once(SERVICES.Register, request, options);
  }

  /** Tells load and health of providers; repeated whatever became of it. */
  reportProviders(
    request: ReportProvidersRequest,
    options: CallOptions = {},
  ): Promise<ReportProvidersResponse> {
    return this.#caller.read(SERVICES.Report, request, options);
  }

  deregisterProvider(
    request: DeregisterProviderRequest,
    options: CallOptions = {},
  ): Promise<DeregisterProviderResponse> {
    return this.#caller.once(SERVICES.Deregister, request, options);
  }

  getProvider(
    request: GetProviderRequest,
    options: CallOptions = {},
  ): Promise<GetProviderResponse> {
    return this.#caller.read(SERVICES.Get, request, options);
  }

  /** One page of providers. */
  listProviders(
    request: ListProvidersRequest,
    options: CallOptions = {},
  ): Promise<ListProvidersResponse> {
    return this.#caller.read(SERVICES.List, request, options);
  }

  /** The provider of a service that a caller is sent to. */
  resolveService(request: ResolveRequest, options: CallOptions = {}): Promise<ResolveResponse> {
    return this.#caller.read(SERVICES.Resolve, request, options);
  }

  /** What changes, as it changes, until the consumer leaves; a node that went away is asked again. */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchUpdate, void> {
    return this.#caller.watch(options);
  }

  /** Closes the connection; calls that run fail. */
  close(): void {
    this.#caller.close();
  }
}
