// Reads what faulty-disk.c wrote down: every change of a file or of a name below the root, and every sync, in the order in
// which they happened. A last record that the kill cut short is left out: what it says was not answered yet.
import { existsSync, readFileSync } from 'node:fs';

/** As `struct record` in faulty-disk.c. */
const HEAD_BYTES = 24;

export type DiskRecord =
  | {
      readonly type: 'open';
      readonly handle: number;
      readonly path: string;
      readonly creates: boolean;
      readonly truncates: boolean;
    }
  | {
      readonly type: 'write';
      readonly handle: number;
      readonly offset: number;
      readonly data: Uint8Array;
    }
  | { readonly type: 'truncate'; readonly handle: number; readonly length: number }
  | { readonly type: 'sync'; readonly handle: number }
  | { readonly type: 'syncDirectory'; readonly path: string }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'unlink'; readonly path: string }
  /** What the process told on its standard output. */
  | { readonly type: 'answer'; readonly text: string };

/** All whole records of a journal; none if there is no such file. */
export function readDiskJournal(path: string): DiskRecord[] {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const records: DiskRecord[] = [];
  for (let at = 0; at + HEAD_BYTES <= bytes.length;) {
    const end = at + HEAD_BYTES + bytes.readUInt32LE(at + 4);
    if (end > bytes.length) break;
    records.push(
      recordOf(bytes.subarray(at, at + HEAD_BYTES), bytes.subarray(at + HEAD_BYTES, end)),
    );
    at = end;
  }
  return records;
}

function recordOf(head: Buffer, payload: Buffer): DiskRecord {
  const handle = Number(head.readBigUInt64LE(8));
  const offset = Number(head.readBigUInt64LE(16));
  const type = String.fromCharCode(head[0] ?? 0);
  switch (type) {
    case 'O': {
      const path = payload.toString();
      const creates = (offset & 1) !== 0;
      return { type: 'open', handle, path, creates, truncates: (offset & 2) !== 0 };
    }
    case 'W':
      return { type: 'write', handle, offset, data: payload };
    case 'T':
      return { type: 'truncate', handle, length: offset };
    case 'S':
      return { type: 'sync', handle };
    case 'D':
      return { type: 'syncDirectory', path: payload.toString() };
    case 'R': {
      const [from = '', to = ''] = payload.toString().split('\n');
      return { type: 'rename', from, to };
    }
    case 'U':
      return { type: 'unlink', path: payload.toString() };
    case 'A':
      return { type: 'answer', text: payload.toString() };
    default:
      throw new Error(`the journal of the disk has a record of the unknown type ${type}`);
  }
}
