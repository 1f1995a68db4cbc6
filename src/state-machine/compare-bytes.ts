// The order of bytes: as numbers from the first on, and where one ends, the longer one is greater.
// Equal contents compare as 0, whatever arrays hold them.

/** Negative, 0 or positive as `a` is below, equal to or above `b`. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
