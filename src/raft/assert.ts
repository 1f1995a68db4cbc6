// Checks that stay on in production: a broken invariant is a bug and stops the node rather than let it lie.
// It holds the two ways to say so; which facts are checked stands beside the code that could break them.

/** A fact that must hold did not. Never caught except to log and exit. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** States one fact; throws `InvariantViolation` with the message if it does not hold. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** Ends a `switch` over a closed union; the compiler proves that it cannot be reached. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`not a known variant: ${JSON.stringify(value)}`);
}
