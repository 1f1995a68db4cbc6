// What every handler is given: the node, the clock, the ways to other nodes, and what this daemon says of itself.
// Beside it stand the small answers that many handlers share: headers, names and causes.

import type { ClockPort, LoggerPort } from '../node/ports.js';
import type { NodeApi, NodeOutline } from '../node/api.js';
import type { Difference } from '../generated/quorate/v1/Difference.js';
import type { ResponseHeader } from '../generated/quorate/v1/ResponseHeader.js';
import type { ProcessDefinition } from '../keeper/process-definition.js';
import type { Guarantee, ProcessView } from '../keeper/process-view.js';
import type { Action, CommandAnswer } from '../keeper/words.js';
import type { Note } from '../notebook/note.js';
import type { LogIndex, MemberTags, NodeId } from '../raft/types.js';
import type { Authorise, CallContext } from './call-context.js';
import type { NodeLinks } from '../client/node-links.js';
import type { Caller } from '../tls/caller.js';
import { QuorateError } from '../errors.js';
import type { MeterOf } from '../metrics/meters.js';
import { causeLine } from '../state-machine/cause.js';
import { refusalError } from './status-map.js';
import type { Routing } from './routing.js';
import type { TraceCall } from '../tracing/port.js';
import type { WatchHub } from '../watch/hub.js';

/** What this daemon says of itself, whether it belongs to a cluster or not. */
export interface SelfFacts {
  readonly name: string;
  /** The cluster's name as this daemon was configured; checked when it joins. */
  readonly clusterName: string;
  /** For a cluster that this node starts. */
  readonly electionTimeoutMs: number;
  /** Likewise: only whom an operator names becomes primary. */
  readonly isManual?: boolean;
  /** Advertised peer and API addresses, HOST:PORT. */
  readonly address: string;
  readonly api: string;
  /** Likewise of the HTTP port; null or absent: there is none. */
  readonly http?: string | null;
  readonly version: string;
  readonly featureMin: number;
  readonly featureMax: number;
  /** Started as a witness; a member stays what it joined as. */
  readonly witness: boolean;
  readonly priority: number;
  /** Somebody asked for that priority; else a member keeps the one that its row has. */
  readonly isPriorityGiven: boolean;
  /** What its operator says of it, sorted by name; absent: nothing. */
  readonly tags?: MemberTags;
  /** On the node's clock. */
  readonly startedAtMs: number;
}

/** What the API needs to know of forming a first cluster (src/forming). */
export interface FormingPort {
  /** What a clean node waits for, for people; null: nothing. */
  standing(): string | null;
  /** Why no cluster may be started here; null: it may. */
  whyNoStart(): string | null;
  /** Why this node may not join by an operator's word; null: it may. */
  whyNoJoin(): string | null;
  /** A start or join begins, and nothing is promised until `release`. */
  hold(): void;
  release(): void;
}

/** Which file to install, as `Maintenance.Install` is asked. */
export interface InstallOrder {
  /** Absolute path; empty: whichever is the daemon's. */
  readonly file: string;
  /** Hexadecimal; empty: not compared. */
  readonly sha256: string;
  readonly dryRun: boolean;
}

/** What the API needs to know of this daemon's configuration file. */
export interface ConfigPort {
  /** Path; null: the daemon was started without one. */
  readonly file: string | null;
  /**
   * Reads the file, activates what can change while the daemon runs unless `dryRun`, and answers how it differed from what ran.
   * Rejects with OTHER_CONFIG_FILE, CONFIG_FILE, CONFIG_INVALID or CLUSTER_NAME_MISMATCH, having changed nothing.
   */
  install(order: InstallOrder): Promise<Difference[]>;
  /** What the file says otherwise than the cluster, one line for people each. */
  differs(): readonly string[];
}

/** What the API needs to know of the node's notebook (src/notebook). */
export interface NotePort {
  readonly bootId: string;
  /** Oldest first. */
  readonly notes: readonly Note[];
}

/** What the API needs to know of the flight recorder. */
export interface RecordPort {
  /** What is recorded so far, as the pieces of a file; null: nothing is. */
  exported(): readonly Uint8Array[] | null;
}

export interface ServiceModules {
  readonly node: NodeApi;
  readonly clock: ClockPort;
  readonly log: LoggerPort;
  readonly self: SelfFacts;
  readonly authorise: Authorise;
  /** Who calls from `ADDRESS:PORT`, by certificate. Null: without TLS nobody knows. */
  readonly callerAt: ((peer: string) => Caller | null) | null;
  readonly links: NodeLinks;
  readonly routing: Routing;
  readonly watches: WatchHub;
  readonly meterOf: MeterOf;
  /** Traces calls; null or absent: nothing is traced. */
  readonly traceCall?: TraceCall | null;
  /** Where a member is reached against its row, HOST:PORT; null: where the row says. Absent: nothing is known of that. */
  readonly movedTo?: (id: NodeId) => string | null;
  /** Forming of a first cluster, which an operator's start or join must not cross; null or absent: there is none. */
  readonly forming?: FormingPort | null;
  /** Null or absent: none are configured, and none can be. */
  readonly processes?: ProcessPort | null;
  readonly usage: OwnUsagePort;
  /** The daemon's configuration file; null or absent: there is none to know of. */
  readonly configuration?: ConfigPort | null;
  /** The files of policies; null or absent: this node writes none. */
  readonly policyFiles?: PolicyFilesPort | null;
  /** The flight recorder; null or absent: there is none. */
  readonly record?: RecordPort | null;
  /** What this node noted of itself; null or absent: nothing. */
  readonly notebook?: NotePort | null;
  /** The daemon was told to end. */
  readonly isStopping: () => boolean;
  /** A broken invariant reached a handler; must end the process. */
  readonly onFatal: (error: unknown) => void;
}

