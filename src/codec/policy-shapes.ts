// What clients ask of policies as fields and back, but for the client session that covers it, which every request has alike.
// A document is copied: it outlives the record in which it came.

import type { PolicyCommand } from '../state-machine/policy-types.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import { unreachable } from '../raft/assert.js';
import type { FieldValue } from './envelope.js';
import { VALUES } from './slab.js';

type Uncovered<K extends PolicyCommand['kind']> = Omit<
  Extract<PolicyCommand, { kind: K }>,
  'client'
>;

/** The request's fields, the client session's not among them. */
export function policyFields(command: PolicyCommand): FieldValue[] {
  const { requestId, name, ifVersion, who, node, reason } = command;
  const asked = [requestId, name, ifVersion, who, node, reason];
  switch (command.kind) {
    case 'putPolicy':
      return [...asked, command.document];
    case 'rollBackPolicy':
      return [...asked, command.version];
    case 'deletePolicy':
      return asked;
    default:
      return unreachable(command);
  }
}

/** Reads what `policyFields` wrote of a document that is put. */
export function readPutPolicy(reader: ValueReader): Uncovered<'putPolicy'> {
  const asked = readAsked(reader);
  return { kind: 'putPolicy', ...asked, document: VALUES.copyOf(reader.bytes('document')) };
}

/** Reads what `policyFields` wrote of a roll-back. */
export function readRollBackPolicy(reader: ValueReader): Uncovered<'rollBackPolicy'> {
  return { kind: 'rollBackPolicy', ...readAsked(reader), version: reader.integer('version') };
}

/** Reads what `policyFields` wrote of a deletion. */
export function readDeletePolicy(reader: ValueReader): Uncovered<'deletePolicy'> {
  return { kind: 'deletePolicy', ...readAsked(reader) };
}

function readAsked(reader: ValueReader): Omit<Uncovered<'deletePolicy'>, 'kind'> {
  return {
    requestId: reader.string('requestId'),
    name: reader.string('name'),
    ifVersion: reader.nullable((field) => field.integer('ifVersion')),
    who: reader.string('who'),
    node: reader.string('node'),
    reason: reader.string('reason'),
  };
}
