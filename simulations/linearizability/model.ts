// What an object does when nobody else uses it: the sequential specification that a history is compared with. Inputs,
// outputs and states are plain data and never change once made; a state is never null. Everything here is pure.

import type { Operation } from './operation.js';

/**
 * A state may stand for several that cannot be told apart yet, such as one with a revision that nobody learned; an answer
 * that tells more then leads to a state that stands for fewer.
 */
export interface Model<State = unknown, Input = unknown, Output = unknown> {
  readonly name: string;
  initial(): State;
  /**
   * The state after `input` took effect in `state` and answered `output`; null: it cannot have answered that there.
   * `output` null: nobody learned it; then null also if it would change nothing.
   */
  step(state: State, input: Input, output: Output | null): State | null;
  /** Equal exactly for equal states. */
  key(state: State): string | number;
  /**
   * Names the part of the object that the operation concerns, which no other part's operations touch;
   * null: it concerns all of them, so that the history cannot be split.
   */
  part(input: Input): string | null;
  /** Answered so, the operation has changed nothing, in whatever state it took place. */
  isReadOnly(input: Input, output: Output): boolean;
  /** One line for people, such as `read → 4`; `output` null: unknown. */
  show(input: Input, output: Output | null): string;
  showState(state: State): string;
  /** What can be ruled out without trying; absent: nothing. It changes how long a check takes, never its verdict. */
  readonly lookahead?: Lookahead<State, Input, Output>;
}

/** Together: if `mayHold` says no, then no operations that do not `enable` the wanted one ever make it possible. */
export interface Lookahead<State, Input, Output> {
  /** Whether the wanted operation may answer so, now or after operations that do not enable it. */
  mayHold(state: State, input: Input, output: Output): boolean;
  /** Whether nothing at all can lead from this state to one where it answers so; absent: nobody knows. */
  isPast?(state: State, input: Input, output: Output): boolean;
  /** What can be known of states once all operations of the part are known; absent: nothing more. */
  inform?(operations: readonly Operation<Input, Output>[]): Foresight<State, Input, Output>;
  /** Whether a read tells the whole state: then it is worth asking whether the last read of a state that is left is lost. */
  readonly readsTellAll?: boolean;
  /**
   * Stands for any state in which no read-only operation that is still to come may answer as it did; absent: there is no
   * such state. Only read-only operations may depend on the state they find, and where others lead from this one must
   * be as true as where they lead from those that it stands for.
   */
  readonly lost?: State;
  /** Whether the other operation may make the wanted one possible, itself or by what it leads to. */
  enables(
    other: { readonly input: Input; readonly output: Output | null },
    wanted: { readonly input: Input; readonly output: Output },
  ): boolean;
}

/** What the operations that are still to come say about a state. */
export interface Foresight<State, Input, Output> {
  /**
   * Told that everything answered before `at` took effect: the state, or one that stands for all those which nothing to
   * come tells apart; null: nothing leads on from it to the end.
   */
  narrow(state: State, at: number): State | null;
  /** Whether the answered operation, which did not take effect yet, cannot take effect from here any more; absent: unknown. */
  isTooLate?(state: State, operation: Operation<Input, Output>): boolean;
}
