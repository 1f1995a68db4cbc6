// Where a command of the simulator writes, and what tells it to stop. The command line fills it in, and so do tests.

export interface Surroundings {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Says why nothing came of it, in one line or, if JSON was asked for, one object. */
  readonly fail: (failure: { error: string; code: string; hint: string }) => void;
  /** Standard error is a terminal. */
  readonly isTerminal: boolean;
  /** Calls back when the user interrupts; answers how to stop listening. */
  readonly onInterrupt: (stop: () => void) => () => void;
}
