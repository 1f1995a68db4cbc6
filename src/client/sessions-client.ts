// `client.sessions`: end users' data with a time to live. It turns what a program writes into messages and back; what the
// methods do and refuse is told in proto/quorate/v1/sessions.proto.

import { QuorateError } from '../errors.js';
import type { Session__Output } from '../generated/quorate/v1/Session.js';
import { bytesOf } from './bytes.js';
import type { Value } from './bytes.js';
import { whole, wholeOrNone } from './numbers.js';
import type { Asker, CallOptions, Caller } from './caller.js';
import { withFlow } from './pipeline.js';
import type { PipelineFlow, PipelineOptions } from './pipeline.js';
import { SESSIONS_PIPELINE } from './pipeline-kinds.js';
import { SESSIONS } from './protos.js';
import { orNull } from './or-null.js';
import { pagesOf } from './pages.js';
import { consistencyOf } from './read-options.js';
import type { ReadOptions } from './read-options.js';

export interface Session {
  readonly id: string;
  readonly owner: string;
  /** Name of the member through which it was last written. */
  readonly node: string;
  readonly attributes: Readonly<Record<string, Buffer>>;
  readonly ttlMs: number;
  /** How long it surely lives on, in milliseconds of cluster time. */
  readonly remainingMs: number;
  readonly revision: number;
  readonly createdRevision: number;
}

export interface SessionChange {
  /** Absent: keep; empty on creation. */
  readonly owner?: string;
  /** Replace those of the same name; others stay. */
  readonly attributes?: Readonly<Record<string, Value>>;
  /** Names of attributes to remove. */
  readonly remove?: readonly string[];
  /** 2 s to 24 h. Absent: keep; 30 minutes on creation. */
  readonly ttlMs?: number;
  /** Refuse (REVISION_MISMATCH) unless it has this revision; 0: unless it does not exist. */
  readonly ifRevision?: number;
}

export interface SessionListOptions extends ReadOptions {
  /** Only ids that begin with this. */
  readonly prefix?: string;
  /** Continue after this id. */
  readonly after?: string;
  /** Sessions asked for at a time, 1 to 1000; default 100. Each page is a read by itself. */
  readonly pageSize?: number;
}

/** What can be asked of single sessions, each by itself or on a pipelined stream. */
class SessionOperations {
  readonly #asker: Asker;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** Creates a session, or merges into it; its life begins again. */
  async put(id: string, change: SessionChange = {}, options: CallOptions = {}): Promise<Session> {
    const { attributes = {}, remove = [], owner, ttlMs, ifRevision } = change;
    const named = Object.entries(attributes);
    const request = {
      id,
      attributes: Object.fromEntries(named.map(([name, value]) => [name, bytesOf(value)])),
      removedAttributes: [...remove],
      ...(owner === undefined ? {} : { owner }),
      ...wholeOrNone('ttlMs', ttlMs),
      ...wholeOrNone('ifRevision', ifRevision),
    };
    const { session } = await this.#asker.once(SESSIONS.Put, request, options);
    return sessionOf(session);
  }

  /** The session; null if there is none, or not any more. */
  async get(id: string, options: ReadOptions = {}): Promise<Session | null> {
    const consistency = consistencyOf(options);
    return orNull('SESSION_NOT_FOUND', async () => {
      return sessionOf(
        (await this.#asker.read(SESSIONS.Get, { id, consistency }, options)).session,
      );
    });
  }

  /** Starts the session's life again; null if there is none, or not any more. */
  async touch(id: string, options: CallOptions = {}): Promise<Session | null> {
    return orNull('SESSION_NOT_FOUND', async () => {
      return sessionOf((await this.#asker.once(SESSIONS.Touch, { id }, options)).session);
    });
  }

  /** Answers whether there was such a session. */
  async delete(
    id: string,
    options: { readonly ifRevision?: number } & CallOptions = {},
  ): Promise<boolean> {
    const { ifRevision } = options;
    const request = { id, ...wholeOrNone('ifRevision', ifRevision) };
    return (await this.#asker.once(SESSIONS.Delete, request, options)).existed;
  }
}

export class SessionsClient extends SessionOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    super(caller);
    this.#caller = caller;
  }

  /** Sessions in the order of their ids' bytes, asked for in pages as they are taken. */
  async *list(options: SessionListOptions = {}): AsyncGenerator<Session, void, undefined> {
    const { prefix = '', after = '', pageSize = 0 } = options;
    whole('pageSize', pageSize);
    const consistency = consistencyOf(options);
    const ask = async (afterId: string) => {
      const request = { prefix, afterId, limit: pageSize, consistency };
      const { sessions, more } = await this.#caller.read(SESSIONS.List, request, options);
      return { rows: sessions.map(sessionOf), more };
    };
    yield* pagesOf(after, ask, ({ id }) => id);
  }

  /** Many operations under way at once, in order; all that is said of `client.store.pipeline` holds here. */
  pipeline(options: PipelineOptions = {}): SessionsPipeline {
    const pipeline = this.#caller.pipeline(SESSIONS_PIPELINE, options);
    return withFlow(new SessionOperations(pipeline), pipeline);
  }
}

/** Operations in order on one stream, as those of StorePipeline. */
export type SessionsPipeline = SessionOperations & PipelineFlow;

function sessionOf(session: Session__Output | null): Session {
  if (session === null) throw new QuorateError('INTERNAL', 'the answer has no session');
  const { id, owner, node, attributes, ttlMs, remainingMs, revision, createdRevision } = session;
  return { id, owner, node, attributes, ttlMs, remainingMs, revision, createdRevision };
}
