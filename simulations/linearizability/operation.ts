// One thing that a client asked of the object under test, from its call to the answer, as the client saw it. A history is
// a list of these, in any order: only the times count. An operation that surely never happened (refused, failed) does
// not belong in it.

/** Times are of any unit and origin, as long as all of a history are of one true clock. */
export interface Operation<Input = unknown, Output = unknown> {
  /** Who asked; only shown. */
  readonly client: string;
  /** Plain data, as the model wants it. */
  readonly input: Input;
  /** When it was called. Calls and answers at the same time count as concurrent. */
  readonly call: number;
  /** Null: nobody learned it, so that it may take effect at any time after the call, or never. */
  readonly answer: Answer<Output> | null;
}

export interface Answer<Output = unknown> {
  /** Plain data, as the model wants it. */
  readonly output: Output;
  /** Not before the call. */
  readonly at: number;
}
