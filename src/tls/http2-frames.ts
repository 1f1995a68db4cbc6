// The few frames of HTTP/2 that are spoken before a connection belongs to grpc-js: who probes asks for the other end's
// settings, who refuses a caller says why in a GOAWAY. Pure: bytes in, bytes out. Source: RFC 9113 §3.4, §4.1, §6.5, §6.8.

const HEADER_BYTES = 9;
const TYPE_SETTINGS = 4;
const TYPE_GOAWAY = 7;
const FLAG_ACK = 1;
/** Error code of a GOAWAY: the transport does not satisfy the server's demands. Source: RFC 9113 §7. */
const INADEQUATE_SECURITY = 0xc;
/** Frames of a server that only greets are small; whoever sends more is no such server. */
const FRAME_BYTES_MAX = 16_384;

/** A client's first words: the preface and empty settings. */
export const CLIENT_GREETING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
  frame(TYPE_SETTINGS, Buffer.alloc(0)),
]);

/** A server's first and last words: empty settings, then GOAWAY with a text. */
export function farewell(text: string): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(INADEQUATE_SECURITY, 4);
  const goaway = frame(TYPE_GOAWAY, Buffer.concat([payload, Buffer.from(text)]));
  return Buffer.concat([frame(TYPE_SETTINGS, Buffer.alloc(0)), goaway]);
}

/** What a server's words amount to so far. */
export type Greeting =
  | { readonly type: 'incomplete' }
  /** It has read the client's settings: it is alive and speaks HTTP/2. */
  | { readonly type: 'greeted' }
  | { readonly type: 'goaway'; readonly text: string }
  | { readonly type: 'foreign' };

/** Reads what a server has said since the connection began. */
export function readGreeting(bytes: Buffer): Greeting {
  let at = 0;
  while (bytes.length - at >= HEADER_BYTES) {
    const length = bytes.readUIntBE(at, 3);
    const [type, flags] = [bytes[at + 3], bytes[at + 4] ?? 0];
    // A server begins with its settings, or with its farewell.
    const isFirst = at === 0;
    if (length > FRAME_BYTES_MAX || (isFirst && type !== TYPE_SETTINGS && type !== TYPE_GOAWAY)) {
      return { type: 'foreign' };
    }
    if (type === TYPE_SETTINGS && (flags & FLAG_ACK) !== 0) return { type: 'greeted' };
    const end = at + HEADER_BYTES + length;
    if (bytes.length < end) return { type: 'incomplete' };
    if (type === TYPE_GOAWAY) {
      const text = bytes.subarray(Math.min(at + HEADER_BYTES + 8, end), end).toString();
      return { type: 'goaway', text };
    }
    at = end;
  }
  return { type: 'incomplete' };
}

function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  return Buffer.concat([header, payload]);
}
