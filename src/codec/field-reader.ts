// Reads the fields of an envelope. The checks are those of every value that enters (state-machine/value-reader.ts);
// here, what fails them is damage.

import { ValueReader } from '../state-machine/value-reader.js';
import { CodecError } from './codec-error.js';

/** Reads fields in order; throws `CodecError` on one that is not what it should be. */
export class FieldReader extends ValueReader {
  /** `what` begins every message. */
  constructor(what: string, fields: readonly unknown[]) {
    super(what, fields, isDamage);
  }
}

function isDamage(message: string): CodecError {
  return new CodecError('damaged', message);
}
