// The order of strings by their UTF-8 bytes, which is the order of their code points. JavaScript compares UTF-16 units
// and puts everything beyond U+FFFF before U+E000; a client in another language would see another order.

/** From here on the order of units and of code points differ. */
const HIGH = /[\ud800-\uffff]/;

/**
 * A string whose place among others of its kind, by `<`, is that of the given, well-formed one by its UTF-8 bytes. It is the given
 * one unless that has units from U+D800 on, as few have: engines compare whole strings many times as fast as we do unit by unit.
 */
export function sortKeyOf(text: string): string {
  return HIGH.test(text) ? ranked(text) : text;
}

/** Compares two well-formed strings as their UTF-8 bytes compare; negative, 0 or positive. */
export function compareUtf8(a: string, b: string): number {
  return compareUnits(sortKeyOf(a), sortKeyOf(b));
}

/** Compares two strings by their UTF-16 units, as plain ASCII and what `sortKeyOf` makes are ordered; negative, 0 or positive. */
export function compareUnits(a: string, b: string): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

function ranked(text: string): string {
  return Array.from({ length: text.length }, (_, at) =>
    String.fromCharCode(rank(text.charCodeAt(at))),
  ).join('');
}

/** Place of a UTF-16 unit in the order of code points: surrogates stand for those beyond U+FFFF. One to one. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
