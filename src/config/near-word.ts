// Which known word somebody may have meant. Plain edit distance over short words; nothing is guessed where nothing is near.
// Pure.

/** Words longer than this are not compared: nobody mistypes them, and the comparison is quadratic. */
const LENGTH_MAX = 64;

/**
 * The known word nearest to `word`: at most a third of its letters differ, two swapped count once; else one of which
 * one begins with the other. Null: none is near.
 */
export function nearWord(word: string, known: readonly string[]): string | null {
  if (word.length > LENGTH_MAX) return null;
  let best: string | null = null;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = distanceOf(word.toLowerCase(), candidate.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  if (best !== null) return best;
  const begins = (one: string, other: string): boolean =>
    other.length > 2 && one.toLowerCase().startsWith(other.toLowerCase());
  return known.find((candidate) => begins(candidate, word) || begins(word, candidate)) ?? null;
}

/** Letters to insert, delete, replace or swap with their neighbour. Source: Damerau and Levenshtein, restricted form. */
function distanceOf(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const cost = one[i - 1] === other[j - 1] ? 0 : 1;
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      const isSwapped =
        i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[other.length] ?? 0;
}
