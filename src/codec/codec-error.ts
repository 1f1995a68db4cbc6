// The one way in which decoding fails. Whoever holds the bytes decides what it means: storage refuses the start,
// the transport drops the message, and a command that nobody knows stops the node.

/**
 * `damaged`: a checksum, a length or a field is not what an encoder writes.
 * `unknownVersion`, `unknownKind`: sound bytes of a version, or of a kind of thing, that this code does not read.
 */
export type CodecErrorCode = 'damaged' | 'unknownVersion' | 'unknownKind';

/** Bytes that cannot be decoded; the message names what was read, what was expected and what was found. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  readonly code: CodecErrorCode;

  constructor(code: CodecErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
