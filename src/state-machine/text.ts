// What names and text may be, for the service that checks requests and for the state that checks what it keeps.
// Leaves without the platform's encoder, which pure code may not know.

const NAME = /^[A-Za-z0-9._-]{1,63}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether this can name a node or a cluster: 1 to 63 letters, digits, dots, underscores or hyphens of ASCII. */
export function isValidName(name: string): boolean {
  return NAME.test(name);
}

/** Whether every surrogate is paired, that is, whether the string has a UTF-8 encoding. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** Length of a well-formed string in bytes of UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Each of the two units of a pair stands for two of its four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
