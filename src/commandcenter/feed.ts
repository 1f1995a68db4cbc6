// The contract between the server side of the Command Center and its page: every message of the feed, every answer and every
// request. Types and constant words only, without Node, since the page is compiled from it too. Names stay as they are once they are
// here; a field is only ever added. What is unknown is null, never a made-up zero.

import type { ClusterView, FailuresView } from '../client/view-types.js';

export type { ClusterView, FailuresView, NodeView } from '../client/view-types.js';

// --- Paths ---------------------------------------------------------------------------------------------------------------

/** Everything is below this path; the page asks relative to the origin that it talks to. */
export const BASE_PATH = '/commandcenter';

/**
 * GET, `text/event-stream`. `?after=REVISION` does what the header `Last-Event-ID` does, for a page that comes from another member;
 * `&cluster=CLUSTERID` beside it has the events begin anew where another cluster answers.
 */
export const FEED_PATH = `${BASE_PATH}/feed`;

/** GET, `ReignsAnswer`. */
export const REIGNS_PATH = `${BASE_PATH}/reigns`;

/** GET `FACTS_PATH/KIND?search=&after=&limit=`, `FactsAnswer<KIND>`. */
export const FACTS_PATH = `${BASE_PATH}/facts`;

/** POST `LoginRequest`, `LoginAnswer`. */
export const LOGIN_PATH = `${BASE_PATH}/login`;

/** POST `{}`, `LoginAnswer`. */
export const LOGOUT_PATH = `${BASE_PATH}/logout`;

/** POST `ACTIONS_PATH/ACTION` `ActionRequest`, `ActionAnswer`. */
export const ACTIONS_PATH = `${BASE_PATH}/actions`;

// --- The feed ------------------------------------------------------------------------------------------------------------
// Each message is an event of server-sent events named as the keys of `FeedMessages`, its data one JSON object. `hello` comes first,
// then `history`, `cluster`, `events`; afterwards whatever there is to tell. Only `events` have an id: the revision after which to
// go on. A comment line comes at least each 10 s; a page that hears nothing for 15 s should turn to another member.

export interface FeedMessages {
  readonly hello: Hello;
  /** Where the members' Command Centers are, when more of it is known than `hello` or the message before said. */
  readonly members: { readonly members: readonly MemberAddress[] };
  readonly cluster: ClusterMessage;
  readonly figures: Figures;
  /** The figures of the last ten minutes, oldest first; once, so that charts are full at once. */
  readonly history: { readonly figures: readonly Figures[] };
  readonly events: EventsMessage;
  /** The server ends this feed, and says why; the page goes elsewhere. Who reads too slowly is cut off without a word. */
  readonly bye: { readonly reason: 'stopping'; readonly text: string };
}

/** First message, and once in a feed: whom the page talks to. A page that logs in opens its feed anew. */
export interface Hello {
  /** Name of the node that is asked. */
  readonly node: string;
  readonly version: string;
  /** Null: it belongs to no cluster. */
  readonly cluster: string | null;
  readonly clusterId: string | null;
  /** It holds no state: there are no facts, no reigns and no events to see here. */
  readonly isWitness: boolean;
  /** The members' Command Centers as far as they are known, this node's among them, in the order of their names. */
  readonly members: readonly MemberAddress[];
  readonly login: LoginState;
}

export interface MemberAddress {
  readonly name: string;
  /** `http://HOST:PORT` or `https://HOST:PORT`; null: unknown, or it has no HTTP port. Kept while the member is down. */
  readonly origin: string | null;
}

export interface LoginState {
  /** Without a password in the node's configuration the page is read-only. */
  readonly isConfigured: boolean;
  /** Who is logged in with this cookie; null: nobody. Always null when the page comes from another member. */
  readonly user: string | null;
  /** For people: how to set a password; null: one is set. */
  readonly hint: string | null;
}

/** How the cluster stands; at each change that this node notices, and at least each second. */
export interface ClusterMessage {
  /** What `/v1/cluster` answers. */
  readonly view: ClusterView;
  /** A quorum confirmed the view, or there is no cluster; else it is what this node knows by itself. */
  readonly isConfirmed: boolean;
  /** Null without a quorum. */
  readonly failures: FailuresView | null;
  /** Of the primary's lease when it made the view; null: nobody is primary, or nobody knows. */
  readonly leaseRemainingMs: number | null;
  /** The node that is asked, by its own word. */
  readonly own: OwnStanding;
  /** From the leader to each other member, as the leader measures them; empty without a confirmed leader. */
  readonly links: readonly Link[];
  /** Milliseconds since the view was made. */
  readonly ageMs: number;
}

