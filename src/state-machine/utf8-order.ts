// The order of strings by their UTF-8 bytes, which is the order of their code points. JavaScript compares UTF-16 units
// and puts everything beyond U+FFFF before U+E000; a client in another language would see another order.

/**
 * Compares two well-formed strings as their UTF-8 bytes compare; negative, 0 or positive.
 * Surrogates are lifted above all other units before the first difference is judged; nothing is encoded.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Place of a UTF-16 unit in the order of code points: surrogates stand for those beyond U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
