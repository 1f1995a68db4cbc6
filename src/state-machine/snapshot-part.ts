// The shape in which facts go into a snapshot and come back: rows of plain values, a slice at a time.
// The codec turns a part into bytes; what a row means is known only to the module of its fact.

/** A slice of one fact's rows. `rows` are plain values that the codec can carry: numbers, strings, bytes, null, arrays. */
export interface SnapshotPart {
  readonly fact: string;
  /** Version of the rows' shape; fields are only ever appended. */
  readonly version: number;
  readonly rows: readonly (readonly SnapshotValue[])[];
}

export type SnapshotValue =
  number | string | boolean | null | Uint8Array | readonly SnapshotValue[];