export interface OwnStanding {
  readonly state: string;
  readonly role: 'leader' | 'follower' | 'candidate' | 'learner' | null;
  readonly term: number;
  readonly leader: string | null;
  readonly isPrimary: boolean;
  readonly epoch: number;
  /** Of this node's own lease as primary; null: it has none. */
  readonly leaseRemainingMs: number | null;
  /** The lease as a primary may use it; null: no reign is known. */
  readonly leaseMs: number | null;
  /** Since this node last knew itself up to date with a live leader; null: never. */
  readonly stalenessMs: number | null;
  readonly lagEntries: number | null;
  readonly electionTimeoutMs: number;
}

export interface Link {
  readonly from: string;
  readonly to: string;
  /** Heard within the election timeout. */
  readonly isUp: boolean;
  readonly lagEntries: number | null;
  readonly lastContactMs: number | null;
}

/** What this node measured within about one second. */
export interface Figures {
  /** Wall clock of the node, ms since 1970; only for the axis of a chart. */
  readonly atMs: number;
  /** From the proposal to its application, of writes that this node appended as leader; null: none. */
  readonly commitP50Ms: number | null;
  readonly commitP99Ms: number | null;
  /** Writes of which these were measured. */
  readonly commits: number;
  /** Entries applied a second. */
  readonly appliedPerSecond: number;
  /** Times at which this node learned of another leader, since its start. */
  readonly elections: number;
  /** The longest that the event loop was held up. */
  readonly eventLoopMs: number;
  /** How long the disk took for a synced batch; null: there was none. */
  readonly syncP50Ms: number | null;
  readonly syncP99Ms: number | null;
  /** Bytes written to the disk a second. */
  readonly writtenPerSecond: number;
  readonly sessions: number;
  readonly watchers: number;
  readonly storeKeys: number;
  readonly locks: number;
  readonly jobs: number;
  /** In hundredths of one processor; null: not measured yet. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number;
}

/** Replicated events, oldest first; all of one revision come in one message, whose id is the last revision. */
export interface EventsMessage {
  readonly events: readonly EventView[];
  /** Events between the one asked for and the first of these have been forgotten, or another cluster answers: begin anew. */
  readonly isGap: boolean;
}

export interface EventView {
  readonly revision: number;
  /** Such as reignBegan, reignEnded, memberJoined; more may come. */
  readonly kind: string;
  /** For people. */
  readonly text: string;
  readonly requestId: string | null;
  /** Milliseconds of cluster time ago when the message was made. */
  readonly agoMs: number;
}

// --- Facts ---------------------------------------------------------------------------------------------------------------

export interface FactRows {
  readonly sessions: SessionRow;
  readonly store: StoreRow;
  readonly locks: LockRow;
  readonly jobs: JobRow;
  /** Of the node that is asked only. */
  readonly processes: ProcessRow;
  readonly services: ServiceRow;
  readonly policies: PolicyRow;
}

export type FactKind = keyof FactRows;

/**
 * A page of rows in the order of their keys. `search` finds rows in which the text stands, in any case; `after` is `next` of the page
 * before; `limit` is 1 to 500, default 100.
 */
export interface FactsAnswer<Kind extends FactKind = FactKind> {
  readonly kind: Kind;
  readonly node: string;
  readonly rows: readonly FactRows[Kind][];
  /** Give it as `after` for what follows; null: this was all. A page may be short, even empty, and yet not the last. */
  readonly next: string | null;
  /** As this node has applied it. 0: up to date with a live leader; null: it never was. Of processes always 0. */
  readonly stalenessMs: number | null;
  /** Facts of this kind that there are in all, whatever is searched for; null: not counted. */
  readonly total: number | null;
  /** Somebody is logged in, so that what may be secret is shown; else the fields that say so are null. */
  readonly isOpen: boolean;
}

/** What may be secret. `text` is cut at 256 characters; null: these are bytes that are no text. */
export interface SecretValue {
  readonly text: string | null;
  readonly bytes: number;
}

export interface SessionRow {
  readonly id: string;
  readonly owner: string;
  /** The member through which it was last written. */
  readonly node: string;
  readonly ttlMs: number;
  readonly remainingMs: number;
  readonly revision: number;
  readonly createdRevision: number;
  readonly attributeCount: number;
  /** By name; null without a login. */
  readonly attributes: Readonly<Record<string, SecretValue>> | null;
}

export interface StoreRow {
  readonly key: string;
  readonly bytes: number;
  readonly revision: number;
  readonly createdRevision: number;
  /** Null without a login. */
  readonly value: SecretValue | null;
}

export interface LockRow {
  readonly name: string;
  /** Session that holds it; null: it is kept free for a while. */
  readonly holder: string | null;
  /** Fencing token; null: nobody holds it. */
  readonly token: number | null;
  readonly waiters: number;
  readonly freeInMs: number;
  readonly revision: number;
  /** What its holder says of itself; null without a login, or if nobody holds it. */
  readonly value: SecretValue | null;
}

export interface JobRow {
  readonly id: string;
  readonly type: string;
  readonly status: 'waiting' | 'claimed' | 'done' | 'failed' | 'cancelled';
  readonly isResumable: boolean;
  readonly worker: string | null;
  /** Of the reign under which it is claimed. */
  readonly epoch: number | null;
  readonly steps: number;
  readonly failures: number;
  readonly attemptsMax: number;
  readonly moves: number;
  readonly ageMs: number;
  readonly revision: number;
  /** Why it failed or was cancelled; null without a login, or if it did not. */
  readonly reason: string | null;
  readonly payload: SecretValue | null;
}

export interface ProcessRow {
  readonly name: string;
  readonly group: string | null;
  readonly isPrimaryOnly: boolean;
  /** Null: the keeper does not answer. */
  readonly state:
    'stopped' | 'standby' | 'starting' | 'running' | 'stopping' | 'waiting' | 'failed' | null;
  readonly pid: number | null;
  readonly epoch: number | null;
  readonly restarts: number;
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly uptimeMs: number | null;
  readonly why: string | null;
}

export interface ServiceRow {
  readonly service: string;
  readonly id: string;
  readonly node: string;
  readonly address: string;
  readonly load: number | null;
  readonly health: string;
  readonly revision: number;
}

export interface PolicyRow {
  readonly name: string;
  readonly version: number;
  readonly bytes: number;
  readonly revision: number;
  /** Null without a login. */
  readonly document: SecretValue | null;
}

// --- Reigns --------------------------------------------------------------------------------------------------------------

export interface ReignsAnswer {
  readonly node: string;
  /** Newest first, at most 64. */
  readonly reigns: readonly ReignView[];
  readonly stalenessMs: number | null;
}

export interface ReignView {
  readonly epoch: number;
  readonly term: number;
  readonly node: string;
  /** For people: why it began. */
  readonly cause: string;
  readonly leaseMs: number;
  /** Milliseconds of cluster time ago. */
  readonly beganAgoMs: number;
  /** Null while it is not over by the log. */
  readonly end: {
    /** By a proof of stop, a later activation, or the first entry of a later term. */
    readonly how: 'proof' | 'activation' | 'laterTerm';
    readonly agoMs: number;
  } | null;
  /** Time without a primary before it; null: the log cannot tell, since the reign before did not end by a proof, or there was none. */
  readonly gapMs: number | null;
}

// --- Login and actions ---------------------------------------------------------------------------------------------------
// All are POST with `Content-Type: application/json`, from a page of this very origin: a page that came from another member opens
// that member's own Command Center for them. The login is a cookie that no script sees.

export interface LoginRequest {
  readonly password: string;
  /** What the history calls whoever acts, `[A-Za-z0-9._-]{1,63}`; default `operator`. The password alone decides. */
  readonly user?: string;
}

export interface LoginAnswer {
  /** Null: logged out. */
  readonly user: string | null;
  /** Until the login ends by itself. */
  readonly expiresInMs: number | null;
}

export type Action = 'set-primary' | 'remove' | 'pause' | 'resume';

export interface ActionRequest {
  /** Name of the member; of set-primary and remove only. */
  readonly name?: string;
  /** Why, for the history; 1 to 256 characters. */
  readonly reason: string;
  /** Nothing is changed; the answer says what would happen. */
  readonly dryRun: boolean;
}

export interface ActionAnswer {
  readonly action: Action;
  readonly dryRun: boolean;
  /** It was so already, and nothing changed or would change. */
  readonly isUnchanged: boolean;
  /** One sentence for people: what was done, or what would be. */
  readonly text: string;
  /** The request's id as the events tell it. */
  readonly requestId: string;
  /** Of a dry run; null: it was carried out. */
  readonly forecast: Forecast | null;
}

/** What an action would come to; null is unknown. */
export interface Forecast {
  readonly failureToleranceBefore: number | null;
  readonly failureToleranceAfter: number | null;
  readonly nextPrimary: string | null;
  /** Expected time without a primary. */
  readonly expectedGapMs: number | null;
  /** For people: how that is known; null: it is not. */
  readonly gapBasis: string | null;
  /** The same should the primary fail unasked after the change. */
  readonly failOverGapMs: number | null;
  readonly failOverBasis: string | null;
  /** Further sentences for people, such as advice against it. */
  readonly notes: readonly string[];
}

/** Body of every answer that is no 2xx. 401: log in first; 403: not from here; 429: wait `retryAfterMs`. */
export interface ErrorAnswer {
  readonly error: string;
  /** Of src/errors.ts where the cluster refused. */
  readonly code?: string;
  readonly hint: string;
  readonly retryAfterMs?: number;
}
