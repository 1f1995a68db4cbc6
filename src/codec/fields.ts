// Reads the fields of an envelope: the checks are those of every value that enters (state-machine/value-reader.ts),
// and what fails them is damage.

import { ValueReader } from '../state-machine/value-reader.js';
import { CodecError } from './codec-error.js';

export type FieldReader = ValueReader;

/** A reader of these fields that throws `CodecError`; `what` begins every message. */
export function readFields(what: string, fields: readonly unknown[]): FieldReader {
  return new ValueReader(what, fields, (message) => new CodecError('damaged', message));
}
