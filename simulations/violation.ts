// The ways in which a run can fail, as errors: a property that did not hold, or a cluster that did not recover.
// Anything else that is thrown is a fault of the simulator itself.

/** A safety property did not hold; `property` is the name of its file in invariants/. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly property: string;

  constructor(property: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.property = property;
  }
}

/** Within its bound, a healed cluster did not do what it must. */
export class NotLive extends Error {
  override readonly name = 'NotLive';
}

/** Throws unless the property holds; `detail` says with which values it did not. */
export function hold(
  condition: boolean,
  property: string,
  detail: () => string,
): asserts condition {
  if (!condition) throw new Violation(property, detail());
}
