// `client.policies`: documents of the whole cluster with their versions, and following one as it changes. What the methods do and refuse
// is told in proto/quorate/v1/policies.proto.

import type { Policy__Output } from '../generated/quorate/v1/Policy.js';
import { bytesOf } from './bytes.js';
import type { Value } from './bytes.js';
import type { CallOptions, Caller } from './caller.js';
import { whole, wholeOrNone } from './numbers.js';
import { orNull } from './or-null.js';
import { pagesOf } from './pages.js';
import { differenceOf } from './policy-difference.js';
import type { Side } from './policy-difference.js';
import { policyStatusOf } from './policy-status.js';
import type { PolicyStatus } from './policy-status.js';
import { POLICIES } from './protos.js';
import { consistencyOf } from './read-options.js';
import type { ReadOptions } from './read-options.js';
import type { WatchOptions } from './watch.js';

/** One version of a policy, without its document. */
export interface PolicyVersion {
  readonly name: string;
  readonly version: number;
  /** By this version the policy is deleted. */
  readonly deleted: boolean;
  /** Bytes of the document. */
  readonly size: number;
  /** Hexadecimal; empty of a deletion. */
  readonly sha256: string;
  readonly revision: number;
  /** Milliseconds of cluster time since it was made. */
  readonly ageMs: number;
  readonly who: string;
  /** Name of the member that was asked. */
  readonly node: string;
  readonly reason: string;
  readonly requestId: string;
  /** It was made by rolling back to this version; null: it was not. */
  readonly restoredFrom: number | null;
}

export interface PolicyView extends PolicyVersion {
  readonly document: Buffer;
}

export interface ChangePolicyOptions extends CallOptions {
  /** Refuse (VERSION_MISMATCH) unless this version is in force; 0: unless there is no such policy. */
  readonly ifVersion?: number;
  /** For the history and the events, at most 512 bytes. */
  readonly reason?: string;
}

/** What became of a policy. */
export interface PolicyChange {
  /** In force now. */
  readonly version: number;
  /** False: the document was in force already. */
  readonly isNew: boolean;
}

