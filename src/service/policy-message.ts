// A policy for a message: who made which version and why, with its document or without. The digest of a document is found once for each
// version, when somebody asks for it.

import { createHash } from 'node:crypto';
import type { NodePolicy } from '../generated/quorate/v1/NodePolicy.js';
import type { Policy as PolicyMessage } from '../generated/quorate/v1/Policy.js';
import type { PolicyFile as FileName } from '../generated/quorate/v1/PolicyFile.js';
import type { NodeApi } from '../node/api.js';
import type { Policy, PolicyVersion } from '../state-machine/policy-types.js';
import type { PolicyFileView, PolicyFilesPort } from './modules.js';

type Clock = Pick<NodeApi, 'clusterTimeMs'>;

const FILES: Readonly<Record<PolicyFileView['state'], FileName & string>> = {
  same: 'POLICY_FILE_SAME',
  pending: 'POLICY_FILE_PENDING',
  differs: 'POLICY_FILE_DIFFERS',
  failed: 'POLICY_FILE_FAILED',
};

const digests = new WeakMap<Uint8Array, string>();

/** The version with its document. */
export function wholePolicyMessage(
  node: Clock,
  name: string,
  version: PolicyVersion,
): PolicyMessage {
  const { document } = version;
  const message = policyMessage(node, name, version);
  return document === null ? message : { ...message, document: viewOf(document) };
}

/** The version without its document. */
export function policyMessage(node: Clock, name: string, each: PolicyVersion): PolicyMessage {
  const { version, document, revision, who, reason, requestId, restoredFrom } = each;
  return {
    name,
    version,
    deleted: document === null,
    size: document?.length ?? 0,
    sha256: digestOf(document),
    revision,
    ageMs: Math.max(0, node.clusterTimeMs() - each.atMs),
    who,
    node: each.node,
    reason,
    requestId,
    ...(restoredFrom === null ? {} : { restoredFrom }),
  };
}

/** What this node has applied of a policy, and how its file stands; `policy` null: it knows none of this name. */
export function nodePolicyMessage(
  name: string,
  policy: Policy | null,
  files: PolicyFilesPort | null,
): NodePolicy {
  const last = policy?.versions.at(-1) ?? null;
  const file = files === null || last === null ? null : files.look(name);
  return {
    name,
    version: last?.version ?? 0,
    deleted: last !== null && last.document === null,
    sha256: digestOf(last?.document ?? null),
    file: file === null ? 'POLICY_FILE_NONE' : FILES[file.state],
    detail: file?.detail ?? '',
    rewritten: file?.rewritten ?? 0,
  };
}

/** SHA-256 in hexadecimal digits; empty for a deletion. */
function digestOf(document: Uint8Array | null): string {
  if (document === null) return '';
  const known = digests.get(document);
  if (known !== undefined) return known;
  const digest = createHash('sha256').update(document).digest('hex');
  digests.set(document, digest);
  return digest;
}

/** The same memory: what a message carries is put on the wire before anything changes. */
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
