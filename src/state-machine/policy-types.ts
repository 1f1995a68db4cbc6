// What a policy is (a document of the cluster with its versions), what clients ask of it, what they are answered, and the bounds, as
// plain data. How policies change stands in policies.ts.

import type { LogIndex } from '../raft/types.js';
import type { ClientRequest } from './command.js';
import { isValidName } from './text.js';

/** One version of a document: never changed once it is there. */
export interface PolicyVersion {
  /** Counts the versions of the name from 1; no version of a name comes twice. */
  readonly version: number;
  /** Null: by this version the policy is deleted. */
  readonly document: Uint8Array | null;
  /** Index of the entry that brought it. */
  readonly revision: LogIndex;
  /** Cluster time at that entry: only distances mean something. */
  readonly atMs: number;
  /** Who asked, and the member that was asked, both as events have them. */
  readonly who: string;
  readonly node: string;
  /** For people; empty: none was given. */
  readonly reason: string;
  readonly requestId: string;
  /** It was made by rolling back to this version; null: it was not. */
  readonly restoredFrom: number | null;
}

/** A name with its remembered versions. */
export interface Policy {
  readonly name: string;
  /** Oldest first. Invariant: at least one; versions and revisions only grow; the last is the one in force. */
  readonly versions: readonly PolicyVersion[];
}

/** The version in force of a policy that is not deleted. */
export interface PolicyNow extends PolicyVersion {
  readonly name: string;
  readonly document: Uint8Array;
}

interface Asked {
  readonly requestId: string;
  readonly client: ClientRequest | null;
  readonly name: string;
  /** Refused unless this version is in force; 0: unless there is no such policy. Null: whatever is. */
  readonly ifVersion: number | null;
  readonly who: string;
  readonly node: string;
  readonly reason: string;
}

/** What clients do to policies. */
export type PolicyCommand =
  /** What is in force already makes no new version. */
  | (Asked & { readonly kind: 'putPolicy'; readonly document: Uint8Array })
  /** Puts the document of an earlier version once more. */
  | (Asked & { readonly kind: 'rollBackPolicy'; readonly version: number })
  /** Its history stays, and it can be rolled back. */
  | (Asked & { readonly kind: 'deletePolicy' });

/** What a request on a policy is answered. */
export interface PolicyResult {
  readonly type: 'policy';
  /** The newest after the request, which may be the deletion; 0: there was nothing to delete. */
  readonly version: number;
  /** The request made it. */
  readonly isNew: boolean;
}

export type PolicyRefusal =
  /** `actual` is the version in force; 0: there is no such policy. */
  | {
      readonly reason: 'policyVersionMismatch';
      readonly name: string;
      readonly expected: number;
      readonly actual: number;
    }
  | { readonly reason: 'policyNotFound'; readonly name: string }
  /** Not remembered, or its deletion. The remembered ones are `oldest` to `newest`. */
  | {
      readonly reason: 'policyVersionNotFound';
      readonly name: string;
      readonly version: number;
      readonly oldest: number;
      readonly newest: number;
    }
  | { readonly reason: 'policyLimit'; readonly detail: string };

/** Bounds of policies; the service checks requests, the state machine what they would make of it. */
export const POLICY_LIMITS = {
  documentBytesMax: 256 * 1024,
  /** Policies that are not deleted. */
  policiesMax: 1000,
  /** Their documents together. */
  documentsBytesMax: 64 * 1024 * 1024,
  /** Remembered of one policy, the one in force among them; the oldest is forgotten first. */
  versionsMax: 100,
  /** Documents of all versions that are not in force, together; the oldest is forgotten first, whosever it is. */
  historyBytesMax: 64 * 1024 * 1024,
  /** Deleted policies that are remembered; the one that was deleted first is forgotten first. */
  deletedMax: 100,
  whoBytesMax: 512,
  reasonBytesMax: 512,
} as const;

export type PolicyLimits = { readonly [name in keyof typeof POLICY_LIMITS]: number };

/** The version in force; null: the policy is deleted. */
export function policyNow({ name, versions }: Policy): PolicyNow | null {
  const last = versions.at(-1);
  if (last === undefined || last.document === null) return null;
  return { name, ...last, document: last.document };
}

/** Whether a policy can have this name: every name can also be that of a file, and not of a hidden one. */
export function isPolicyName(name: string): boolean {
  return isValidName(name) && !name.startsWith('.');
}