export class PoliciesClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Puts a document in force on every member. At most 256 KiB. */
  async put(
    name: string,
    document: Value,
    options: ChangePolicyOptions = {},
  ): Promise<PolicyChange> {
    const request = { name, document: bytesOf(document), ...condition(options) };
    const { version, created } = await this.#caller.once(POLICIES.Put, request, options);
    return { version, isNew: created };
  }

  /** Puts the document of an earlier version in force again, as a version of its own. */
  async rollBack(
    name: string,
    version: number,
    options: ChangePolicyOptions = {},
  ): Promise<PolicyChange> {
    const request = { name, version: whole('version', version), ...condition(options) };
    const answer = await this.#caller.once(POLICIES.RollBack, request, options);
    return { version: answer.version, isNew: answer.created };
  }

  /** Deletes the policy, whose history stays; false: there was none. */
  async delete(name: string, options: ChangePolicyOptions = {}): Promise<boolean> {
    const request = { name, ...condition(options) };
    const { existed } = await this.#caller.once(POLICIES.Delete, request, options);
    return existed;
  }

  /** The version in force, or an earlier one; null: there is no such policy. Fails with POLICY_VERSION_NOT_FOUND. */
  async get(
    name: string,
    { version, ...options }: ReadOptions & { readonly version?: number } = {},
  ): Promise<PolicyView | null> {
    const request = {
      name,
      ...wholeOrNone('version', version),
      consistency: consistencyOf(options),
    };
    return orNull('POLICY_NOT_FOUND', async () => {
      const { policy } = await this.#caller.read(POLICIES.Get, request, options);
      return policy === null ? null : viewOf(policy);
    });
  }

  /** Policies in force in the order of their names, asked for in pages as they are taken. */
  async *list(
    options: { readonly prefix?: string; readonly pageSize?: number } & ReadOptions = {},
  ): AsyncGenerator<PolicyVersion, void, undefined> {
    const { prefix = '', pageSize = 0 } = options;
    whole('pageSize', pageSize);
    const consistency = consistencyOf(options);
    const ask = async (afterName: string) => {
      const request = { prefix, afterName, limit: pageSize, consistency };
      const { policies, more } = await this.#caller.read(POLICIES.List, request, options);
      return { rows: policies.map(versionOf), more };
    };
    yield* pagesOf('', ask, ({ name }) => name);
  }

  /** The remembered versions, newest first, also of a policy that is deleted; none: it never was, or is forgotten. */
  async history(name: string, options: ReadOptions = {}): Promise<PolicyVersion[]> {
    const request = { name, consistency: consistencyOf(options) };
    const versions = await orNull('POLICY_NOT_FOUND', async () => {
      const answer = await this.#caller.read(POLICIES.History, request, options);
      return answer.versions.map(versionOf);
    });
    return versions ?? [];
  }

  /** How one version differs from another, the one in force if none is named, as a unified diff; empty: not at all. */
  async difference(
    name: string,
    { from, to, ...options }: ReadOptions & { readonly from: number; readonly to?: number },
  ): Promise<string> {
    const side = async (version?: number): Promise<Side> => {
      const which = version === undefined ? {} : { version };
      const policy = await this.get(name, { ...options, ...which });
      const title = policy === null ? `no ${name}` : `${name} version ${policy.version}`;
      return { title, document: policy?.document ?? null };
    };
    return differenceOf(await side(from), await side(to));
  }

  /** What every member runs of each policy, also of those that are deleted, asked for in pages as it is taken. */
  async *status(
    options: { readonly prefix?: string } & CallOptions = {},
  ): AsyncGenerator<PolicyStatus, void, undefined> {
    const { prefix = '' } = options;
    const ask = async (afterName: string) => {
      const { policies, more } = await this.#caller.read(
        POLICIES.Status,
        { prefix, afterName },
        options,
      );
      return { rows: policies.map(policyStatusOf), more };
    };
    yield* pagesOf('', ask, ({ name }) => name);
  }

  /**
   * The version in force and every later one as it comes, null where there is none, until `signal` or the consumer leaves. Any member
   * tells what it has applied; after a break the next one goes on. What came and went during a long break is told by its end.
   */
  async *follow(
    name: string,
    options: Pick<WatchOptions, 'signal' | 'onBreak'> = {},
  ): AsyncGenerator<PolicyView | null, void, undefined> {
    const filters = [{ fact: 'FACT_POLICY', key: name } as const];
    let told = -1;
    let found: PolicyView | null = null;
    for await (const update of this.#caller.watch({ ...options, filters, withState: true })) {
      if (update.type === 'bookmark') continue;
      if (update.type === 'changes') {
        for (const { changes } of update.revisions) {
          for (const { policy } of changes) {
            const view = policyOf(policy);
            told = view?.version ?? 0;
            yield view;
          }
        }
        continue;
      }
      if (update.isFirst) found = null;
      for (const { policy } of update.rows) found = policyOf(policy);
      if (!update.isLast) continue;
      const version = found?.version ?? 0;
      if (version !== told) yield found;
      told = version;
      found = null;
    }
  }
}

function policyOf(policy: Policy__Output | null | undefined): PolicyView | null {
  return policy === null || policy === undefined ? null : viewOf(policy);
}

function condition({ ifVersion, reason = '' }: ChangePolicyOptions): {
  readonly ifVersion?: number;
  readonly reason: string;
} {
  return { ...wholeOrNone('ifVersion', ifVersion), reason };
}

function viewOf(policy: Policy__Output): PolicyView {
  return { ...versionOf(policy), document: policy.document };
}

/** A version of a message, for programs. */
function versionOf(policy: Policy__Output): PolicyVersion {
  const { name, version, deleted, size, sha256, revision, ageMs, who, node, reason } = policy;
  const { requestId, restoredFrom = null } = policy;
  const made = { revision, ageMs, who, node, reason, requestId };
  return { name, version, deleted, size, sha256, ...made, restoredFrom };
}
