// What a planted bug is: the smallest change that puts a known bug of a real system into the shipped code, as an exact
// piece of text and what takes its place. The pieces name no types, so that they are found in the sources and in the
// built code alike. The shipped code has no switch for any of them.

/** One change to the text of a file. */
export interface Change {
  /** Path below the sources, without its extension. */
  readonly file: string;
  /** Found exactly once, white space aside. */
  readonly find: string;
  readonly replace: string;
}

/** One planted bug. */
export interface Mutant {
  readonly name: string;
  /** What the changes do, in a sentence. */
  readonly what: string;
  readonly changes: readonly Change[];
  /** Why nothing is expected to fail: another line of defence covers the bug. Absent: it must be found. */
  readonly coveredBy?: string;
  /** The bug that proves it, which must be found: the same without that other line of defence, or that line taken away alone. */
  readonly provenBy?: string;
  /**
   * Test files that must find it, since what it breaks is an adapter that no simulation contains, or shows in so rare a course
   * of events that a test plays it. Absent: the swarm must.
   */
  readonly tests?: readonly string[];
}
