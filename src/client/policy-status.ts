// Which member runs which version of a policy, as programs and the command line see it: an object a policy with one row a member, in plain
// words. Pure.

import type { NodePolicy__Output } from '../generated/quorate/v1/NodePolicy.js';
import type { PolicyFile } from '../generated/quorate/v1/PolicyFile.js';
import type { PolicyStanding } from '../generated/quorate/v1/PolicyStanding.js';
import type { PolicyStatus__Output } from '../generated/quorate/v1/PolicyStatus.js';

const STANDINGS = {
  POLICY_STANDING_UNSPECIFIED: 'unknown',
  POLICY_AGREES: 'agrees',
  POLICY_BEHIND: 'behind',
  POLICY_FILE_WRONG: 'file-wrong',
  POLICY_UNREACHABLE: 'unreachable',
  POLICY_NO_STATE: 'witness',
  POLICY_DIVERGED: 'diverged',
} as const satisfies Record<PolicyStanding & string, string>;

const FILES = {
  POLICY_FILE_NONE: null,
  POLICY_FILE_SAME: 'same',
  POLICY_FILE_PENDING: 'pending',
  POLICY_FILE_DIFFERS: 'differs',
  POLICY_FILE_FAILED: 'failed',
} as const satisfies Record<PolicyFile & string, string | null>;

/** How a member stands to a policy. */
export interface PolicyOnNode {
  readonly node: string;
  readonly standing: (typeof STANDINGS)[keyof typeof STANDINGS];
  /** Applied there; null: not known. */
  readonly version: number | null;
  /** Of the document that is applied there; null: none, or not known. */
  readonly sha256: string | null;
  /** How its file stands; null: the member writes none, or it is not known. */
  readonly file: (typeof FILES)[keyof typeof FILES];
  /** What is the matter with the file; null: nothing that is known. */
  readonly detail: string | null;
  /** How often it was found changed there and written again since the daemon started. */
  readonly rewritten: number;
}

/** What the cluster says, and what each member runs. */
export interface PolicyStatus {
  readonly name: string;
  readonly version: number;
  readonly deleted: boolean;
  /** Null of a deleted one. */
  readonly sha256: string | null;
  /** In the order of the members' names. */
  readonly nodes: readonly PolicyOnNode[];
}

/** The status of a message. */
export function policyStatusOf(status: PolicyStatus__Output): PolicyStatus {
  const { name, version, deleted, sha256, nodes } = status;
  const rows = nodes.map(({ node, standing, runs }) => rowOf(node, STANDINGS[standing], runs));
  return { name, version, deleted, sha256: sha256 === '' ? null : sha256, nodes: rows };
}

/** What a node says of itself. */
export function rowOf(
  node: string,
  standing: PolicyOnNode['standing'],
  runs: NodePolicy__Output | null,
): PolicyOnNode {
  if (runs === null) {
    const unknown = { version: null, sha256: null, file: null, detail: null, rewritten: 0 };
    return { node, standing, ...unknown };
  }
  const { version, sha256, file, detail, rewritten } = runs;
  return {
    node,
    standing,
    version,
    sha256: sha256 === '' ? null : sha256,
    file: FILES[file],
    detail: detail === '' ? null : detail,
    rewritten,
  };
}
