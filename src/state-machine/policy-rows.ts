// Policies in a snapshot: one row for each version, in the order of names and there of versions, so that no row is larger than one document. A
// row is written and read here only; what a request was answered or refused, as the exactly-once table keeps it, stands here too.

import { unreachable } from '../raft/assert.js';
import type { FrozenPolicies } from './policies.js';
import type { PolicyRefusal, PolicyResult, PolicyVersion } from './policy-types.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';
import type { ValueReader } from './value-reader.js';

export const POLICIES_FACT = 'policies';
export const FORGOTTEN_POLICIES_FACT = 'forgottenPolicies';

/** One row for each version; read lazily, a slice at a time. */
export function policyRows(policies: FrozenPolicies): FactRows {
  return { fact: POLICIES_FACT, version: 1, rows: rowsOf(policies) };
}

/** Above which version a forgotten name goes on; no row while none is forgotten. */
export function forgottenPolicyRows({ forgottenVersion }: FrozenPolicies): FactRows {
  const rows = forgottenVersion === 0 ? [] : [[forgottenVersion]];
  return { fact: FORGOTTEN_POLICIES_FACT, version: 1, rows };
}

/** Reads one row of `policyRows`. */
export function restorePolicyVersion(row: Row): {
  readonly name: string;
  readonly version: PolicyVersion;
} {
  const reader = readRow(POLICIES_FACT, row);
  return {
    name: reader.string('name'),
    version: {
      version: reader.integer('version'),
      document: reader.nullable((field) => field.bytes('document')),
      revision: reader.index('revision'),
      atMs: reader.integer('atMs'),
      who: reader.string('who'),
      node: reader.string('node'),
      reason: reader.string('reason'),
      requestId: reader.string('requestId'),
      restoredFrom: reader.nullable((field) => field.integer('restoredFrom')),
    },
  };
}

/** Reads one row of `forgottenPolicyRows`. */
export function restoreForgottenPolicies(row: Row): number {
  return readRow(FORGOTTEN_POLICIES_FACT, row).integer('forgottenVersion');
}

/** What a request was answered, as plain values. */
export function policyResultRow({ version, isNew }: PolicyResult): Row {
  return [version, isNew];
}

/** Reads what `policyResultRow` wrote. */
export function readPolicyResult(reader: ValueReader): PolicyResult {
  return { type: 'policy', version: reader.integer('version'), isNew: reader.boolean('isNew') };
}

/** The refusals that policies know. */
export const POLICY_REASONS = [
  'policyVersionMismatch',
  'policyNotFound',
  'policyVersionNotFound',
  'policyLimit',
] as const satisfies readonly PolicyRefusal['reason'][];

/** Whether a refusal is one of theirs. */
export function isPolicyRefusal<R extends { readonly reason: string }>(
  refusal: R | PolicyRefusal,
): refusal is PolicyRefusal {
  return POLICY_REASONS.some((reason) => reason === refusal.reason);
}

/** A refusal as plain values, without its reason. */
export function policyRefusalRow(refusal: PolicyRefusal): Row {
  switch (refusal.reason) {
    case 'policyVersionMismatch':
      return [refusal.name, refusal.expected, refusal.actual];
    case 'policyNotFound':
      return [refusal.name];
    case 'policyVersionNotFound':
      return [refusal.name, refusal.version, refusal.oldest, refusal.newest];
    case 'policyLimit':
      return [refusal.detail];
    default:
      return unreachable(refusal);
  }
}

/** Reads what `policyRefusalRow` wrote of a refusal of this reason. */
export function readPolicyRefusal(
  reason: PolicyRefusal['reason'],
  reader: ValueReader,
): PolicyRefusal {
  switch (reason) {
    case 'policyVersionMismatch':
      return {
        reason,
        name: reader.string('name'),
        expected: reader.integer('expected'),
        actual: reader.integer('actual'),
      };
    case 'policyNotFound':
      return { reason, name: reader.string('name') };
    case 'policyVersionNotFound':
      return {
        reason,
        name: reader.string('name'),
        version: reader.integer('version'),
        oldest: reader.integer('oldest'),
        newest: reader.integer('newest'),
      };
    case 'policyLimit':
      return { reason, detail: reader.string('detail') };
    default:
      return unreachable(reason);
  }
}

function* rowsOf({ byName }: FrozenPolicies): Generator<Row> {
  for (const { name, versions } of byName.values(null)) {
    for (const each of versions) yield versionRow(name, each);
  }
}

function versionRow(name: string, each: PolicyVersion): Row {
  return [
    name,
    each.version,
    each.document,
    each.revision,
    each.atMs,
    each.who,
    each.node,
    each.reason,
    each.requestId,
    each.restoredFrom,
  ];
}
