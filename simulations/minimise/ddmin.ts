// Delta debugging: the smallest part of a list for which something is still so, found by leaving out ever smaller pieces.
// What it answers is 1-minimal if it was not stopped: no single element can be left out any more.
// Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002.

/** `isSo(list)` must hold at the start; `isOver` stops with the best so far. */
export async function ddmin<Element>(
  list: readonly Element[],
  isSo: (part: readonly Element[]) => Promise<boolean>,
  isOver: () => boolean,
): Promise<readonly Element[]> {
  let best = list;
  let pieces = 2;
  if (best.length > 0 && !isOver() && (await isSo([]))) return [];
  while (best.length >= 2 && !isOver()) {
    const size = Math.ceil(best.length / pieces);
    let isSmaller = false;
    for (let from = 0; from < best.length && !isOver(); from += size) {
      const rest = [...best.slice(0, from), ...best.slice(from + size)];
      if (!(await isSo(rest))) continue;
      best = rest;
      pieces = Math.max(2, pieces - 1);
      isSmaller = true;
      break;
    }
    if (isSmaller) continue;
    if (size === 1) break;
    pieces = Math.min(best.length, pieces * 2);
  }
  return best;
}