/** How the file of a policy stands on this node. */
export interface PolicyFileView {
  /** As the messages of quorate.v1.Policies tell it. */
  readonly state: 'same' | 'pending' | 'differs' | 'failed';
  /** What is the matter; empty: nothing. */
  readonly detail: string;
  /** How often it was found changed on this node and written again. */
  readonly rewritten: number;
}

/** What the API needs to know of the files in which this node keeps its policies. */
export interface PolicyFilesPort {
  /** Absolute path. */
  readonly directory: string;
  look(name: string): PolicyFileView;
  /** What is the matter with files, one line for people each. */
  troubles(): readonly string[];
}

/** A process that stays up nowhere. */
export interface StayView {
  readonly name: string;
  /** One line for people: why, and what to do. */
  readonly line: string;
}

/** What the API needs to know of the processes that this node supervises. */
export interface ProcessPort {
  /** As configured, in order. */
  readonly processes: readonly ProcessDefinition[];
  /** Which guarantee holds, and why no better one; null: the keeper does not run. */
  readonly guarantee: { readonly kind: Guarantee; readonly why: string } | null;
  readonly keeperPid: number | null;
  /** What only the primary runs, was given up here, and nobody takes over. */
  readonly stays: { readonly all: readonly StayView[] };
  /** Null: the keeper does not answer in time. */
  look(timeoutMs: number): Promise<readonly ProcessView[] | null>;
  /** Of a process or a group; a rehearsal does nothing. Null: the keeper does not answer in time. */
  command(
    name: string,
    action: Action,
    timeoutMs: number,
    isRehearsal: boolean,
  ): Promise<CommandAnswer | null>;
}

/** What the daemon itself uses. */
export interface OwnUsagePort {
  look(): {
    readonly pid: number;
    /** In hundredths of one processor; null: not measured yet. */
    readonly cpuPercent: number | null;
    readonly memoryBytes: number;
    readonly eventLoopDelayMs: number;
  };
}

/** The header of an answer. `revision` of a write is its entry's index. */
export function headerFor(
  modules: ServiceModules,
  how: { readonly revision?: LogIndex; readonly isStale?: boolean } = {},
): ResponseHeader {
  const { node, self, clock } = modules;
  const { cluster, term, lastApplied } = node.outline();
  const header = {
    clusterId: cluster?.clusterId ?? '',
    node: cluster?.nodeName ?? self.name,
    term,
    revision: how.revision ?? lastApplied,
  };
  const stalenessMs = how.isStale === true ? node.stalenessMs(clock.nowMs()) : null;
  return stalenessMs === null ? header : { ...header, stalenessMs };
}

/** The name of this node: the cluster's, or as configured while it is clean. */
export function nameOfOwn({ self }: ServiceModules, status: NodeOutline): string {
  return status.cluster?.nodeName ?? self.name;
}

/** The name of a member, also of one that left not too long ago; its number in decimal if it is not known. */
export function nameOfMember(node: NodeApi, id: NodeId): string {
  // A witness has no state, and knows the members of now only.
  const { members } = node.outline().configuration;
  const name = node.state.memberName(id) ?? members.find((member) => member.id === id)?.name;
  return name ?? String(id);
}

/** Refuses unless this node has a state to read: a stale read needs no more. */
export function checkHasState(status: NodeOutline): void {
  if (status.condition === 'clean') throw refusalError({ reason: 'clean' }, status);
  if (status.cluster?.isWitness !== true) return;
  throw new QuorateError(
    'WITNESS',
    `${status.cluster.nodeName} is a witness, it has nothing to read`,
  );
}

/** The name of the member that the client asked. */
export function askedMember(modules: ServiceModules, { viaNodeId }: CallContext): string {
  const { node } = modules;
  return viaNodeId === null ? nameOfOwn(modules, node.outline()) : nameOfMember(node, viaNodeId);
}

/** Which request, who asked whom and why, as it stands in the log: `request 4f3a: n2 asked by 127.0.0.1: maintenance`. */
export function causeFor(modules: ServiceModules, context: CallContext, reason: string): string {
  const asker = `${askedMember(modules, context)} asked by ${context.who}`;
  const text = reason === '' ? asker : `${asker}: ${reason}`;
  return causeLine({ requestId: context.requestId, text });
}
